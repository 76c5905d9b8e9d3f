"""What the schema says about a statement."""

import pytest

from tuxdb.audit.sql.schema import ScratchSchema


@pytest.mark.parametrize(
    ("text", "kind", "name", "suggestion"),
    [
        ("SELECT 1 FROM guild", "relation", "guild", "guilds"),
        ("SELECT nickname FROM members", "column", "nickname", "nick"),
        ("SELECT m.guildid FROM members m", "column", "m.guildid", "guild_id"),
        ("UPDATE guilds SET prefx = $1", "column", "prefx", "prefix"),
        ("INSERT INTO notes (bdy) VALUES ($1)", "column", "bdy", "body"),
        ("SELECT lowr(name) FROM guilds", "function", "lowr", "lower"),
        ("SELECT * * FROM guilds", "syntax", None, None),
        ("SELECT 1; SELECT 2", "several", None, None),
    ],
)
async def test_what_is_unknown_is_named_with_what_was_meant(
    bot: ScratchSchema, text: str, kind: str, name: str | None, suggestion: str | None
) -> None:
    (problem,) = (await bot.check(text)).problems

    assert (problem.kind, problem.name, problem.suggestion) == (kind, name, suggestion)


async def test_the_place_of_a_problem_is_an_offset_in_the_text(
    bot: ScratchSchema,
) -> None:
    text = "  SELECT 'é', nickname FROM members"
    (problem,) = (await bot.check(text)).problems

    assert problem.position == text.index("nickname")


async def test_the_number_of_arguments_has_to_fit(bot: ScratchSchema) -> None:
    text = "SELECT 1 FROM guilds WHERE id = $1 AND name = $2"

    assert (await bot.check(text, 2)).accepted
    assert (await bot.check(text, 1)).problems[0].kind == "parameters"


async def test_parameters_and_columns_have_the_servers_types(
    bot: ScratchSchema,
) -> None:
    checked = await bot.check("SELECT tags, made FROM notes, members WHERE price < $1")

    assert checked.parameters == ("numeric",)
    assert [one.type for one in checked.columns] == [
        "text[]",
        "timestamp with time zone",
    ]


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("SELECT id FROM guilds WHERE id NOT IN (SELECT guild_id FROM notes)", True),
        (
            "SELECT id FROM guilds WHERE id <> ALL (SELECT n.guild_id FROM notes n)",
            True,
        ),
        ("SELECT id FROM guilds WHERE id NOT IN (SELECT guild_id FROM members)", False),
        ("SELECT id FROM guilds WHERE id IN (SELECT guild_id FROM notes)", False),
        (
            (
                "SELECT id FROM guilds WHERE id NOT IN "
                "(SELECT guild_id FROM notes WHERE guild_id IS NOT NULL)"
            ),
            False,
        ),
    ],
)
async def test_not_in_over_what_may_be_null_is_doubted(
    bot: ScratchSchema, text: str, column: bool
) -> None:
    checked = await bot.check(text)

    assert checked.accepted
    assert [one.name for one in checked.doubts] == ["guild_id"] * column

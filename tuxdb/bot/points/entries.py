"""Entries of the ledger as a person reads them: a line each, in pages."""

from tuxdb.bot.answers import say
from tuxdb.bot.catalogue import number
from tuxdb.bot.embeds import CHOICE, Markup, clean, cut, embed, escape, mention, moment
from tuxdb.bot.interaction import Interaction
from tuxdb.bot.permissions import require_manager
from tuxdb.bot.points.accounts import guild_of
from tuxdb.bot.views.pages import ROWS, PageView, pages
from tuxdb.controllers.points_reports import Entry
from tuxdb.repositories import PageAt

TAG = "ph"
ALL = "-"
SHOWN_REASON = 80


async def history_at(
    interaction: Interaction, number: int, user: str, kind: str
) -> PageAt:
    """Where a page of it begins."""
    return await interaction.client.db.points.history_at(
        guild_of(interaction),
        int(user, 36),
        number,
        kind=None if kind == ALL else kind,
        limit=ROWS,
    )


@pages(TAG, at=history_at)
async def history(
    interaction: Interaction, cursor: str | None, user: str, kind: str
) -> PageView:
    """A page of what has happened to a member's points; others' is for managers."""
    discord_id = int(user, 36)
    if discord_id != interaction.user.id:
        await require_manager(interaction)
    found = await interaction.client.db.points.history(
        guild_of(interaction),
        discord_id,
        kind=None if kind == ALL else kind,
        after=cursor,
        limit=ROWS,
    )
    lines = [_line(interaction, entry, discord_id) for entry in found.items]
    text = "\n".join(lines) or say(interaction, "points.history.none")
    whose = say(interaction, "points.history.of", who=mention(discord_id))
    title = say(interaction, "points.history.title")
    return PageView(embed(title, f"{whose}\n\n{text}"), found.next)


def _line(interaction: Interaction, entry: Entry, user: int) -> str:
    """An entry from the side of one user: when, how much, with whom, why."""
    came = entry.to_user == user
    balance = entry.to_balance if came else entry.from_balance
    other = entry.from_user if came else entry.to_user
    row_id = entry.from_row_id if came else entry.to_row_id
    line = say(
        interaction,
        f"points.history.{'in' if came else 'out'}",
        when=moment(entry.created_at),
        amount=entry.amount,
        other=person(interaction, other, row_id),
        kind=kind_of(interaction, entry.kind),
        balance=balance or 0,
        entry=Markup(str(entry.id)),
    )
    reason = f" · {escape(cut(entry.reason, SHOWN_REASON))}" if entry.reason else ""
    return f"{line}{reason}"


def person(
    interaction: Interaction, discord_id: int | None, row_id: int | None
) -> Markup:
    """One side of an entry: a member, one who is gone, or the server itself."""
    if discord_id is not None:
        return mention(discord_id)
    return Markup(
        say(interaction, "common.outside" if row_id is None else "points.gone")
    )


def kind_of(interaction: Interaction, kind: str) -> Markup:
    """What kind of entry it is, in the person's language."""
    key = f"points.kind.{kind}"
    known = interaction.client.catalogue.knows(key)
    return Markup(say(interaction, key) if known else escape(kind))


def choice_of(interaction: Interaction, entry: Entry) -> str:
    """An entry in a list of choices, where nothing is rendered."""
    language = interaction.client.catalogue.language(interaction.locale)
    sides = " → ".join(
        _side(interaction, name, row_id)
        for name, row_id in (
            (entry.from_name, entry.from_row_id),
            (entry.to_name, entry.to_row_id),
        )
    )
    amount = number(entry.amount, language)
    kind = kind_of(interaction, entry.kind)
    return cut(f"{entry.id} · {kind} {amount} · {sides}", CHOICE)


def _side(interaction: Interaction, name: str | None, row_id: int | None) -> str:
    if row_id is None:
        return say(interaction, "common.outside")
    return cut(clean(name), 30) if name else say(interaction, "points.gone")

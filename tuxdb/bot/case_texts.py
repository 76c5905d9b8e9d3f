"""Cases as moderators see them: on one line, as a choice, and whole."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import discord

from tuxdb.bot.answers import say
from tuxdb.bot.embeds import (
    CHOICE,
    FIELD_VALUE,
    GOOD,
    QUESTION,
    QUIET,
    Markup,
    clean,
    cut,
    embed,
    mention,
    moment,
    plain,
)
from tuxdb.bot.interaction import Interaction
from tuxdb.bot.sanctions import Kind

if TYPE_CHECKING:
    from tuxdb.models import Case

LONGEST_LINE = 80
LONGEST_REASON = 2000
COLOURS = {"open": QUESTION, "closed": QUIET, "pending": QUESTION, "expired": GOOD}


def number_of(case: "Case") -> Markup:
    """The number as a name, without the separators of an amount."""
    return Markup(str(case.case_number))


def type_of(interaction: Interaction, case: "Case") -> str:
    """The type in the person's language; as it is, if another bot gave it."""
    if case.case_type in set(Kind):
        return say(interaction, f"cases.type.{case.case_type}")
    return plain(case.case_type)


def state_of(case: "Case") -> str:
    """`pending`, `open`, `expired` (to be closed in a moment) or `closed`."""
    if case.is_pending:
        return "pending"
    if not case.is_active:
        return "closed"
    over = case.expires_at is not None and case.expires_at <= datetime.now(UTC)
    return "expired" if over else "open"


def headline(interaction: Interaction, case: "Case") -> str:
    """`12 · Ban · bob · spam`, for a choice, which Discord shows without markup."""
    kind = clean(case.case_type)
    if case.case_type in set(Kind):
        kind = say(interaction, f"cases.type.{case.case_type}")
    parts = [str(case.case_number), kind, clean(case.user.username)]
    if case.reason:
        parts.append(clean(case.reason))
    return cut(" · ".join(parts), CHOICE)


def in_line(interaction: Interaction, case: "Case") -> str:
    """A case in a list."""
    reason = plain(case.reason, LONGEST_LINE) if case.reason else ""
    return say(
        interaction,
        f"cases.line.{state_of(case)}",
        number=number_of(case),
        type=type_of(interaction, case),
        who=mention(case.user.discord_id),
        when=case.created_at,
        reason=Markup(f" · {reason}" if reason else ""),
    )


def of_case(interaction: Interaction, case: "Case") -> discord.Embed:
    """All of a case."""
    state = state_of(case)
    name = plain(case.user.username)
    fields = [
        (_label(interaction, "member"), f"{mention(case.user.discord_id)} ({name})"),
        (_label(interaction, "state"), say(interaction, f"cases.state.{state}")),
        (_label(interaction, "opened"), moment(case.created_at)),
    ]
    if case.moderator_id is not None:
        fields.append((_label(interaction, "moderator"), mention(case.moderator_id)))
    if case.expires_at is not None:
        fields.append((_label(interaction, "until"), moment(case.expires_at, "f")))
    lines = [plain(line, LONGEST_REASON) for line in (case.reason or "").splitlines()]
    title = say(
        interaction,
        "cases.case",
        type=type_of(interaction, case),
        number=number_of(case),
    )
    return embed(title, "\n".join(lines), colour=COLOURS[state], fields=fields)


def _label(interaction: Interaction, name: str) -> str:
    return cut(say(interaction, f"cases.label.{name}"), FIELD_VALUE)

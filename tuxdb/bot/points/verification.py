"""What the audit of the ledger says, as a person reads it."""

from tuxdb.bot.answers import say
from tuxdb.bot.embeds import Markup, mention, plain
from tuxdb.bot.interaction import Interaction
from tuxdb.controllers.points_reports import Mismatch, VerifyReport

SHOWN = 10


def report(interaction: Interaction, found: VerifyReport) -> str:
    """What was looked at and what is wrong; the first of it, if it is much."""
    looked_at = say(
        interaction,
        "points_admin.verify.looked_at",
        accounts=found.accounts,
        entries=found.entries,
    )
    if not found.mismatches:
        return f"{looked_at}\n{say(interaction, 'points_admin.verify.right')}"
    lines = [_line(interaction, mismatch) for mismatch in found.mismatches[:SHOWN]]
    more = len(found.mismatches) - len(lines)
    if more:
        lines.append(say(interaction, "points_admin.verify.more", count=more))
    return "\n".join([looked_at, *lines])


def _line(interaction: Interaction, mismatch: Mismatch) -> str:
    whom = mention(mismatch.discord_id) if mismatch.discord_id else Markup("-")
    return say(
        interaction,
        "points_admin.verify.line",
        code=Markup(plain(mismatch.code)),
        whom=whom,
        entry=Markup(str(mismatch.entry_id or "-")),
        recorded=_number(mismatch.recorded),
        computed=_number(mismatch.computed),
    )


def _number(value: int | None) -> Markup | int:
    return Markup("-") if value is None else value

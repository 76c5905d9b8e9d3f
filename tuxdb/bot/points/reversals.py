"""Reversing an entry of this server: what it would undo, and the undoing."""

from tuxdb.bot.answers import answer, say
from tuxdb.bot.declined import WouldGoNegative
from tuxdb.bot.embeds import GOOD, QUESTION, Markup, embed, escape, moment
from tuxdb.bot.interaction import Interaction
from tuxdb.bot.permissions import require_manager
from tuxdb.bot.points.accounts import actor_of, guild_of
from tuxdb.bot.points.entries import kind_of, person
from tuxdb.bot.points.settling import settle
from tuxdb.bot.points.transfers import entry_number, reason_field, reason_in
from tuxdb.bot.views.confirm import ask, confirmation, key_of, prompt_of
from tuxdb.bot.views.dialogs import base36
from tuxdb.controllers.movements import Movement
from tuxdb.errors import InsufficientPoints, NotFound
from tuxdb.models import MAX_SNOWFLAKE, PointsTransaction

TAG = "pr"
FORCED, REASONED, NEITHER = "f", "r", "-"


async def begin(
    interaction: Interaction, entry_id: int, reason: str | None, *, force: bool
) -> None:
    """Show what reversing an entry would undo, and ask."""
    entry = await _require(interaction, entry_id)
    users = interaction.client.db.user
    sides = []
    for row_id in (entry.from_user, entry.to_user):
        user = await users.get_user(row_id) if row_id is not None else None
        sides.append(person(interaction, user.discord_id if user else None, row_id))
    text = say(
        interaction,
        "points_admin.reverse.ask",
        kind=kind_of(interaction, entry.kind),
        amount=entry.amount,
        sender=sides[0],
        receiver=sides[1],
        when=moment(entry.created_at),
        entry=Markup(str(entry.id)),
    )
    fields = []
    if entry.reason:
        was = say(interaction, "points_admin.reverse.was_for")
        fields.append((was, escape(entry.reason)))
    if reason:
        fields.append(reason_field(interaction, reason))
    title = say(interaction, "points_admin.reverse.title")
    flags = (FORCED if force else "") + (REASONED if reason else "")
    prompt = embed(title, text, colour=QUESTION, fields=fields)
    await ask(interaction, TAG, prompt, base36(entry_id), flags or NEITHER)


@confirmation(TAG)
async def confirmed(interaction: Interaction, entry: str, flags: str) -> None:
    """Reverse it, if the person still may."""
    await require_manager(interaction)
    entry_id, points = int(entry, 36), interaction.client.db.points
    await _require(interaction, entry_id)
    reason = reason_in(prompt_of(interaction)) if REASONED in flags else None

    async def move() -> Movement:
        try:
            return await points.reverse(
                entry_id,
                guild_id=guild_of(interaction),
                actor=actor_of(interaction),
                reason=reason,
                key=key_of(interaction),
                partial=FORCED in flags,
            )
        except InsufficientPoints as error:
            raise WouldGoNegative(error.who, error.balance, error.wanted) from error

    async def show(movement: Movement) -> None:
        text = say(
            interaction,
            "points_admin.reverse.done",
            amount=movement.amount,
            entry=Markup(str(entry_id)),
        )
        title = say(interaction, "points_admin.done.title")
        number = entry_number(movement)
        footer = say(interaction, "points.entry", entry=number)
        await answer(interaction, embed=embed(title, text, colour=GOOD, footer=footer))

    await settle(interaction, move, show)


async def _require(interaction: Interaction, entry_id: int) -> PointsTransaction:
    """An entry of this server; another server's is as if it were not there."""
    if not 1 <= entry_id <= MAX_SNOWFLAKE:
        raise NotFound("entry", entry_id)
    entry = await interaction.client.db.points.get_by_id(entry_id)
    if entry is None or entry.guild_id != guild_of(interaction):
        raise await _not_found(interaction, entry_id)
    return entry


async def _not_found(interaction: Interaction, entry_id: int) -> NotFound:
    """NotFound with the entries of this server that look like it."""
    error = NotFound("entry", entry_id)
    points, prefix = interaction.client.db.points, str(entry_id)[:-1]
    near = await points.recent(guild_of(interaction), prefix, limit=3)
    error.details["near"] = [str(entry.id) for entry in near]
    return error

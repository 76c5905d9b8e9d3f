"""Sending points: the question before a large transfer, the transfer, the receipt."""

import logging
from dataclasses import dataclass

import discord

from tuxdb.bot.answers import answer, say, say_publicly
from tuxdb.bot.embeds import GOOD, QUESTION, Markup, embed, escape, mention, original
from tuxdb.bot.interaction import LINE_ERRORS, Interaction
from tuxdb.bot.points.accounts import actor_of, guild_of
from tuxdb.bot.points.settling import settle
from tuxdb.bot.views.confirm import ask, confirmation, key_of, prompt_of
from tuxdb.bot.views.dialogs import base36
from tuxdb.controllers.movements import Movement

log = logging.getLogger(__name__)

TAG = "pt"
WITH_REASON, WITHOUT = "r", "-"


@dataclass(frozen=True)
class Transfer:
    """What a member wants to send, and to whom by Discord id."""

    receiver: int
    amount: int
    reason: str | None = None


async def ask_for(interaction: Interaction, wanted: Transfer, balance: int) -> None:
    """Show what would be sent; the reason is kept in the question itself."""
    fields = [(say(interaction, "points.field.balance"), _number(interaction, balance))]
    if wanted.reason:
        fields.append(reason_field(interaction, wanted.reason))
    text = say(
        interaction,
        "points.ask.text",
        amount=wanted.amount,
        receiver=mention(wanted.receiver),
    )
    prompt = embed(
        say(interaction, "points.ask.title"), text, colour=QUESTION, fields=fields
    )
    flag = WITH_REASON if wanted.reason else WITHOUT
    await ask(
        interaction, TAG, prompt, base36(wanted.receiver), base36(wanted.amount), flag
    )


@confirmation(TAG, nothing="points.confirm")
async def confirmed(
    interaction: Interaction, receiver: str, amount: str, flag: str
) -> None:
    """Send what was asked about; the balance is looked at again, under its lock."""
    reason = reason_in(prompt_of(interaction)) if flag == WITH_REASON else None
    await send(interaction, Transfer(int(receiver, 36), int(amount, 36), reason))


async def send(interaction: Interaction, wanted: Transfer) -> None:
    """Send points and show the receipt."""
    points, key = interaction.client.db.points, key_of(interaction)
    guild_id, sender = guild_of(interaction), interaction.user.id

    async def move() -> Movement:
        return await points.transfer(
            guild_id,
            sender,
            wanted.receiver,
            wanted.amount,
            actor=actor_of(interaction),
            reason=wanted.reason,
            key=key,
        )

    async def show(movement: Movement) -> None:
        await answer(interaction, embed=_receipt(interaction, wanted, movement))
        if not movement.replayed:
            await _tell_receiver(interaction, wanted)

    await settle(interaction, move, show)


def reason_field(interaction: Interaction, reason: str) -> tuple[str, str]:
    """A reason as the last field of an embed."""
    return say(interaction, "points.field.reason"), escape(reason)


def reason_in(prompt: discord.Embed) -> str:
    """The reason that a question of ours holds as its last field."""
    return original(prompt.fields[-1].value or "")


def _receipt(
    interaction: Interaction, wanted: Transfer, movement: Movement
) -> discord.Embed:
    text = say(
        interaction,
        "points.receipt.text",
        amount=movement.amount,
        receiver=mention(wanted.receiver),
    )
    fields = []
    if movement.sender is not None:
        balance = _number(interaction, movement.sender.after)
        fields.append((say(interaction, "points.field.balance"), balance))
    if wanted.reason:
        fields.append(reason_field(interaction, wanted.reason))
    return embed(
        say(interaction, "points.receipt.title"),
        text,
        colour=GOOD,
        footer=say(interaction, "points.entry", entry=entry_number(movement)),
        fields=fields,
    )


def entry_number(movement: Movement) -> Markup:
    """The id of an entry, as one types it: without separators."""
    return Markup(str(movement.entry_id or "-"))


async def _tell_receiver(interaction: Interaction, wanted: Transfer) -> None:
    """Ping the receiver in the channel, if the guild wants that.

    Nothing here may fail: the points have moved.
    """
    rules = await interaction.client.rules(guild_of(interaction))
    if not rules.ping_receiver:
        return
    text = say_publicly(
        interaction,
        "points.ping",
        receiver=mention(wanted.receiver),
        sender=mention(interaction.user.id),
        amount=wanted.amount,
    )
    only = discord.AllowedMentions(
        everyone=False, roles=False, users=[discord.Object(wanted.receiver)]
    )
    try:
        await interaction.followup.send(text, allowed_mentions=only)
    except LINE_ERRORS as error:
        log.info("the receiver was not told: %s", error)


def _number(interaction: Interaction, value: int) -> str:
    return say(interaction, "points.amount", amount=value)

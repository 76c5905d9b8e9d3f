"""Corrections by managers: grants, deductions, balances set, entries reversed.

Each is asked about when it is large or for a whole role, and looked at again by every
rule when it is confirmed: who may, which server, who has the role now.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import discord

from tuxdb.bot.answers import answer, say
from tuxdb.bot.declined import PartlyDone
from tuxdb.bot.embeds import GOOD, QUESTION, Markup, embed, mention, mention_role
from tuxdb.bot.interaction import Interaction
from tuxdb.bot.permissions import require_manager, rules_of
from tuxdb.bot.points.accounts import actor_of, guild_of
from tuxdb.bot.points.role_members import Named, members_of
from tuxdb.bot.points.settling import settle
from tuxdb.bot.points.transfers import entry_number, reason_field, reason_in
from tuxdb.bot.sentences import sentence
from tuxdb.bot.views.confirm import ask, confirmation, key_of, prompt_of
from tuxdb.bot.views.dialogs import base36
from tuxdb.controllers.movements import Movement
from tuxdb.errors import NotFound, OutcomeUnknown, TuxdbError

TAG = "pa"
MEMBER, ROLE = "m", "r"
GRANT, DEDUCT, SET = "grant", "deduct", "set"
SHORT = {GRANT: "g", DEDUCT: "d", SET: "s"}
LONG = {short: verb for verb, short in SHORT.items()}
NOTED = "role members"


@dataclass(frozen=True)
class Correction:
    """What a manager wants to be done, to a member or to all of a role."""

    verb: str
    amount: int
    reason: str
    member: int | None = None
    role: int | None = None

    @property
    def target(self) -> Markup:
        """Whom it is about, as Discord shows it."""
        return mention(self.member) if self.member else mention_role(self.role or 0)


async def begin(interaction: Interaction, wanted: Correction) -> None:
    """Ask first about a role and about much; else do it at once."""
    limit = (await rules_of(interaction)).confirm_from
    if wanted.role is not None:
        await _ask_about_role(interaction, wanted)
    elif limit is not None and wanted.amount >= limit:
        await _ask(interaction, wanted, "member", 1)
    else:
        await carry_out(interaction, wanted)


@confirmation(TAG)
async def confirmed(
    interaction: Interaction, verb: str, kind: str, target: str, amount: str
) -> None:
    """Do what was asked about, if the person still may."""
    await require_manager(interaction)
    whom = {"member" if kind == MEMBER else "role": int(target, 36)}
    reason = reason_in(prompt_of(interaction))
    await carry_out(
        interaction, Correction(LONG[verb], int(amount, 36), reason, **whom)
    )


async def carry_out(interaction: Interaction, wanted: Correction) -> None:
    """Do it, and show what came of it."""
    if wanted.role is not None:
        await _to_role(interaction, wanted)
        return

    async def show(movement: Movement) -> None:
        await answer(interaction, embed=_receipt(interaction, wanted, movement))

    await settle(interaction, _move(interaction, wanted, wanted.member or 0), show)


def _move(
    interaction: Interaction, wanted: Correction, user: int, suffix: str = ""
) -> Callable[[], Awaitable[Movement]]:
    """The one call of the ledger that it takes for a member."""
    points = interaction.client.db.points
    calls = {GRANT: points.grant, DEDUCT: points.deduct, SET: points.set_balance}
    return lambda: calls[wanted.verb](
        guild_of(interaction),
        user,
        wanted.amount,
        actor=actor_of(interaction),
        reason=wanted.reason,
        key=f"{key_of(interaction)}{suffix}",
    )


def _receipt(
    interaction: Interaction, wanted: Correction, movement: Movement
) -> discord.Embed:
    side = movement.receiver or movement.sender
    text = say(
        interaction,
        f"points_admin.done.{wanted.verb}",
        amount=wanted.amount,
        target=wanted.target,
        before=side.before if side else 0,
        after=side.after if side else 0,
    )
    return embed(
        say(interaction, "points_admin.done.title"),
        text,
        colour=GOOD,
        footer=say(interaction, "points.entry", entry=entry_number(movement)),
        fields=[reason_field(interaction, wanted.reason)],
    )


async def _ask(
    interaction: Interaction, wanted: Correction, whom: str, count: int
) -> None:
    prompt = embed(
        say(interaction, f"points_admin.ask.title.{wanted.verb}"),
        say(
            interaction,
            f"points_admin.ask.{whom}.{wanted.verb}",
            amount=wanted.amount,
            target=wanted.target,
            count=count,
            total=wanted.amount * count,
        ),
        colour=QUESTION,
        fields=[reason_field(interaction, wanted.reason)],
    )
    await ask(
        interaction,
        TAG,
        prompt,
        SHORT[wanted.verb],
        MEMBER if wanted.member else ROLE,
        base36(wanted.member or wanted.role or 0),
        base36(wanted.amount),
    )


# -- all members of a role ---------------------------------------------------------


async def _ask_about_role(interaction: Interaction, wanted: Correction) -> None:
    members = await _members(interaction, wanted)
    interaction.client.dialogs.note(NOTED, interaction.id, members)
    await _ask(interaction, wanted, "role", len(members))


async def _members(interaction: Interaction, wanted: Correction) -> list[Named]:
    guild = interaction.guild
    role = guild.get_role(wanted.role or 0) if guild else None
    if role is None:
        raise NotFound("role", wanted.role)
    members = await members_of(interaction, role)
    if not members:
        raise NotFound("role_member", role.name)
    return members


async def _to_role(interaction: Interaction, wanted: Correction) -> None:
    """Grant or deduct in one transaction; set balances one by one."""
    first = int(key_of(interaction).partition(":")[2])
    members: list[Named] = interaction.client.dialogs.noted(
        NOTED, first
    ) or await _members(interaction, wanted)

    async def show(count: int) -> None:
        text = say(
            interaction,
            f"points_admin.done.role.{wanted.verb}",
            amount=wanted.amount,
            target=wanted.target,
            count=count,
            total=wanted.amount * count,
        )
        fields = [reason_field(interaction, wanted.reason)]
        title = say(interaction, "points_admin.done.title")
        await answer(interaction, embed=embed(title, text, colour=GOOD, fields=fields))

    move = _set_each if wanted.verb == SET else _pay_all
    await settle(interaction, lambda: move(interaction, wanted, members), show)


async def _pay_all(
    interaction: Interaction, wanted: Correction, members: list[Named]
) -> int:
    """Grant or deduct in one transaction, under one key."""
    points = interaction.client.db.points
    many = points.grant_many if wanted.verb == GRANT else points.deduct_many
    paid = await many(
        guild_of(interaction),
        members,
        wanted.amount,
        actor=actor_of(interaction),
        reason=wanted.reason,
        key=key_of(interaction),
    )
    return len(paid)


async def _set_each(
    interaction: Interaction, wanted: Correction, members: list[Named]
) -> int:
    """Set balances; a failure leaves the earlier ones, and it can be repeated."""
    users, guild_id = interaction.client.db.user, guild_of(interaction)
    for done, (discord_id, username) in enumerate(members):
        try:
            await users.refresh(guild_id, discord_id, username)
            await _move(interaction, wanted, discord_id, f":{discord_id}")()
        except OutcomeUnknown:
            raise  # the same again settles it
        except TuxdbError as error:
            if not done:
                raise
            problem = sentence(interaction, error)
            raise PartlyDone(done, len(members), problem) from error
    return len(members)

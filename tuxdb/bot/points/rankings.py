"""Leaderboards: by points and by messages, with ties, and one's own place."""

from collections.abc import Sequence

import discord

from tuxdb.bot.answers import say_publicly
from tuxdb.bot.embeds import embed, plain
from tuxdb.bot.interaction import Interaction
from tuxdb.bot.points.accounts import guild_of
from tuxdb.bot.views.pages import ROWS, PageView, pages
from tuxdb.controllers.activity import ActivityStanding
from tuxdb.controllers.points_reports import Standing
from tuxdb.errors import NotFound
from tuxdb.repositories import PageAt

TAG = "pl"
POINTS, MESSAGES = "points", "messages"
SHOWN_NAME = 60

Place = Standing | ActivityStanding


async def leaderboard_at(interaction: Interaction, number: int, by: str) -> PageAt:
    """Where a page of a leaderboard begins."""
    db = interaction.client.db
    board = db.activity if by == MESSAGES else db.points
    return await board.leaderboard_at(guild_of(interaction), number, limit=ROWS)


@pages(TAG, at=leaderboard_at)
async def leaderboard(
    interaction: Interaction, cursor: str | None, by: str
) -> PageView:
    """A page of a leaderboard; it is public, so in the server's language."""
    db, guild_id = interaction.client.db, guild_of(interaction)
    if by == MESSAGES:
        messages = await db.activity.leaderboard(guild_id, after=cursor, limit=ROWS)
        return PageView(await _board(interaction, by, messages.items), messages.next)
    points = await db.points.leaderboard(guild_id, after=cursor, limit=ROWS)
    return PageView(await _board(interaction, by, points.items), points.next)


async def around(interaction: Interaction, by: str) -> discord.Embed:
    """The places around one's own."""
    db, guild_id, user = interaction.client.db, guild_of(interaction), interaction.user
    if by == MESSAGES:
        near: Sequence[Place] = await db.activity.around(guild_id, user.id, limit=ROWS)
    else:
        near = await db.points.around(guild_id, user.id, limit=ROWS)
    return await _board(interaction, by, near)


async def place_of(interaction: Interaction, by: str) -> Place | None:
    """One's own place; None without an account."""
    db, guild_id, user = interaction.client.db, guild_of(interaction), interaction.user
    try:
        if by == MESSAGES:
            return await db.activity.member(guild_id, user.id)
        return await db.points.position(guild_id, user.id)
    except NotFound:
        return None


async def _board(
    interaction: Interaction, by: str, places: Sequence[Place]
) -> discord.Embed:
    lines = [_line(interaction, by, place) for place in places]
    shown = (place for place in places if place.discord_id == interaction.user.id)
    own = next(shown, None) or await place_of(interaction, by)
    footer = None
    if own is not None:
        footer = say_publicly(
            interaction,
            f"points.board.own.{by}",
            rank=own.rank,
            count=_count(own),
        )
    return embed(
        say_publicly(interaction, f"points.board.title.{by}"),
        "\n".join(lines) or say_publicly(interaction, "common.nobody"),
        footer=footer,
    )


def _line(interaction: Interaction, by: str, place: Place) -> str:
    line = say_publicly(
        interaction,
        f"points.board.line.{by}",
        rank=place.rank,
        name=plain(place.username, SHOWN_NAME),
        count=_count(place),
    )
    return f"**{line}**" if place.discord_id == interaction.user.id else line


def _count(place: Place) -> int:
    return place.points if isinstance(place, Standing) else place.message_count

"""`/gallery`: the channels whose posts a server keeps."""

import discord
from discord import app_commands
from discord.ext import commands

from tuxdb.bot.answers import acknowledge, answer, say
from tuxdb.bot.base_cog import BaseCog
from tuxdb.bot.client import TuxdbBot
from tuxdb.bot.embeds import GOOD, QUIET, embed, mention_channel, plain
from tuxdb.bot.interaction import Interaction
from tuxdb.bot.permissions import permission_only, require_permission
from tuxdb.bot.views.pages import PageView, pages, show
from tuxdb.errors import InvalidValue, NotFound
from tuxdb.models import GalleryMementos
from tuxdb.models.names import LONGEST_NAME, stored_name
from tuxdb.repositories import PageAt

MANAGE = "manage_channels"
ON_A_PAGE = 10
LIST = "gl"
Channel = app_commands.AppCommandChannel
CHANNEL_TYPES = [
    discord.ChannelType.text,
    discord.ChannelType.news,
    discord.ChannelType.forum,
    discord.ChannelType.media,
]


@app_commands.default_permissions(manage_channels=True)
class Gallery(
    BaseCog,
    commands.GroupCog,
    group_name="gallery",
    group_description="Channels whose posts are kept.",
):
    """Choosing the gallery channels of a server."""

    @app_commands.command(name="set", description="Keep the posts of a channel.")
    @app_commands.describe(channel="Which channel.")
    @permission_only(MANAGE)
    async def set_channel(self, interaction: Interaction, channel: Channel) -> None:
        """Add a channel, or bring its name up to date."""
        _require_own(interaction, channel)
        await acknowledge(interaction, private=True)
        kept = await self.db.gallery.get_by_guild(channel.guild_id)
        others = {row.channel_name for row in kept if row.channel_id != channel.id}
        await self.db.gallery.upsert(
            ("channel_id",),
            channel_id=channel.id,
            channel_name=_stored_name(channel, others),
            guild_id=channel.guild_id,
        )
        known = any(row.channel_id == channel.id for row in kept)
        key = "gallery.kept" if known else "gallery.added"
        text = say(interaction, key, channel=mention_channel(channel.id))
        await answer(interaction, embed=embed(text=text, colour=GOOD))

    @app_commands.command(description="Keep the posts of a channel no longer.")
    @app_commands.describe(channel="Which channel; without one, those that are gone.")
    @permission_only(MANAGE)
    async def remove(
        self, interaction: Interaction, channel: Channel | None = None
    ) -> None:
        """Take a channel away, or all that were deleted on Discord."""
        if channel is not None:
            _require_own(interaction, channel)
        await acknowledge(interaction, private=True)
        kept = await self.db.gallery.get_by_guild(interaction.guild_id or 0)
        if channel is None:
            gone = [row for row in kept if _is_gone(interaction, row)]
        else:
            gone = [row for row in kept if row.channel_id == channel.id]
            if not gone:
                raise NotFound("gallery channel", channel.name)
        removed = await self.db.gallery.bulk_delete([row.channel_id for row in gone])
        text = say(interaction, "gallery.removed", count=removed)
        await answer(interaction, embed=embed(text=text, colour=GOOD))

    @app_commands.command(
        name="list", description="Show the channels whose posts are kept."
    )
    @permission_only(MANAGE)
    async def list_channels(self, interaction: Interaction) -> None:
        """List the channels."""
        await acknowledge(interaction, private=True)
        await show(interaction, LIST)


async def page_at(interaction: Interaction, number: int, *_: str) -> PageAt:
    """Where a page of them begins, or the nearest one there is."""
    kept = await interaction.client.db.gallery.get_by_guild(interaction.guild_id or 0)
    nearest = max(1, min(number, -(-len(kept) // ON_A_PAGE)))
    if nearest == 1:
        return PageAt(1)
    return PageAt(nearest, str(kept[(nearest - 1) * ON_A_PAGE - 1].channel_id))


@pages(LIST, at=page_at)
async def page(interaction: Interaction, cursor: str | None, *_: str) -> PageView:
    """Ten channels in the order of their ids, which are the cursors as well."""
    require_permission(interaction, MANAGE)
    kept = await interaction.client.db.gallery.get_by_guild(interaction.guild_id or 0)
    after = int(cursor or 0)
    rows = [row for row in kept if row.channel_id > after]
    shown = rows[:ON_A_PAGE]
    title = say(interaction, "gallery.title", count=len(kept))
    if not shown:
        return PageView(embed(title, say(interaction, "gallery.none"), colour=QUIET))
    lines = [_line(interaction, row) for row in shown]
    following = str(shown[-1].channel_id) if len(rows) > ON_A_PAGE else None
    return PageView(embed(title, "\n".join(lines)), following)


def _require_own(interaction: Interaction, channel: Channel) -> None:
    """Refuse a channel of another server, whoever made Discord name it."""
    if channel.guild_id != interaction.guild_id:
        raise InvalidValue("channel", "is not a channel of this server")


def _stored_name(channel: Channel, others: set[str]) -> str:
    """The name, told from that of another channel, as two may have the same."""
    name = stored_name(channel.name, channel.id)
    if name not in others:
        return name
    end = f"-{channel.id}"
    return f"{name[: LONGEST_NAME - len(end)]}{end}"


def _is_gone(interaction: Interaction, row: GalleryMementos) -> bool:
    """Whether a channel was deleted; not so if the server's channels are not known."""
    guild = interaction.guild
    if guild is None or not guild.channels:
        return False
    return guild.get_channel_or_thread(row.channel_id) is None


def _line(interaction: Interaction, row: GalleryMementos) -> str:
    if _is_gone(interaction, row):
        return say(interaction, "gallery.gone", name=plain(row.channel_name))
    return mention_channel(row.channel_id)


async def setup(bot: TuxdbBot) -> None:
    """Add the commands."""
    await bot.add_cog(Gallery(bot))

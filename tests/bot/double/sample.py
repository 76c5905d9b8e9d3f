"""A bot that does a little of everything, on the real discord.py."""

import asyncio
import io
from collections.abc import Callable
from typing import Any

import discord
import yarl
from discord import app_commands
from discord.ext import commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

from tuxdb.bot.double import DiscordDouble

GUILD_READY_SECONDS = 0.02
PATIENCE_SECONDS = 20.0


class Sample(commands.AutoShardedBot):
    """Connects to a double; what it heard is in lists."""

    def __init__(self, double: DiscordDouble, **options: Any) -> None:
        intents = options.pop(
            "intents", discord.Intents(guilds=True, guild_messages=True)
        )
        super().__init__(
            commands.when_mentioned,
            help_command=None,
            intents=intents,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            allowed_mentions=discord.AllowedMentions.none(),
            guild_ready_timeout=GUILD_READY_SECONDS,
            **options,
        )
        self.double = double
        self.running: asyncio.Task[None] | None = None
        self.last: discord.Interaction | None = None
        self.heard: list[discord.Message] = []
        self.resumes = 0
        self.connects = 0
        self.errors: list[BaseException] = []
        self.tree.error(self._failed)
        for command in COMMANDS:
            self.tree.add_command(command)
        self.tree.add_command(admin)
        self.tree.add_command(app_commands.ContextMenu(name="Greet", callback=greet))

    async def setup_hook(self) -> None:
        await self.tree.sync()

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait for something to become true, as long as the bot runs."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not condition():
                if self.running is not None and self.running.done():
                    self.running.result()
                await asyncio.sleep(0.005)

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        self.last = interaction

    async def begin(self) -> None:
        """Log in where the double is."""
        Route.BASE = self.double.api_base
        await self.login(self.double.token)
        _, gateway, _ = await self.http.get_bot_gateway()
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway)

    async def on_message(self, message: discord.Message, /) -> None:
        self.heard.append(message)

    async def on_resumed(self) -> None:
        self.resumes += 1

    async def on_shard_connect(self, shard_id: int) -> None:
        self.connects += 1

    async def _failed(
        self, interaction: discord.Interaction, error: app_commands.AppCommandError
    ) -> None:
        self.errors.append(getattr(error, "original", error))


class Two(discord.ui.View):
    """Two buttons and a select."""

    @discord.ui.button(label="Yes", custom_id="yes")
    async def yes(self, interaction: discord.Interaction, button: Any) -> None:
        await interaction.response.edit_message(content="done", view=None)

    @discord.ui.button(label="No", custom_id="no")
    async def no(self, interaction: discord.Interaction, button: Any) -> None:
        await interaction.response.send_message("no then", ephemeral=True)

    @discord.ui.select(
        custom_id="pick",
        options=[discord.SelectOption(label="A"), discord.SelectOption(label="B")],
    )
    async def pick(self, interaction: discord.Interaction, select: Any) -> None:
        await interaction.response.defer()
        await interaction.edit_original_response(content=f"picked {select.values[0]}")


class Form(discord.ui.Modal, title="A form"):
    """One text."""

    text: discord.ui.TextInput[Any] = discord.ui.TextInput(label="Text", max_length=20)

    async def on_submit(self, interaction: discord.Interaction, /) -> None:
        await interaction.response.send_message(f"wrote {self.text.value}")


@app_commands.command(name="hello", description="Greets.")
async def hello(
    interaction: discord.Interaction, member: discord.Member | None = None
) -> None:
    name = member.mention if member else "world"
    embed = discord.Embed(title="Hello", description=name)
    await interaction.response.send_message(f"hello {name}", embed=embed, view=Two())


@app_commands.command(name="slow", description="Defers, then edits.")
async def slow(interaction: discord.Interaction) -> None:
    await interaction.response.defer(ephemeral=True)
    await interaction.edit_original_response(content="at last")
    await interaction.followup.send("and more", ephemeral=True)


@app_commands.command(name="withdraw", description="Defers in public, then not.")
async def withdraw(interaction: discord.Interaction) -> None:
    await interaction.response.defer()
    await interaction.delete_original_response()
    await interaction.followup.send("only for you", ephemeral=True)


@app_commands.command(name="shout", description="Pings.")
async def shout(interaction: discord.Interaction, member: discord.Member) -> None:
    everybody = discord.AllowedMentions.all()
    text = f"{member.mention} @everyone"
    await interaction.response.send_message(text, allowed_mentions=everybody)


@app_commands.command(name="late", description="Never answers.")
async def late(interaction: discord.Interaction) -> None:
    pass


@app_commands.command(name="twice", description="Acknowledges twice.")
async def twice(interaction: discord.Interaction) -> None:
    await interaction.response.defer()
    interaction.response._response_type = None
    await interaction.response.defer()


@app_commands.command(name="paper", description="A file.")
async def paper(interaction: discord.Interaction) -> None:
    await interaction.response.defer(ephemeral=True)
    file = discord.File(io.BytesIO(b"a,b\n1,2\n"), "table.csv", description="rows")
    await interaction.followup.send("here", file=file, ephemeral=True)


@app_commands.command(name="ask", description="A modal.")
async def ask(interaction: discord.Interaction) -> None:
    await interaction.response.send_modal(Form())


@app_commands.command(name="count", description="Completes.")
async def count(
    interaction: discord.Interaction, number: app_commands.Range[int, 1, 10]
) -> None:
    await interaction.response.send_message(f"counted {number}")


@count.autocomplete("number")
async def _numbers(
    interaction: discord.Interaction, current: str
) -> list[app_commands.Choice[int]]:
    return [
        app_commands.Choice(name=f"{current} {number}", value=number)
        for number in range(3)
    ]


@app_commands.command(name="colour", description="Choices.")
@app_commands.choices(
    which=[
        app_commands.Choice(name="Red", value="r"),
        app_commands.Choice(name="Blue", value="b"),
    ]
)
async def colour(interaction: discord.Interaction, which: str) -> None:
    await interaction.response.send_message(which)


@app_commands.command(name="boom", description="Too long.")
async def boom(interaction: discord.Interaction) -> None:
    await interaction.response.send_message("x" * 2001)


admin = app_commands.Group(
    name="admin",
    description="For admins.",
    default_permissions=discord.Permissions(manage_guild=True),
    guild_only=True,
)


@admin.command(name="reset", description="Resets.")
@app_commands.default_permissions(administrator=True)
async def reset(interaction: discord.Interaction) -> None:
    await interaction.response.send_message("reset")


async def greet(interaction: discord.Interaction, member: discord.Member) -> None:
    await interaction.response.send_message(f"hi {member.name}")


COMMANDS: tuple[app_commands.Command[Any, ..., Any], ...] = (
    hello,
    slow,
    withdraw,
    shout,
    late,
    twice,
    paper,
    ask,
    count,
    colour,
    boom,
)

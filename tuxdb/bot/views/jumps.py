"""The window in which the number of a page is typed.

It is known by its custom_id alone, as the buttons are, so it survives a restart.
"""

from typing import Any

import discord

from tuxdb.bot.answers import say
from tuxdb.bot.interaction import Interaction
from tuxdb.bot.views.dialogs import LONGEST_ID

FIELD = "page"
LONGEST_NUMBER = 9


async def ask_for_page(interaction: Interaction, custom_id: str) -> None:
    """Answer a press with the window."""
    if len(custom_id) > LONGEST_ID:
        raise ValueError(f"a custom_id is too long: {custom_id}")
    title = say(interaction, "common.pages.window")
    window = discord.ui.Modal(title=title, timeout=None, custom_id=custom_id)
    window.add_item(
        discord.ui.TextInput(
            label=say(interaction, "common.pages.number"),
            custom_id=FIELD,
            max_length=LONGEST_NUMBER,
        )
    )
    window.stop()  # discord.py need not keep it
    await interaction.response.send_modal(window)


def typed_page(interaction: Interaction) -> int | None:
    """The number that was typed into the window; None if it is not one."""
    data: Any = interaction.data or {}
    for row in data.get("components", ()):
        for field in row.get("components", ()):
            if field.get("custom_id") == FIELD:
                try:
                    return int(field.get("value", ""))
                except ValueError:
                    return None
    return None

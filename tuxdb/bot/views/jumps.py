"""The window in which the number of a page is typed.

It is known by its custom_id alone, as the buttons are, so it survives a restart.
"""

import discord

from tuxdb.bot.answers import say
from tuxdb.bot.interaction import Interaction
from tuxdb.bot.views.dialogs import LONGEST_ID, typed_text

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
    try:
        return int(typed_text(interaction, FIELD))
    except ValueError:
        return None

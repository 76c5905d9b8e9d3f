"""The bot: discord.py over the same controllers as the command line."""

"""The commands of the bot, one part to a file."""

"""Trying the bot without Discord: the double, the bot, and a terminal."""

from tuxdb.bot.playground.play import play

__all__ = ["play"]

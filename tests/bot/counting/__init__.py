"""The bot's counters."""

"""Names as Discord has them, made fit for `users.username`."""

LONGEST_NAME = 100


def stored_name(name: str, discord_id: int) -> str:
    """The name as it can be stored; the id where nothing is left of it.

    Without NUL and half characters, which no text in PostgreSQL can hold.
    """
    plain = name.encode(errors="ignore").decode().replace("\0", "")
    return plain.strip()[:LONGEST_NAME].strip() or str(discord_id)

"""Names for the server, quoted as it quotes them."""


def quote_ident(name: str) -> str:
    """An identifier of SQL."""
    return '"' + name.replace('"', '""') + '"'

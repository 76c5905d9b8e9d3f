"""tuxdb: database administration toolkit of a Discord bot on PostgreSQL."""

TYPE_CHECKING = False  # as typing has it, whose import would double `--version`
if TYPE_CHECKING:
    from tuxdb.database import Database
    from tuxdb.settings import Settings

__all__ = ["Database", "Settings", "__version__"]

__version__ = "0.1.0"

_HOMES = {"Database": "tuxdb.database", "Settings": "tuxdb.settings"}


def __getattr__(name: str) -> object:
    """Import what is exported when it is first asked for: `--version` needs none."""
    if name not in _HOMES:
        raise AttributeError(f"module 'tuxdb' has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 - lazy, as all of this

    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value

"""Where the bot keeps what must outlive it: files of its own, for nobody else."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tuxdb.settings import Settings

SPOOL = "spool"


def spool_folder(settings: "Settings") -> Path:
    """Where message counts wait for the database; beside the data if not set.

    Not made here: only who has something to write makes it, with mode 0700.
    """
    from tuxdb.engine.embedded import Cluster  # noqa: PLC0415 - not if it is set

    return settings.bot_spool or Cluster(settings.home).home / SPOOL

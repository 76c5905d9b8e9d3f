"""A process that reads counts back from its folder, until it is killed.

`python -m tests.harness.counting URL FOLDER`: a line on stdout when it has begun, and
one when all is written.
"""

import asyncio
import sys
from pathlib import Path

from tuxdb.bot.counters import Counters
from tuxdb.bot.spool import Spool
from tuxdb.database import Database


async def main(url: str, folder: str) -> None:
    """Write what is on disk, and stay."""
    async with Database.open(url) as db:
        counters = Counters(db, Path(folder), 0.05)
        sys.stdout.write("begun\n")
        sys.stdout.flush()
        counters.start()
        while Spool(Path(folder)).files():  # noqa: ASYNC110 - no event of ours
            await asyncio.sleep(0.01)
        await counters.stop()
        sys.stdout.write("written\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))

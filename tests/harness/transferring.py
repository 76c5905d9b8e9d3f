"""A process that makes transfers until it is killed, and says what it was told.

`python -m tests.harness.transferring URL SEED`: a line before each transfer, and one
with its answer, both as JSON on stdout.
"""

import asyncio
import json
import random
import sys
from itertools import count

from tuxdb.database import Database
from tuxdb.errors import Conflict, OutcomeUnknown, TuxdbError

GUILD = 1
ACCOUNTS = (1, 2, 3, 4, 5, 6)
TASKS = 4
MOST = 400
PAUSE_AFTER_OUTAGE_SECONDS = 0.05


def say(key: str, answer: str, *particulars: int) -> None:
    """Write down what is about to be asked, or what was answered."""
    sys.stdout.write(json.dumps([key, answer, *particulars]) + "\n")
    sys.stdout.flush()


async def transfers(db: Database, name: str, dice: random.Random) -> None:
    """Transfer between any two accounts, one after the other."""
    for number in count(1):
        key = f"{name}.{number}"
        sender, receiver = dice.sample(ACCOUNTS, 2)
        amount = dice.randint(1, MOST)
        say(key, "asked", sender, receiver, amount)
        try:
            await db.points.transfer(GUILD, sender, receiver, amount, key=key)
            say(key, "made")
        except OutcomeUnknown:
            say(key, "unknown")
        except Conflict:
            say(key, "refused")
        except TuxdbError:
            say(key, "not made")
            await asyncio.sleep(PAUSE_AFTER_OUTAGE_SECONDS)


async def main(url: str, seed: str) -> None:
    """Make transfers in several tasks, for ever."""
    async with Database.open(url) as db:
        names = [f"{seed}.{number}" for number in range(TASKS)]
        await asyncio.gather(
            *(transfers(db, name, random.Random(name)) for name in names)
        )


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))

"""Many rows changed from a file, previewed and recorded, beside COPY and UPDATE."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from benchmarks.harness import TUXDB, Contender, Goal, Work, expect
from benchmarks.place import Connection, Place, Sizes, add_users, connected, toolkit
from benchmarks.updates import FROM_GIVEN, GIVEN, TIMES_MORE, Changes
from tuxdb.bulk.changesets import Author
from tuxdb.bulk.requests import UpdateRequest
from tuxdb.database import Database

WHO = Author("bench")


class FileOfChanges(Changes):
    """The same rows, in a file of CSV."""

    def __init__(self, number: int, folder: Path) -> None:
        super().__init__(number)
        self.path = folder / "rows.csv"

    async def prepare(self, server: Connection) -> None:
        """Write other rows; change sets of earlier runs go, as no peer keeps any."""
        await super().prepare(server)
        await server.execute("TRUNCATE tuxdb_changeset CASCADE")
        lines = [",".join(self.rows[0])]
        lines += [",".join(map(str, row.values())) for row in self.rows]
        self.path.write_text("\n".join(lines) + "\n")


@asynccontextmanager
async def previewed(
    place: Place, sizes: Sizes, *, times: int = 1
) -> AsyncIterator[Work]:
    """Two columns of one in ten users, from a file, seen before the commit."""
    number = sizes.updated * times
    with tempfile.TemporaryDirectory(prefix="tuxdb-bench-") as folder:
        changes = FileOfChanges(number, Path(folder))
        async with (
            place.database() as url,
            connected(url) as server,
            toolkit(url) as db,
        ):
            await add_users(server, 10 * number)
            ways = {
                "COPY to temp + UPDATE FROM": partial(_from_temporary, server),
                TUXDB: partial(_by_tuxdb, db, number),
            }
            yield Work(
                f"bulk update with preview and change set, {number:,} different rows",
                [
                    Contender(
                        name,
                        partial(way, changes.path),
                        partial(changes.prepare, server),
                        partial(changes.check, server),
                    )
                    for name, way in ways.items()
                ],
                Goal(1.8),
                repeat=2,
            )


more_previewed = partial(previewed, times=TIMES_MORE)


async def _by_tuxdb(db: Database, number: int, path: Path) -> None:
    request = UpdateRequest("users", WHO, file=str(path), key=("id",), max_rows=None)
    async with db.changes.updating(request) as pending:
        expect(pending.done.changed, number, "the count")
        pending.agree()


async def _from_temporary(server: Connection, path: Path) -> None:
    async with server.transaction():
        await server.execute(f"{GIVEN} ON COMMIT DROP")
        await server.copy_to_table("given", source=path, format="csv", header=True)
        await server.execute(FROM_GIVEN)

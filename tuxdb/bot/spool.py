"""Counts on disk, for when the database is away for long or at the end.

One file a batch, named after the flush it is to be: whoever reads it back, and how
often, it is counted once. Written whole or not at all, and for its owner's eyes only.
"""

import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from tuxdb.controllers.activity import ActivityCount

FORMAT = "tuxdb.counters/1"
SUFFIX, BAD, UNFINISHED = ".counts", ".bad", ".part"
FOLDER_MODE, FILE_MODE = 0o700, 0o600


@dataclass(frozen=True)
class Batch:
    """Counts of one flush. If it was sent, it may have been carried out."""

    id: UUID
    counts: Sequence[ActivityCount]
    sent: bool = False

    @property
    def messages(self) -> int:
        """How many messages it is about."""
        return sum(count.messages for count in self.counts)


class Unreadable(ValueError):
    """A file that holds no batch."""


class Spool:
    """A folder with batches."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def files(self) -> list[Path]:
        """The batches that are there, the oldest first."""
        if not self.folder.is_dir():
            return []
        aged = []
        for path in self.folder.glob(f"*{SUFFIX}"):
            try:
                aged.append((path.stat().st_mtime_ns, path))
            except FileNotFoundError:  # another process was faster
                continue
        return [path for _, path in sorted(aged)]

    def save(self, batch: Batch) -> Path:
        """Write a batch, so that it is there even if the machine stops now."""
        self.folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        self.folder.chmod(FOLDER_MODE)
        path = self.folder / f"{batch.id}{SUFFIX}"
        unfinished = path.with_suffix(f".{os.getpid()}{UNFINISHED}")
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
        with open(os.open(unfinished, flags, FILE_MODE), "wb") as file:  # noqa: PTH123 - a descriptor with its mode
            file.write(_written(batch))
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return path

    def load(self, path: Path) -> tuple[Batch, float]:
        """A batch and its age in seconds; Unreadable, or OSError."""
        try:
            found = json.loads(path.read_bytes())
            if found["format"] != FORMAT:
                raise Unreadable(f"{path.name}: another format")
            batch = Batch(
                UUID(found["id"]),
                [_count(*row) for row in found["counts"]],
                sent=bool(found["sent"]),
            )
            age = time.time() - float(found["written"])
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise Unreadable(f"{path.name}: not what was written") from error
        return batch, max(age, 0.0)

    def remove(self, path: Path) -> None:
        """Remove a batch that is counted."""
        path.unlink(missing_ok=True)

    def set_aside(self, path: Path) -> None:
        """Keep a file that cannot be used, for a person to look at."""
        path.replace(path.with_suffix(BAD))


def _written(batch: Batch) -> bytes:
    rows = [
        (c.guild_id, c.discord_id, c.username, c.messages, c.last_active.isoformat())
        for c in batch.counts
    ]
    document = {
        "format": FORMAT,
        "id": str(batch.id),
        "sent": batch.sent,
        "written": time.time(),
        "counts": rows,
    }
    return json.dumps(document, separators=(",", ":")).encode()


def _count(
    guild_id: int, discord_id: int, name: str, messages: int, when: str
) -> ActivityCount:
    numbers = (guild_id, discord_id, messages)
    if any(type(number) is not int or number < 1 for number in numbers):
        raise Unreadable("a number is none")
    if not isinstance(name, str):
        raise Unreadable("a name is none")
    time_of_last = datetime.fromisoformat(when)
    if time_of_last.tzinfo is None:
        raise Unreadable("a time has no zone")
    return ActivityCount(guild_id, discord_id, name, messages, time_of_last)

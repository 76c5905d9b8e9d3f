"""Files as a command would be given them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tuxdb.bulk.inputs import Input, open_input
from tuxdb.bulk.problems import Problems
from tuxdb.bulk.readers import read_rows


def read(path: Path, content: bytes | str, kind: str | None = None) -> list[object]:
    """Every row of a file: its columns first, then line and cells of each."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with open_input(str(path)) as source:
        problems = Problems(path.name)
        file = read_rows(source, problems, kind)
        rows: list[object] = [file.names, *((n, list(c)) for n, c in file.rows)]
        problems.finish()
    return rows


@contextmanager
def dribbled(content: bytes, pieces: int = 1) -> Iterator[Input]:
    """The same as a pipe that gives a few bytes at a time."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(ours)
        for start in range(0, len(content), pieces):
            os.write(theirs, content[start : start + pieces])
        os._exit(0)
    os.close(theirs)
    try:
        with Input("pipe", ours, close=True) as source:
            yield source
    finally:
        os.waitpid(child, 0)

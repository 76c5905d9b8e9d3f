"""Edits of files by byte spans: applied, compared, written."""

import difflib
import os
import re
import stat
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from tuxdb.audit.fix.source import NotEditable, Source, parsed
from tuxdb.errors import Conflict, TuxdbError

NO_END = "\\ No newline at end of file\n"


@dataclass(frozen=True, order=True)
class Edit:
    """The bytes from `start` to `end` of the text become another text."""

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class FileEdit:
    """A file as it is and as it would be; `before` is None for a new file."""

    path: str
    before: bytes | None
    after: bytes
    spans: tuple[Edit, ...] = ()


def overlap(edits: Iterable[Edit]) -> bool:
    """Whether two edits touch the same bytes."""
    ordered = sorted(set(edits))
    return any(later.start < earlier.end for earlier, later in pairwise(ordered))


def edited(source: Source, edits: Sequence[Edit]) -> FileEdit:
    """Apply edits to a source; raises NotEditable where the result is not Python."""
    ordered = sorted(set(edits))
    if overlap(ordered):
        raise NotEditable("two edits touch the same code")
    pieces: list[bytes] = []
    at = 0
    for edit in ordered:
        pieces += [source.data[at : edit.start], _stored(edit.text, source.newline)]
        at = edit.end
    data = b"".join([*pieces, source.data[at:]])
    compiled(data, source.path)
    before = source.stored(source.data)
    return FileEdit(source.path, before, source.stored(data), tuple(ordered))


def compiled(data: bytes, path: str) -> None:
    """Compile source without running it; raises NotEditable.

    What is only too new for this Python is parsed instead.
    """
    module = parsed(data)
    try:
        compile(module, path, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError) as error:
        raise NotEditable("the result does not compile") from error


def diff(files: Iterable[FileEdit]) -> str:
    """A unified diff that `git apply` takes."""
    return "".join(line for file in files for line in _diff(file))


def apply(files: Iterable[FileEdit], root: Path | None = None) -> list[Path]:
    """Write the files, each at once and whole; raises Conflict if one has changed."""
    written = []
    for file in files:
        path = (root / file.path) if root else Path(file.path)
        now = path.read_bytes() if path.exists() else None
        if now != file.before:
            raise Conflict(f"{file.path} has changed since it was read")
        if now != file.after:
            _write(path, file.after)
            written.append(path)
    return written


def _write(path: Path, data: bytes) -> None:
    """Replace a file by another of the same mode; links are refused."""
    if path.is_symlink():
        raise Conflict(f"{path} is a link")
    mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o644
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".tuxdb-")
    except OSError as error:
        raise Unwritable(path) from error
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).chmod(mode)
        Path(name).replace(path)
    except OSError as error:
        Path(name).unlink(missing_ok=True)
        raise Unwritable(path) from error


class Unwritable(TuxdbError):
    """A file that cannot be written."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} cannot be written.")


def _stored(text: str, newline: str) -> bytes:
    return text.replace("\n", newline).encode()


def _diff(file: FileEdit) -> Iterator[str]:
    name = file.path.replace("\\", "/").lstrip("/")
    yield f"diff --git a/{name} b/{name}\n"
    if file.before is None:
        yield "new file mode 100644\n"
    old = "/dev/null" if file.before is None else f"a/{name}"
    before, after = _lines(file.before or b""), _lines(file.after)
    for line in difflib.unified_diff(before, after, old, f"b/{name}"):
        yield line if line.endswith("\n") else f"{line}\n{NO_END}"


def _lines(data: bytes) -> list[str]:
    """Lines as git sees them: a carriage return is part of the line."""
    text = data.decode("utf-8", errors="surrogateescape")
    return re.findall(r"[^\n]*\n|[^\n]+", text)

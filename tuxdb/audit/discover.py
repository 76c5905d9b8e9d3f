"""Which files to read: regular files below the paths given, and nothing through links.

Folders of environments, caches and version control are left out, and those that the
`.gitignore` at the top names.
"""

import fnmatch
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

LARGEST_FILE = 4 << 20
MOST_FILES = 100_000
SKIPPED = frozenset(
    (
        "__pycache__",
        "node_modules",
        "site-packages",
        "venv",
        "env",
        "virtualenv",
        "build",
        "dist",
        "__pypackages__",
    )
)
SUFFIXES = (".py", ".pyi", ".pyw", ".sql")


@dataclass(frozen=True)
class Source:
    """A file that was read; `problem` says why not, if it could not be."""

    path: str
    data: bytes = b""
    problem: str | None = None

    @property
    def python(self) -> bool:
        """Whether it is Python."""
        return not self.path.endswith(".sql")

    @property
    def sql(self) -> bool:
        """Whether it is a script of SQL that was read."""
        return self.problem is None and not self.python


def discover(
    paths: Iterable[Path], *, exclude: Iterable[str] = (), top: Path | None = None
) -> Iterator[Source]:
    """Yield every file to read, in order; each once."""
    seen: set[str] = set()
    here = top or Path.cwd()
    patterns = tuple(exclude)
    for path in paths:
        found: Iterable[Path] = [path]
        if path.is_dir():
            ignored = (*patterns, *_gitignored(path))
            found = _below(path, path, ignored)
        for number, file in enumerate(found):
            if number >= MOST_FILES:
                yield Source(shown(path, here), problem=f"over {MOST_FILES} files")
                break
            name = shown(file, here)
            if name not in seen:
                seen.add(name)
                yield read(file, name)


def read(file: Path, name: str) -> Source:
    """Read one regular file, if it is not too large."""
    try:
        handle = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        return Source(name, problem=f"cannot be read ({error.strerror})")
    try:
        about = os.fstat(handle)
        if not stat.S_ISREG(about.st_mode):
            return Source(name, problem="is no regular file")
        if about.st_size > LARGEST_FILE:
            size = about.st_size >> 20
            return Source(name, problem=f"is larger than 4 MiB ({size} MiB)")
        with os.fdopen(handle, "rb", closefd=False) as stream:
            return Source(name, stream.read(LARGEST_FILE + 1))
    except OSError as error:
        return Source(name, problem=f"cannot be read ({error.strerror})")
    finally:
        os.close(handle)


def _below(folder: Path, top: Path, ignored: tuple[str, ...]) -> Iterator[Path]:
    stack = [folder]
    while stack:
        current = stack.pop()
        try:
            entries = sorted(os.scandir(current), key=lambda entry: entry.name)
        except OSError:
            continue
        folders: list[Path] = []
        for entry in entries:
            path = Path(entry.path)
            if _is_ignored(path.relative_to(top).as_posix(), entry.name, ignored):
                continue
            if entry.is_dir(follow_symlinks=False):
                if _is_source(path):
                    folders.append(path)
            elif entry.name.endswith(SUFFIXES) and entry.is_file(follow_symlinks=False):
                yield path
        stack.extend(reversed(folders))


def _is_source(folder: Path) -> bool:
    """Whether a folder may hold sources of the project itself."""
    if folder.name in SKIPPED or folder.name.startswith("."):
        return False
    return not (folder / "pyvenv.cfg").is_file()


def _is_ignored(relative: str, name: str, patterns: tuple[str, ...]) -> bool:
    return any(
        fnmatch.fnmatch(relative, pattern)
        or fnmatch.fnmatch(name, pattern)
        or relative.startswith(pattern.rstrip("/") + "/")
        for pattern in patterns
    )


def _gitignored(top: Path) -> tuple[str, ...]:
    """Read the folders that a `.gitignore` names; files may be tracked."""
    source = read(top / ".gitignore", ".gitignore")
    lines = source.data.decode("utf-8", "replace").splitlines()
    return tuple(
        line.strip("/")
        for line in map(str.strip, lines)
        if line.endswith("/") and not line.startswith(("#", "!")) and "**" not in line
    )


def shown(file: Path, here: Path) -> str:
    """A path as the person would name it: below the working directory, or whole."""
    try:
        return file.absolute().relative_to(here).as_posix()
    except ValueError:
        return file.as_posix()

"""Seed sets: named files of rows, the project's own and those of the package."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from random import Random

from tuxdb.errors import ConfigurationError, NotFound, UsageError
from tuxdb.seed.formats import READERS, RawTable
from tuxdb.settings import Settings

BUILT_IN = Path(__file__).parent / "sets"
COMMANDS = ("apply", "dump", "fake", "list", "status")
LARGEST_FILE = 64 * 1024 * 1024


@dataclass(frozen=True)
class SeedSet:
    """A file of rows under a name; `place` is how people are told of it."""

    name: str
    path: Path
    place: str
    built_in: bool
    content: bytes = field(repr=False)

    @property
    def content_hash(self) -> str:
        """Changes with the file."""
        return hashlib.sha256(self.content).hexdigest()

    def tables(self, random: Random) -> list[RawTable]:
        """Read the rows; raises UsageError with file and line."""
        return READERS[self.path.suffix](self.content, self.path, self.place, random)


@dataclass(frozen=True)
class SeedInfo:
    """What there is to know about a set without a database."""

    name: str
    tables: str
    rows: int
    source: str


class Library:
    """The seed sets that can be applied, by name."""

    def __init__(self, folder: Path | None) -> None:
        own = {} if folder is None else _read_folder(folder, built_in=False)
        self.sets = _read_folder(BUILT_IN, built_in=True) | own
        self._own = list(own)

    @classmethod
    def of(cls, settings: Settings) -> "Library":
        """The sets of the project that the settings belong to."""
        if settings.seeds is None:
            return cls(None)
        folder = settings.root / settings.seeds
        if folder.is_dir():
            return cls(folder)
        if str(settings.origin("seeds")) != "default":
            raise ConfigurationError(f"seeds: {settings.seeds} is not a folder")
        return cls(None)

    @property
    def usual(self) -> list[str]:
        """What is applied when no name is given: own sets, else the built-in ones."""
        return self._own or list(self.sets)

    def chosen(self, names: Sequence[str]) -> list[SeedSet]:
        """The sets of these names, or the usual ones; NotFound for another name."""
        for name in names:
            if name not in self.sets:
                near = get_close_matches(name, self.sets, 1)
                raise NotFound(
                    "seed set",
                    name,
                    hint=f"did you mean {near[0]!r}?" if near else "tuxdb seed list",
                )
        return [self.sets[name] for name in dict.fromkeys(names or self.usual)]

    def listing(self) -> list[SeedInfo]:
        """Every set with what is in it."""
        found = []
        for seed in self.sets.values():
            tables = seed.tables(Random(0))  # noqa: S311 - made-up data
            names = ",".join(dict.fromkeys(table.name for table in tables))
            rows = sum(len(table.rows) for table in tables)
            found.append(SeedInfo(seed.name, names, rows, seed.place))
        return found


def _read_folder(folder: Path, *, built_in: bool) -> dict[str, SeedSet]:
    found: dict[str, SeedSet] = {}
    for path in _files(folder):
        name = path.stem
        place = f"built-in {path.name}" if built_in else f"{folder.name}/{path.name}"
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", name) or name in COMMANDS:
            raise UsageError(f"{place}: no seed set can be called {name!r}")
        if name in found:
            raise UsageError(f"{place}: {found[name].place} has the same name")
        if path.suffix == ".py" and path.resolve().parent != folder.resolve():
            raise UsageError(f"{place}: leads out of the folder; it is not run")
        found[name] = SeedSet(name, path, place, built_in, _content(path, place))
    return found


def _content(path: Path, place: str) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise UsageError(f"{place}: cannot be read ({error.strerror})") from error
    if len(content) > LARGEST_FILE:
        raise UsageError(f"{place}: is larger than 64 MB, which is no seed any more")
    return content


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        hidden = path.name.startswith((".", "_"))
        if path.suffix in READERS and not hidden and path.is_file():
            yield path

"""The revision files as a graph, read as text: neither they nor Alembic are imported.

That is what makes `tuxdb migrate` with nothing to do cheap, and looking safe.
"""

import ast
import difflib
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import tuxdb
from tuxdb.errors import ConfigurationError, NotFound
from tuxdb.migrate.errors import BrokenHistory
from tuxdb.settings import Settings

BASE = "base"
HEAD = "head"
ATTRIBUTES = ("revision", "down_revision", "depends_on")
SHORTEST_PREFIX = 3


@dataclass(frozen=True)
class Revision:
    """One file. `transactional` is False where it leaves its transaction."""

    revision: str
    parents: tuple[str, ...]
    depends_on: tuple[str, ...]
    message: str
    doc: str
    path: Path
    checksum: str
    transactional: bool
    source: str = field(repr=False)

    @property
    def required(self) -> tuple[str, ...]:
        """What must be applied before it."""
        return (*self.parents, *self.depends_on)


class History:
    """All revisions of a folder, parents before children."""

    def __init__(self, folder: Path, revisions: Iterable[Revision]) -> None:
        self.folder = folder
        self._found = _by_id(list(revisions))
        self.revisions = _sorted(self._found)

    @classmethod
    def read(cls, folder: Path) -> "History":
        """Read a folder as Alembic lays it out; raises BrokenHistory."""
        versions = folder / "versions"
        place = versions if versions.is_dir() else folder
        if not place.is_dir():
            raise ConfigurationError(f"no folder of migrations at {folder}")
        files = sorted(place.glob("[!_.]*.py"))
        found = (_read(path) for path in files if path.name != "env.py")
        return cls(folder, (revision for revision in found if revision))

    def __contains__(self, revision: str) -> bool:
        return revision in self._found

    def __getitem__(self, revision: str) -> Revision:
        return self._found[revision]

    @cached_property
    def heads(self) -> tuple[str, ...]:
        """The revisions that no other one needs."""
        needed = {name for one in self.revisions for name in one.required}
        return tuple(r.revision for r in self.revisions if r.revision not in needed)

    @property
    def head(self) -> str | None:
        """The newest revision, None in an empty folder; raises if there are two."""
        if len(self.heads) > 1:
            raise BrokenHistory(
                f"{self.folder} has several heads: {', '.join(self.heads)}",
                hint="write a revision whose down_revision names all of them",
            )
        return self.heads[0] if self.heads else None

    def closure(self, revisions: Iterable[str]) -> frozenset[str]:
        """The revisions and everything below them; unknown ones are left out."""
        waiting = [name for name in revisions if name in self._found]
        reached: set[str] = set()
        while waiting:
            name = waiting.pop()
            if name not in reached:
                reached.add(name)
                waiting.extend(self._found[name].required)
        return frozenset(reached)

    def unknown(self, revisions: Iterable[str]) -> list[str]:
        """Those that have no file."""
        return sorted(name for name in revisions if name not in self._found)

    def pending(self, versions: Iterable[str], target: str | None) -> list[Revision]:
        """What has to be applied to get to a revision, in order."""
        have = self.closure(versions)
        wanted = self.closure([target] if target else [])
        return [r for r in self.revisions if r.revision in wanted - have]

    def above(self, versions: Iterable[str], target: str | None) -> list[Revision]:
        """What has to be taken back to get down to a revision, newest first."""
        have = self.closure(versions)
        kept = self.closure([target] if target else [])
        return [r for r in reversed(self.revisions) if r.revision in have - kept]

    def resolve(self, word: str, versions: Iterable[str] = ()) -> str | None:
        """The revision that a person means; None is base.

        `head`, `base`, a revision, the start of one, `+N` and `-N` from where the
        database is.
        """
        if word in (HEAD, "heads"):
            return self.head
        if word == BASE:
            return None
        if word in self._found:
            return word
        if re.fullmatch(r"[+-][0-9]{1,6}", word):
            return self._relative(int(word), tuple(versions))
        return self._by_prefix(word)

    def after(self, versions: Iterable[str], applied: Revision) -> frozenset[str]:
        """The content of alembic_version once a revision was applied."""
        left = frozenset(versions) - frozenset(applied.required)
        return left | {applied.revision}

    def before(self, versions: Iterable[str], taken_back: Revision) -> frozenset[str]:
        """The content of alembic_version once a revision was taken back."""
        left = frozenset(versions) - {taken_back.revision}
        covered = self.closure(left)
        return left | {name for name in taken_back.required if name not in covered}

    def _relative(self, steps: int, versions: tuple[str, ...]) -> str | None:
        have = self.closure(versions)
        line = [r.revision for r in self.revisions if r.revision in have]
        line += [r.revision for r in self.revisions if r.revision not in have]
        place = len(have) + steps
        if not 0 <= place <= len(line):
            raise NotFound("revision", f"{steps:+d} from here", hint=HISTORY_HINT)
        return line[place - 1] if place else None

    def _by_prefix(self, word: str) -> str:
        found = [name for name in self._found if name.startswith(word)]
        if len(found) == 1 and len(word) >= SHORTEST_PREFIX:
            return found[0]
        near = difflib.get_close_matches(word, [HEAD, BASE, *self._found], 1)
        hint = f"did you mean {near[0]!r}?" if near else HISTORY_HINT
        raise NotFound("revision", word, hint=hint)


HISTORY_HINT = "tuxdb migrate history"


def migrations_folder(settings: Settings | None = None) -> Path:
    """The configured folder, else the one that came with the package.

    A wheel has it inside the package, a checkout beside it.
    """
    if settings is not None and settings.migrations is not None:
        return settings.root / settings.migrations
    package = Path(tuxdb.__file__).parent
    inside = package / "migrations"
    return inside if inside.is_dir() else package.parent / "migrations"


def checksum(source: str) -> str:
    """Identify a file's content; line ends and trailing blanks do not count."""
    lines = (line.rstrip() for line in source.strip().splitlines())
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _read(path: Path) -> Revision | None:
    try:
        source = path.read_text(encoding="utf-8")
        tree = ast.parse(source)
    except (OSError, ValueError, SyntaxError) as error:
        raise BrokenHistory(f"{path}: cannot be read as Python") from error
    found = _assignments(tree)
    if "revision" not in found:
        return None
    values = {name: _constant(path, name, found.get(name)) for name in ATTRIBUTES}
    if len(values["revision"]) != 1:
        raise BrokenHistory(f"{path}: revision is not one text")
    doc = ast.get_docstring(tree) or ""
    return Revision(
        revision=values["revision"][0],
        parents=values["down_revision"],
        depends_on=values["depends_on"],
        message=_message(doc, path),
        doc=doc,
        path=path,
        checksum=checksum(source),
        transactional="autocommit_block" not in source,
        source=source,
    )


def _assignments(tree: ast.Module) -> Mapping[str, ast.expr]:
    found: dict[str, ast.expr] = {}
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        if isinstance(node, ast.AnnAssign) and node.value is not None:
            targets = [node.target]
        for target in targets:
            if isinstance(target, ast.Name) and target.id in ATTRIBUTES:
                found[target.id] = node.value  # type: ignore[attr-defined]
    return found


def _constant(path: Path, name: str, node: ast.expr | None) -> tuple[str, ...]:
    try:
        value = ast.literal_eval(node) if node is not None else None
    except ValueError as error:
        raise BrokenHistory(f"{path}: {name} is not a literal") from error
    values = [value] if isinstance(value, str | None) else value
    if not isinstance(values, list | tuple | set) or not all(
        isinstance(item, str | None) for item in values
    ):
        raise BrokenHistory(f"{path}: {name} is neither a text nor a list of texts")
    return tuple(item for item in values if item)


def _message(doc: str, path: Path) -> str:
    first = doc.strip().partition("\n")[0].strip().removesuffix(".")
    return first or path.stem


def _by_id(revisions: list[Revision]) -> dict[str, Revision]:
    found: dict[str, Revision] = {}
    for revision in revisions:
        other = found.setdefault(revision.revision, revision)
        if other is not revision:
            raise BrokenHistory(
                f"revision {revision.revision} is in two files: "
                f"{other.path.name} and {revision.path.name}"
            )
    for revision in revisions:
        for name in revision.required:
            if name not in found:
                raise BrokenHistory(
                    f"{revision.path.name} builds on revision {name}, which has no file"
                )
    return found


def _sorted(found: Mapping[str, Revision]) -> tuple[Revision, ...]:
    graph = {name: found[name].required for name in sorted(found)}
    try:
        order = tuple(TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise BrokenHistory(
            f"revisions build on each other in a circle: {', '.join(error.args[1])}"
        ) from error
    return tuple(found[name] for name in order)

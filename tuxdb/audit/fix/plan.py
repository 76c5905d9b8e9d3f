"""Which calls are fixed, and the files that come of it; nothing is written here."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePath

from tuxdb.audit.fix.edits import Edit, FileEdit, edited, overlap
from tuxdb.audit.fix.imports import added, after_imports
from tuxdb.audit.fix.place import Misplaced
from tuxdb.audit.fix.results import Unservable
from tuxdb.audit.fix.rewrite import Conversion, Fix, Refusal, rewrite
from tuxdb.audit.fix.session import NoSession, SessionSource, recognised
from tuxdb.audit.fix.source import NotEditable, Source
from tuxdb.audit.sites import RawQuery

CANNOT = (Misplaced, Unservable, NoSession, NotEditable)


@dataclass(frozen=True)
class FixOptions:
    """What the fixes may be, and what the project is.

    `sources` are the files by their path, as they are stored; every file with a call,
    and those in which a way to open a session is looked for. `session` is the
    configured expression, or None to look for one.
    """

    sources: Mapping[str, bytes]
    session: str | None = None
    session_imports: tuple[str, ...] = ()
    unsafe: bool = False
    repository: bool = False

    @cached_property
    def opener(self) -> SessionSource | None:
        """How the project opens a session; raises NoSession."""
        if self.session:
            return SessionSource.configured(self.session, self.session_imports)
        return recognised(self.sources)

    def packages(self) -> frozenset[str]:
        """The top-level names of the project itself."""
        return frozenset(
            PurePath(path).parts[0].removesuffix(".py") for path in self.sources
        )


@dataclass
class Plan:
    """The files as they would be, and what was decided for each call."""

    files: list[FileEdit] = field(default_factory=list)
    outcomes: dict[RawQuery, Fix | Refusal] = field(default_factory=dict)
    applied: list[Fix] = field(default_factory=list)


def plan_fixes(
    queries: Sequence[RawQuery],
    conversions: Mapping[RawQuery, Conversion],
    options: FixOptions,
) -> list[FileEdit]:
    """The edits of every file that has fixes to make."""
    return plan(queries, conversions, options).files


def plan(
    queries: Sequence[RawQuery],
    conversions: Mapping[RawQuery, Conversion],
    options: FixOptions,
) -> Plan:
    """Decide for every call, and put together what is to be changed."""
    made = Plan()
    packages = options.packages()
    for path in dict.fromkeys(query.path for query in queries):
        here = [query for query in queries if query.path == path]
        try:
            source = Source.of(path, options.sources[path], packages)
            _file(made, source, here, conversions, options)
        except NotEditable as error:
            for query in here:
                made.outcomes.setdefault(query, Refusal(query, str(error)))
    return made


def _file(
    made: Plan,
    source: Source,
    queries: Sequence[RawQuery],
    conversions: Mapping[RawQuery, Conversion],
    options: FixOptions,
) -> None:
    opener = options.opener
    crowded = _crowded(source, queries)
    for query in queries:
        made.outcomes[query] = _decide(
            source, query, conversions.get(query), opener, crowded
        )
    chosen: list[Fix] = []
    for query in queries:
        fix = made.outcomes[query]
        if isinstance(fix, Fix) and (fix.safe or options.unsafe):
            if overlap([*_own(chosen), *fix.edits]):
                made.outcomes[query] = Refusal(query, "another fix touches its code")
            else:
                chosen.append(fix)
    if chosen:
        made.files.append(edited(source, _edits(source, chosen)))
        made.applied += chosen


def _decide(
    source: Source,
    query: RawQuery,
    conversion: Conversion | None,
    opener: SessionSource | None,
    crowded: frozenset[int],
) -> Fix | Refusal:
    if conversion is None:
        return Refusal(query, "nothing is known to replace it")
    try:
        call = source.tree.call(query)
        if call is not None and id(source.tree.statement(call)) in crowded:
            raise Misplaced("another raw call is in the same statement")
        return rewrite(source, query, conversion, opener, _module(source.path))
    except CANNOT as error:
        return Refusal(query, str(error))


def _crowded(source: Source, queries: Sequence[RawQuery]) -> frozenset[int]:
    """The statements with more than one raw call: one fix would hide the other."""
    calls = [source.tree.call(query) for query in queries]
    counted = Counter(id(source.tree.statement(call)) for call in calls if call)
    return frozenset(number for number, count in counted.items() if count > 1)


def _edits(source: Source, fixes: Sequence[Fix]) -> list[Edit]:
    edits = added(source, [one for fix in fixes for one in fix.imports])
    lines = list(dict.fromkeys(line for fix in fixes for line in fix.definitions))
    text = source.data.decode()
    missing = [line for line in lines if line not in text]
    if missing:
        at = after_imports(source)
        edits.append(Edit(at, at, "\n" + "\n".join(missing) + "\n"))
    return [*edits, *_own(fixes)]


def _own(fixes: Sequence[Fix]) -> list[Edit]:
    return [edit for fix in fixes for edit in fix.edits]


def _module(path: str) -> str:
    return ".".join(PurePath(path).with_suffix("").parts)

"""Which calls are fixed, and the files that come of it; nothing is written here."""

import ast
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePath

from tuxdb.audit.fix.bind import binding_fix
from tuxdb.audit.fix.binding import Unbindable
from tuxdb.audit.fix.code import Shared
from tuxdb.audit.fix.edits import Edit, FileEdit, edited, overlap
from tuxdb.audit.fix.imports import added, after_imports
from tuxdb.audit.fix.layout import assigned
from tuxdb.audit.fix.outcomes import Conversion, Fix, Refusal
from tuxdb.audit.fix.place import Misplaced
from tuxdb.audit.fix.results import Unservable
from tuxdb.audit.fix.rewrite import rewrite
from tuxdb.audit.fix.session import NoSession, SessionSource, recognised
from tuxdb.audit.fix.source import NotEditable, Source
from tuxdb.audit.sites import RawQuery

CANNOT = (Misplaced, Unservable, NoSession, NotEditable, Unbindable)


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
    shared = Shared(module=_module(source.path))
    chosen: list[Fix] = []
    for query in queries:
        known = conversions.get(query)
        alone = not _calls_of(source, query) & crowded
        fix = _decide(source, query, known, opener, shared, alone=alone)
        if isinstance(fix, Fix) and (fix.safe or options.unsafe):
            if overlap([*_own(chosen), *fix.edits]):
                fix = Refusal(query, "another fix touches its code")
            else:
                chosen.append(fix)
                shared.keep(fix.imports, fix.definitions)
        made.outcomes[query] = fix
    if chosen:
        made.files.append(edited(source, _edits(source, chosen)))
        made.applied += chosen


def _decide(
    source: Source,
    query: RawQuery,
    conversion: Conversion | None,
    opener: SessionSource | None,
    shared: Shared,
    *,
    alone: bool,
) -> Fix | Refusal:
    reason = "nothing is known to replace it"
    rewritten = None
    try:
        if not alone:
            raise Misplaced("another raw call is in the same statement")
        if conversion is not None:
            rewritten = rewrite(source, query, conversion, opener, shared)
    except CANNOT as error:
        reason = str(error)
    if rewritten is not None and rewritten.safe:
        return rewritten
    if query.classified != "unsafe":
        return rewritten or Refusal(query, reason)
    try:
        bound = binding_fix(source, query, conversion.types if conversion else ())
    except CANNOT as error:
        return rewritten or Refusal(query, str(error))
    return rewritten if rewritten and bound.unsafe else bound


def _crowded(source: Source, queries: Sequence[RawQuery]) -> set[int]:
    """The statements with more than one raw call: one fix would hide the other."""
    counted = Counter(n for query in queries for n in _calls_of(source, query))
    return {number for number, count in counted.items() if count > 1}


def _calls_of(source: Source, query: RawQuery) -> set[int]:
    """Name the statement of a call, if it is found."""
    call = source.tree.call(query)
    return set() if call is None else {id(source.tree.statement(call))}


def _edits(source: Source, fixes: Sequence[Fix]) -> list[Edit]:
    edits = added(source, [one for fix in fixes for one in fix.imports])
    lines = dict.fromkeys(line for fix in fixes for line in fix.definitions)
    have = {ast.dump(node) for node in source.tree.module.body}
    missing = [line for line in lines if ast.dump(ast.parse(line).body[0]) not in have]
    if missing:
        at = after_imports(source)
        laid = [assigned(*_sides(line), "") for line in missing]
        text = "\n" + "\n".join(laid) + "\n"
        before = [edit for edit in edits if edit.start == edit.end == at]
        edits = [edit for edit in edits if edit not in before]
        first = "".join(edit.text for edit in before)
        edits.append(Edit(at, at, first + text))
    return [*edits, *_own(fixes)]


def _sides(line: str) -> tuple[str, str]:
    """The two sides of an assignment."""
    name, _, value = line.partition(" = ")
    return f"{name} = ", value


def _own(fixes: Sequence[Fix]) -> list[Edit]:
    return [edit for fix in fixes for edit in fix.edits]


def _module(path: str) -> str:
    return ".".join(PurePath(path).with_suffix("").parts)

"""Which calls are fixed, and the files that come of it; nothing is written here."""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property

from tuxdb.audit.fix.bind import binding_fix
from tuxdb.audit.fix.binding import Unbindable
from tuxdb.audit.fix.code import Shared, defined
from tuxdb.audit.fix.edits import Edit, FileEdit, overlap
from tuxdb.audit.fix.imports import added, after_imports
from tuxdb.audit.fix.layout import assigned
from tuxdb.audit.fix.outcomes import Conversion, Fix, Refusal
from tuxdb.audit.fix.place import Misplaced
from tuxdb.audit.fix.project import module_of, packages_of, root_of
from tuxdb.audit.fix.repository import Method, Repositories, folder_of
from tuxdb.audit.fix.results import Unservable
from tuxdb.audit.fix.rewrite import rewrite
from tuxdb.audit.fix.session import NoSession, SessionSource, recognised
from tuxdb.audit.fix.source import NotEditable, Source
from tuxdb.audit.fix.unused import without_text
from tuxdb.audit.sites import RawQuery
from tuxdb.audit.sqltext import DDL, first_word

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
    repositories: str = ""  # the folder for new ones

    @cached_property
    def opener(self) -> SessionSource | None:
        """How the project opens a session; raises NoSession."""
        if self.session:
            return SessionSource.configured(self.session, self.session_imports)
        return recognised(self.sources)

    @cached_property
    def root(self) -> str:
        """The folder that the project's modules are imported from."""
        return root_of(self.sources)

    @cached_property
    def packages(self) -> frozenset[str]:
        """The top-level names of the project itself."""
        return packages_of(self.sources, self.root)


@dataclass
class Plan:
    """The files as they would be, and what was decided for each call."""

    files: list[FileEdit] = field(default_factory=list)
    outcomes: dict[RawQuery, Fix | Refusal] = field(default_factory=dict)
    applied: list[Fix] = field(default_factory=list)


def plan(
    queries: Sequence[RawQuery],
    conversions: Mapping[RawQuery, Conversion],
    options: FixOptions,
) -> Plan:
    """Decide for every call, and put together what is to be changed."""
    made = Plan()
    packages = options.packages
    sources: dict[str, Source] = {}
    for path in dict.fromkeys(query.path for query in queries):
        here = [query for query in queries if query.path == path]
        try:
            sources[path] = Source.of(path, options.sources[path], packages)
            _ = sources[path].tree
        except NotEditable as error:
            for query in here:
                made.outcomes[query] = Refusal(query, str(error))
            sources.pop(path, None)
    repositories = _repositories(options, packages) if options.repository else None
    chosen: dict[str, list[Fix]] = {}
    for path, source in sources.items():
        here = [query for query in queries if query.path == path]
        shared = Shared(module_of(path, options.root), repositories)
        known = {query: conversions.get(query) for query in here}
        chosen[path] = _chosen(made, source, known, options, shared)
    _write(made, sources, chosen, options)
    return made


def _repositories(options: FixOptions, packages: frozenset[str]) -> Repositories:
    found = []
    for path, data in options.sources.items():
        if b"Repository" in data:
            with suppress(NotEditable):
                source = Source.of(path, data, packages)
                _ = source.tree
                found.append(source)
    folder = options.repositories or folder_of(options.sources, options.root)
    return Repositories(found, folder, options.root, packages)


def _chosen(
    made: Plan,
    source: Source,
    conversions: Mapping[RawQuery, Conversion | None],
    options: FixOptions,
    shared: Shared,
) -> list[Fix]:
    """Decide for the calls of a file, and return the fixes to make."""
    crowded = _crowded(source, list(conversions))
    chosen: list[Fix] = []
    for query, known in conversions.items():
        alone = not _calls_of(source, query) & crowded
        fix = _decide(source, query, known, options, shared, alone=alone)
        if isinstance(fix, Fix) and (fix.safe or options.unsafe):
            if overlap([*_own(chosen), *fix.edits]):
                fix = Refusal(query, "another fix touches its code")
            else:
                chosen.append(fix)
                shared.keep(fix.imports, fix.definitions)
                if fix.method is not None:
                    fix.method.keep()
        made.outcomes[query] = fix
    return chosen


def _write(
    made: Plan,
    sources: Mapping[str, Source],
    chosen: Mapping[str, list[Fix]],
    options: FixOptions,
) -> None:
    """Put the edits of each file together, those of repositories as well."""
    methods = [fix.method for fixes in chosen.values() for fix in fixes if fix.method]
    repositories = {one.repository.source.path: one.repository for one in methods}
    for path in dict.fromkeys((*sources, *repositories)):
        fixes = chosen.get(path, [])
        repository = repositories.get(path)
        here = [one for one in methods if one.repository is repository]
        if not fixes and repository is None:
            continue
        source = sources[path] if repository is None else repository.source
        needs: list[Fix | Method] = [*fixes, *here]
        edits = [*above(source, needs), *_own(fixes)]
        if repository is not None:
            edits.append(repository.edit())
        try:
            file = without_text(source, edits, options.sources)
        except NotEditable as error:
            for fix in fixes:
                made.outcomes[fix.query] = Refusal(fix.query, str(error))
            continue
        new = repository is not None and repository.new
        made.files.append(replace(file, before=None) if new else file)
        made.applied += fixes


def _decide(
    source: Source,
    query: RawQuery,
    conversion: Conversion | None,
    options: FixOptions,
    shared: Shared,
    *,
    alone: bool,
) -> Fix | Refusal:
    reason = _unknown(query)
    rewritten = None
    try:
        if not alone:
            raise Misplaced("another raw call is in the same statement")
        if conversion is not None:
            rewritten = rewrite(source, query, conversion, options.opener, shared)
    except CANNOT as error:
        reason = str(error)
    if rewritten is not None and (rewritten.safe or options.unsafe):
        return rewritten
    if query.classified != "unsafe":
        return rewritten or Refusal(query, reason)
    try:
        bound = binding_fix(source, query, conversion.types if conversion else ())
    except CANNOT as error:
        return rewritten or Refusal(query, str(error))
    return rewritten if rewritten and bound.unsafe else bound


def _unknown(query: RawQuery) -> str:
    """Why a call has no conversion."""
    if query.text is None or query.variants:
        return "its statement is not known from the source"
    if query.dialect in ("mysql", "sqlite"):
        return "it runs on another database"
    if first_word(query.text) in DDL:
        return "it changes the schema, which belongs into a migration"
    return "no schema was asked, or it does not accept the statement"


def _crowded(source: Source, queries: Sequence[RawQuery]) -> set[int]:
    """The statements with more than one raw call: one fix would hide the other."""
    counted = Counter(n for query in queries for n in _calls_of(source, query))
    return {number for number, count in counted.items() if count > 1}


def _calls_of(source: Source, query: RawQuery) -> set[int]:
    """Name the statement of a call, if it is found."""
    call = source.tree.call(query)
    return set() if call is None else {id(source.tree.statement(call))}


def above(source: Source, needs: Sequence[Fix | Method]) -> list[Edit]:
    """The imports and definitions at the top of a file."""
    edits = added(source, [one for need in needs for one in need.imports])
    lines = dict.fromkeys(line for need in needs for line in need.definitions)
    missing = [line for line in lines if not defined(source.tree, line)]
    if missing:
        at = after_imports(source)
        laid = [assigned(*_sides(line), "") for line in missing]
        text = "\n" + "\n".join(laid) + "\n"
        before = [edit for edit in edits if edit.start == edit.end == at]
        edits = [edit for edit in edits if edit not in before]
        first = "".join(edit.text for edit in before)
        edits.append(Edit(at, at, first + text))
    return edits


def _sides(line: str) -> tuple[str, str]:
    """The two sides of an assignment."""
    name, _, value = line.partition(" = ")
    return f"{name} = ", value


def _own(fixes: Sequence[Fix]) -> list[Edit]:
    return [edit for fix in fixes for edit in fix.edits]

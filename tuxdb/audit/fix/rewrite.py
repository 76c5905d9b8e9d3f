"""A raw call becomes a session, a statement and the result that the function needs."""

import ast
from dataclasses import dataclass, field, replace

from tuxdb.audit.fix.bind import arguments
from tuxdb.audit.fix.code import Code, Shared, code_at
from tuxdb.audit.fix.edits import Edit
from tuxdb.audit.fix.errors import translated
from tuxdb.audit.fix.imports import Import
from tuxdb.audit.fix.layout import STEP, assigned
from tuxdb.audit.fix.names import fresh, taken_at
from tuxdb.audit.fix.outcomes import Conversion, Fix
from tuxdb.audit.fix.place import Misplaced, Place, connection_problem, place
from tuxdb.audit.fix.results import Access, access
from tuxdb.audit.fix.session import SessionSource
from tuxdb.audit.fix.source import Source
from tuxdb.audit.fix.writes import commits
from tuxdb.audit.sites import RawQuery
from tuxdb.audit.sql.results import Unsupported
from tuxdb.audit.sqltext import verb

STATUS = {"INSERT": "INSERT 0 {}", "UPDATE": "UPDATE {}", "DELETE": "DELETE {}"}
UNSYNCHRONISED = '{"synchronize_session": False}'
BEYOND_PYTHON = ("select(", "func.", ".op(", "exists(", "any_(", "literal_column(")
HOISTED = {"fetch": "rows", "fetchrow": "row", "fetchval": "value", "execute": "status"}


def rewrite(
    source: Source,
    query: RawQuery,
    conversion: Conversion,
    session: SessionSource | None,
    shared: Shared,
) -> Fix:
    """Write the replacement of a call; raises Misplaced and its like."""
    converted = conversion.converted
    if isinstance(converted, Unsupported):
        raise Misplaced(f"no SQLAlchemy for it: {converted.reason}")
    if session is None:
        raise Misplaced(NO_SESSION)
    if query.variants:
        raise Misplaced("it runs one of several statements")
    where = place(source, query)
    how = access(query, converted)
    connection = connection_problem(source.tree, where.call, query.receiver)
    if connection:
        raise Misplaced(connection)
    opened = session.at(source.tree, where.call, query.receiver)
    args, doubts = arguments(source, query, where.call, conversion.types)
    if how.entity:
        converted = replace(converted, expression=converted.entity or "")
    code = code_at(converted, args, source.tree, where.call, shared)
    text = conversion.text or query.text or ""
    taken = set(taken_at(source.tree, where.call))
    block = Block(where, how, code, opened, text, taken)
    written = block.write(HOISTED[query.method])
    caught = translated(source, where.call)
    edits = (*_edits(source, where, written, block.outside), *caught.edits)
    unsafe = [*doubts, *how.unsafe, *converted.changes, *caught.unsafe]
    if not conversion.proof.holds:
        unsafe.append(f"not proved: {conversion.proof.reason or 'no proof'}")
    needed = tuple(Import.of(line) for line in session.imports)
    return Fix(
        query,
        "rewrite",
        edits,
        (*code.imports, *needed, *caught.imports),
        code.definitions,
        tuple(dict.fromkeys(unsafe)),
        written,
    )


NO_SESSION = (
    "it is not known how the project opens a session: "
    'set session = "…" under [tool.tuxdb.audit]'
)


@dataclass
class Block:
    """The lines of a replacement under way, and the names that it uses."""

    where: Place
    how: Access
    code: Code
    opened: str
    text: str
    taken: set[str]
    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.taken |= {one.local for one in self.code.imports} | _names(self.code)
        self.session = self._free("session", "db_session")
        self.stmt = self._free("stmt", "statement")
        self.result = self._free("result")
        self.outside = ""  # the name that holds the result after the block

    def write(self, wanted: str) -> str:
        """The block, without the end of its last line; raises Misplaced."""
        if self.where.form == "hoisted" and self.how.kind != "none":
            self.outside = self._free(wanted, f"found_{wanted}")
        for line in self.code.setup:
            name, _, value = line.partition(" = ")
            self._assign(name, value)
        self._assign(self.stmt, self.code.expression)
        self._finish()
        head = f"{self.where.indent}async with {self.opened} as {self.session}:"
        return "\n".join([head, *self.lines])

    def _finish(self) -> None:
        """Run the statement, keep what is needed of its result, commit."""
        options = f", execution_options={UNSYNCHRONISED}" if self._complex() else ""
        execute = f"await {self.session}.execute({self.stmt}{options})"
        commit = [f"await {self.session}.commit()"] if commits(self.text) else []
        if self.how.kind == "none":
            self._add(execute, *commit)
            return
        value = f"await {self.session}.scalar({self.stmt})"
        if self.how.kind != "scalar":
            self._add(f"{self.result} = {execute}")
            value = self._value()
        if self.where.form != "returned":
            target = self.where.target or f"{self.outside} = "
            self._add(f"{target}{value}", *commit)
        elif commit and self.how.kind != "status":
            self._add(f"{self.result} = {value}", *commit, f"return {self.result}")
        else:
            self._add(*commit, f"return {value}")

    def _complex(self) -> bool:
        """Whether SQLAlchemy would add RETURNING, to bring objects up to date."""
        if verb(self.text) not in ("UPDATE", "DELETE"):
            return False
        return any(word in self.code.expression for word in BEYOND_PYTHON)

    def _value(self) -> str:
        """What is kept of the result; raises Misplaced."""
        if self.how.kind == "rows":
            return f"{self.result}{self.how.code}"
        known = STATUS.get(verb(self.text))
        if known is None:
            raise Misplaced("its status is used, and is not that of a change of rows")
        return 'f"' + known.format(f"{{{self.result}.rowcount}}") + '"'

    def _assign(self, name: str, code: str) -> None:
        inner = self.where.indent + STEP
        self.lines.append(assigned(f"{name} = ", code, inner))

    def _add(self, *lines: str) -> None:
        self.lines += [f"{self.where.indent}{STEP}{line}" for line in lines]

    def _free(self, *wanted: str) -> str:
        name = fresh(wanted, self.taken)
        self.taken.add(name)
        return name


def _edits(source: Source, where: Place, block: str, outside: str) -> tuple[Edit, ...]:
    """Put the block in place of the statement, or before it."""
    start = source.starts[where.statement.lineno - 1]
    if where.form == "hoisted":
        begin, end = source.bounds(where.value)
        above = _comments(source, begin, end, where.indent)
        first = Edit(start, start, f"{above}{block}\n")
        return (first, Edit(begin, end, outside))
    begin, end = source.bounds(where.statement)
    above = _comments(source, begin, end, where.indent)
    return (Edit(start, end, above + block),)


def _comments(source: Source, begin: int, end: int, indent: str) -> str:
    return "".join(f"{indent}{text}\n" for text in source.comments(begin, end))


def _names(code: Code) -> set[str]:
    lines = "\n".join((*code.setup, code.expression))
    return {
        node.id for node in ast.walk(ast.parse(lines)) if isinstance(node, ast.Name)
    }

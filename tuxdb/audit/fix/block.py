"""The block that opens a session, runs a statement and keeps what is needed of it."""

import ast
from dataclasses import dataclass, field

from tuxdb.audit.fix.code import Code
from tuxdb.audit.fix.layout import STEP, assigned
from tuxdb.audit.fix.names import fresh
from tuxdb.audit.fix.outcomes import Conversion
from tuxdb.audit.fix.place import Misplaced, Place
from tuxdb.audit.fix.results import Access
from tuxdb.audit.fix.writes import commits
from tuxdb.audit.sites import RawQuery
from tuxdb.audit.sql.results import Converted
from tuxdb.audit.sqltext import verb

STATUS = {"INSERT": "INSERT 0 {}", "UPDATE": "UPDATE {}", "DELETE": "DELETE {}"}
UNSYNCHRONISED = '{"synchronize_session": False}'
BEYOND_PYTHON = ("select(", "func.", ".op(", "exists(", "any_(", "literal_column(")


@dataclass(frozen=True)
class Call:
    """A raw call about to be replaced: where it is, what it needs, what is known."""

    query: RawQuery
    where: Place
    how: Access
    opened: str
    args: tuple[str, ...]
    conversion: Conversion

    @property
    def converted(self) -> Converted:
        """The replacement of its statement; raises Misplaced."""
        if not isinstance(self.conversion.converted, Converted):
            raise Misplaced(f"no SQLAlchemy for it: {self.conversion.converted.reason}")
        return self.conversion.converted

    @property
    def text(self) -> str:
        """The statement, with `$n` for what was interpolated."""
        return self.conversion.text or self.query.text or ""


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


def _names(code: Code) -> set[str]:
    lines = "\n".join((*code.setup, code.expression))
    return {
        node.id for node in ast.walk(ast.parse(lines)) if isinstance(node, ast.Name)
    }

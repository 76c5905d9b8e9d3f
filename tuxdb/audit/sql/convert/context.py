"""What the parts of a conversion share: names in use, imports, arguments."""

import keyword
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from tuxdb.audit.sql import pgtypes
from tuxdb.audit.sql.catalogue import Catalogue, Relation
from tuxdb.audit.sql.mapping.model import ModelSource
from tuxdb.audit.sql.results import ARGUMENT, Checked

POSTGRESQL = "sqlalchemy.dialects.postgresql"
JSONS = frozenset({"json", "jsonb"})
_WORD = re.compile(r"\W+")


class CannotConvert(Exception):
    """A construct has no sure equivalent; becomes `Unsupported`."""

    def __init__(self, reason: str, construct: str = "construct") -> None:
        super().__init__(reason)
        self.reason, self.construct = reason, construct


@dataclass
class Context:
    """One conversion under way."""

    catalogue: Catalogue
    models: dict[tuple[str, str], ModelSource]
    checked: Checked
    not_null: frozenset[int]
    taken: frozenset[str]
    imports: dict[str, None] = field(default_factory=dict)
    setup: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    definitions: dict[str, None] = field(default_factory=dict)
    used_models: dict[str, None] = field(default_factory=dict)
    used_tables: dict[str, None] = field(default_factory=dict)
    plain: set[str] = field(default_factory=set)  # tables that stand for themselves
    plain_ctes: set[str] = field(default_factory=set)
    changes: dict[str, None] = field(default_factory=dict)
    occurrences: dict[str, int] = field(default_factory=dict)  # of tables

    def use(self, name: str, module: str = "sqlalchemy") -> str:
        """Import a name of SQLAlchemy's; through its module where the name is taken."""
        if name in self.taken:
            parent, _, last = module.rpartition(".")
            if not parent:
                self.imports["import sqlalchemy as sa"] = None
                return f"sa.{name}"
            self.imports[f"from {parent} import {last}"] = None
            return f"{last}.{name}"
        self.imports[f"from {module} import {name}"] = None
        return name

    def type_source(self, name: str) -> str:
        """A type of the server as SQLAlchemy source."""
        try:
            found = pgtypes.source(name, self.catalogue.enums)
        except pgtypes.UnknownType as error:
            raise CannotConvert(f"SQLAlchemy has no type {error}", "type") from error
        code = found.code
        for line in found.imports:
            _, module, _, type_name = line.split(" ")
            used = self.use(type_name, module)
            code = re.sub(rf"\b{type_name}\b", used, code, count=1)
        return code

    def bind(self, wanted: str, code: str) -> str:
        """Add a setup line that gives a name to a part; returns the name."""
        name = self.free(wanted)
        self.setup.append(f"{name} = {code}")
        self.names.append(name)
        return name

    def free(self, wanted: str) -> str:
        """A Python name that nothing else has here."""
        base = identifier(wanted)
        name, number = base, 1
        while name in self.taken or name in self.names or self._is_imported(name):
            number += 1
            name = f"{base}_{number}"
        return name

    def parameter_type(self, number: int) -> str:
        """The type that the server gives a parameter."""
        if number > len(self.checked.parameters):
            raise CannotConvert(f"${number} is not a parameter", "parameter")
        return self.checked.parameters[number - 1]

    def argument(self, number: int) -> str:
        """The stand-in for the caller's argument."""
        return f"{ARGUMENT}{number}"

    def literal(self, number: int, type_name: str | None = None) -> str:
        """An argument as an expression of a stated type, even when it is None."""
        wanted = type_name or self.parameter_type(number)
        if wanted.removesuffix("[]") in JSONS:
            self.changes["a JSON argument is sent as text"] = None
            return self._as_text(number, wanted)
        try:
            code = self.type_source(wanted)
        except CannotConvert:
            return self._as_text(number, wanted)
        return f"{self.use('literal')}({self.argument(number)}, {code})"

    def _as_text(self, number: int, type_name: str) -> str:
        """An argument of a type that only the server knows, handed on as it is."""
        fragment = f"CAST(:p{number} AS {type_name})"
        bound = f"bindparams(p{number}={self.argument(number)})"
        return f"{self.use('text')}({fragment!r}).{bound}"

    def model(self, relation: Relation) -> ModelSource | None:
        """The project's class for a table, if there is one."""
        schema = "" if relation.schema == "public" else relation.schema
        return self.models.get((schema, relation.name))

    def _is_imported(self, name: str) -> bool:
        return any(line.endswith(f" {name}") for line in self.imports) or any(
            line.startswith(f"{name} = ") for line in self.definitions
        )


def identifier(name: str) -> str:
    """A Python name for an SQL one."""
    word = _WORD.sub("_", name).strip("_") or "part"
    word = f"_{word}" if word[0].isdigit() else word
    return f"{word}_" if keyword.iskeyword(word) else word


def attribute(owner: str, name: str) -> str:
    """Reach a column of a table or an alias, whatever its name."""
    hidden = name in (
        "keys",
        "values",
        "items",
        "get",
        "contains_column",
        "as_readonly",
    )
    if name.isidentifier() and not keyword.iskeyword(name) and not hidden:
        return f"{owner}.c.{name}"
    return f"{owner}.c[{name!r}]"


def calls(name: str, arguments: Sequence[str]) -> str:
    """Write a call."""
    return f"{name}({', '.join(arguments)})"

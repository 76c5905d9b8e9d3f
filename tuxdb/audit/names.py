"""What names and attributes hold: locals, constants of the module and of classes."""

import ast
from collections.abc import Mapping
from dataclasses import replace

from tuxdb.audit.module import FunctionInfo, Module, dotted
from tuxdb.audit.values import Value, literal, merged, unknown

MOST_CONSTANTS = 200
INT_ATTRIBUTES = ("id", "count", "year", "month", "day", "size", "position")
INPUT_ATTRIBUTES = ("content", "clean_content", "argument", "custom_id")


class Names:
    """The part of the evaluator that looks names up."""

    module: Module
    function: FunctionInfo | None
    _busy: set[str]

    def value(self, node: ast.expr, env: Mapping[str, Value]) -> Value:
        """Evaluate an expression; see Evaluator."""
        raise LookupError(node, env)

    # -- names ---------------------------------------------------------------------

    def _name(self, node: ast.Name, env: Mapping[str, Value]) -> Value:
        if node.id in env:
            found = env[node.id]
            return found.as_made("name-resolved") if found.made == "constant" else found
        return self._global(node.id, node)

    def _global(self, name: str, node: ast.expr) -> Value:
        assigned = self.module.constants.get(name)
        if assigned:
            return self._constants(f"global {name}", assigned, node)
        if name in self.module.foreign:
            return literal(self.module.foreign[name]).as_made("name-resolved")
        if name.isupper() and len(name) > 1:  # a constant out of sight
            return unknown(node, "literal", [f"constant {name}"])
        return unknown(node, roots=[f"global {name}"])

    def _constants(self, key: str, assigned: list[ast.expr], node: ast.expr) -> Value:
        """Evaluate what is assigned to a constant, once or in branches."""
        if key in self._busy or len(assigned) > MOST_CONSTANTS:
            return unknown(node, roots=[key])
        self._busy.add(key)
        try:
            found = merged(self.value(one, {}) for one in assigned)
        finally:
            self._busy.discard(key)
        if found.known or found.harmless or found.items is not None or found.table:
            place = (
                f"{self.module.path}:{assigned[0].lineno}"
                if hasattr(assigned[0], "lineno")
                else None
            )
            made = "name-resolved" if found.made == "constant" else found.made
            return replace(found, made=made, origin=found.origin or place)
        if found.part is None or found.file:
            return found
        return unknown(node, roots=[key, *found.roots])

    def _attribute(self, node: ast.Attribute, env: Mapping[str, Value]) -> Value:
        base = node.value
        if isinstance(base, ast.Name):
            found = self._class_attribute(base.id, node)
            if found is not None:
                return found
        elif isinstance(base, ast.Attribute) and dotted(base.value) in ("self", "cls"):
            found = self._nested_attribute(base, node)
            if found is not None:
                return found
        return self._attribute_of(node, self.value(base, env))

    def _class_attribute(self, name: str, node: ast.Attribute) -> Value | None:
        owner = self.function.owner if self.function else None
        if name in ("self", "cls") and owner is not None:
            return self._own_attribute(owner.name, node)
        if name in self.module.classes:
            return self._own_attribute(name, node)
        key = f"{name}.{node.attr}"
        if key in self.module.foreign:
            return literal(self.module.foreign[key]).as_made("name-resolved")
        return None

    def _nested_attribute(
        self, base: ast.Attribute, node: ast.Attribute
    ) -> Value | None:
        """Evaluate `self.statements.upsert`, where such a thing is assigned."""
        owner = self.function.owner if self.function else None
        name = f"{base.attr}.{node.attr}"
        assigned = owner.attributes.get(name) if owner else None
        if owner is None or not assigned:
            return None
        return self._constants(f"{owner.name}.{name}", assigned, node)

    def _own_attribute(self, owner: str, node: ast.Attribute) -> Value | None:
        seen: set[str] = set()
        names = [owner]
        while names:
            name = names.pop(0)
            info = self.module.classes.get(name)
            if info is None or name in seen:
                key = f"{name}.{node.attr}"
                if key in self.module.foreign:
                    return literal(self.module.foreign[key]).as_made("name-resolved")
                continue
            seen.add(name)
            assigned = info.attributes.get(node.attr)
            if assigned:
                return self._constants(f"{name}.{node.attr}", assigned, node)
            names.extend(info.bases)
        return None

    def _attribute_of(self, node: ast.Attribute, base: Value) -> Value:
        roots = set(base.roots)
        guarded = base.part.guarded if base.part else False
        if node.attr.isupper() and len(node.attr) > 1:
            return unknown(node, "literal", roots)
        if base.statement_object:
            return replace(unknown(node, roots=roots), statement_object=True)
        if self._is_class_constant(node):
            return unknown(node, "literal", roots)
        if node.attr in INPUT_ATTRIBUTES:
            roots.add("input")
        if node.attr in INT_ATTRIBUTES or node.attr.endswith("_id"):
            return unknown(node, "int", roots, guarded=guarded)
        return unknown(node, roots=roots, guarded=guarded)

    def _is_class_constant(self, node: ast.Attribute) -> bool:
        """Whether this is `Flags.joins.value`: an attribute of a class by its name."""
        head = dotted(node).partition(".")[0]
        defined = head in self.module.classes or head in self.module.imports
        return head[:1].isupper() and defined

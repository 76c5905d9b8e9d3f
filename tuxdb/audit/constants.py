"""Constants of other modules of the tree: where SQL is kept apart from its calls."""

import ast
from collections.abc import Iterable, Mapping

from tuxdb.audit.discover import Source
from tuxdb.audit.evaluate import Evaluator
from tuxdb.audit.module import Module, index
from tuxdb.audit.parse import Unparsable, decode, parse

MOST_NAMES = 400


class Constants:
    """Looks imported names up in the modules they come from; nothing is imported."""

    def __init__(self, sources: Mapping[str, Source]) -> None:
        self._sources = sources
        self._by_tail: dict[str, list[str]] = {}
        for path in sources:
            parts = path.removesuffix(".py").removesuffix("/__init__").split("/")
            self._by_tail.setdefault(parts[-1], []).append(path)
        self._modules: dict[str, Module | None] = {}

    def of(self, path: str, wanted: Iterable[tuple[str, str, str]]) -> dict[str, str]:
        """Return texts by the name that the file at `path` uses for them."""
        found: dict[str, str] = {}
        for name, module, rest in list(wanted)[:MOST_NAMES]:
            text = self._look_up(path, module, rest)
            if text is not None:
                found[name] = text
        return found

    def _look_up(self, path: str, module: str, rest: str, depth: int = 0) -> str | None:
        words = [word for word in rest.split(".") if word]
        if not words or depth > 2:  # noqa: PLR2004 - re-exports, not mazes
            return None
        target = self._find(path, module)
        if target is not None:
            found = self._in(target, words, depth)
            if found is not None:
                return found
        if len(words) > 1:  # the first word is a module of the package
            return self._look_up(
                path, f"{module}.{words[0]}", ".".join(words[1:]), depth
            )
        return None

    def _in(self, target: str, words: list[str], depth: int) -> str | None:
        module = self._module(target)
        if module is None:
            return None
        evaluator = Evaluator(module)
        if len(words) == 1 and words[0] in module.constants:
            node: ast.expr = ast.Name(words[0], ast.Load())
        elif len(words) > 1 and words[0] in module.classes:
            node = ast.Attribute(ast.Name(words[0], ast.Load()), words[1], ast.Load())
        elif words[0] in module.imports:
            source, original = module.imports[words[0]]
            rest = ".".join([original or "", *words[1:]]).strip(".")
            return self._look_up(target, source, rest, depth + 1)
        else:
            return None
        value = evaluator.value(node, {})
        if value.known and len(value.texts) == 1:
            return value.strings()[0]
        return None

    def _find(self, path: str, module: str) -> str | None:
        """Find the file of a module, relative to the one that imports it."""
        dots = len(module) - len(module.lstrip("."))
        words = [word for word in module.split(".") if word]
        folder = path.split("/")[:-dots] if dots else []
        if not words and dots:
            wanted = "/".join([*folder, "__init__.py"])
            return wanted if wanted in self._sources else None
        if not words:
            return None
        tail = "/".join([*folder, *words])
        hits = [
            found
            for found in self._by_tail.get(words[-1], ())
            if _is_module(found, tail)
        ]
        near = path.split("/")
        return max(hits, key=lambda hit: _shared(hit.split("/"), near), default=None)

    def _module(self, path: str) -> Module | None:
        if path not in self._modules:
            self._modules[path] = None
            try:
                tree = parse(decode(self._sources[path].data))
                self._modules[path] = index(path, tree)
            except (Unparsable, RecursionError, MemoryError):
                pass
        return self._modules[path]


def _is_module(path: str, tail: str) -> bool:
    whole = path.removesuffix(".py").removesuffix("/__init__")
    return whole == tail or whole.endswith(f"/{tail}")


def _shared(one: list[str], other: list[str]) -> int:
    count = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        count += 1
    return count

"""Importing what belongs to another project: its models, its revisions' modules."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType


@contextmanager
def importable(root: Path | None) -> Iterator[None]:
    """Find a project's own packages in the block, as if started in its folder."""
    if root is None:
        yield
        return
    sys.path.insert(0, str(root))
    try:
        yield
    finally:
        sys.path.remove(str(root))


@contextmanager
def loaded(name: str, source: str, path: Path) -> Iterator[ModuleType]:
    """Run a text that was read before, not its file again, as a module.

    The module is known by its name in the block, as classes in it expect.
    """
    module = ModuleType(name)
    module.__file__ = str(path)
    sys.modules[name] = module
    try:
        exec(compile(source, str(path), "exec"), module.__dict__)  # noqa: S102 - a revision
        yield module
    finally:
        sys.modules.pop(name, None)

"""Where a project's own modules are imported from, as its imports show."""

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import PurePath

_IMPORT = re.compile(rb"^\s*(?:from|import)\s+([A-Za-z_]\w*)", re.MULTILINE)


def root_of(sources: Mapping[str, bytes]) -> str:
    """The folder that the project's modules are found in; empty for the top."""
    holders: dict[str, set[str]] = {}
    for path in sources:
        parts = PurePath(path).parts
        for at, part in enumerate(parts):
            name = part.removesuffix(".py")
            holders.setdefault(name, set()).add("/".join(parts[:at]))
    votes: Counter[str] = Counter()
    for path, data in sources.items():
        for found in set(_IMPORT.findall(data)):
            for folder in holders.get(found.decode(), ()):
                inside = not folder or path.startswith(f"{folder}/")
                votes[folder] += inside
    if not votes:
        return ""
    most = max(votes.values())
    return min((one for one, count in votes.items() if count == most), key=len)


def module_of(path: str, root: str) -> str:
    """The dotted name of a file."""
    inner = path[len(root) :].lstrip("/") if path.startswith(root) else path
    parts = PurePath(inner).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1:] == ("__init__",) else parts)


def packages_of(sources: Mapping[str, bytes], root: str) -> frozenset[str]:
    """The top-level names of the project itself."""
    return frozenset(module_of(path, root).partition(".")[0] for path in sources)

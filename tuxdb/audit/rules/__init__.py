"""The rules, one file each; `RULES` holds one of each by its code."""

from importlib import import_module
from pkgutil import iter_modules

from tuxdb.audit.rules.base import Context, Rule

__all__ = ["RULES", "Context", "Rule", "find"]


def _load() -> dict[str, Rule]:
    found: dict[str, Rule] = {}
    for module in sorted(iter_modules(__path__), key=lambda m: m.name):
        if module.name.startswith("tux"):
            loaded = import_module(f"{__name__}.{module.name}")
            for item in vars(loaded).values():
                is_rule = isinstance(item, type) and issubclass(item, Rule)
                if is_rule and item is not Rule and item.__module__ == loaded.__name__:
                    rule = item()
                    found[rule.code] = rule
    return found


RULES: dict[str, Rule] = _load()


def find(name: str) -> Rule | None:
    """Find a rule by its code or its name."""
    wanted = name.strip().upper()
    by_name = (r for r in RULES.values() if r.name.upper() == wanted)
    return RULES.get(wanted) or next(by_name, None)

"""The table on stdout, in Markdown, and the figures in a JSON file."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.harness import TUXDB, Outcome

HEADER = ("work", "limit (1.0)", "peers", "tuxdb", "ratio", "goal", "")

SMALL = 10
"""Ratios below it are told with two decimals."""


@dataclass(frozen=True)
class Machine:
    """What the figures were taken on, in neutral words."""

    cores: int
    python: str
    postgresql: str

    @classmethod
    def here(cls, postgresql: str) -> "Machine":
        """This machine."""
        return cls(os.cpu_count() or 1, platform.python_version(), postgresql)

    def __str__(self) -> str:
        return (
            f"{self.cores} cores, PostgreSQL {self.postgresql} over a Unix socket, "
            f"Python {self.python}"
        )


def table(outcomes: Sequence[Outcome]) -> str:
    """A Markdown table, a row for each work."""
    lines = [_line(HEADER), _line(["---"] * len(HEADER))]
    lines += [_line(_cells(outcome)) for outcome in outcomes]
    return "\n".join(lines)


def document(machine: Machine, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Everything measured, for a JSON file."""
    return {
        "machine": vars(machine),
        "works": [
            {
                "name": outcome.name,
                "title": outcome.work.title,
                "limit": outcome.work.limit,
                "contenders": {
                    name: {
                        "seconds": outcome.seconds[name],
                        "ratio": round(outcome.ratio(name), 3),
                        "facts": outcome.facts.get(name, {}),
                    }
                    for name in outcome.seconds
                },
                "goals": outcome.verdicts(),
            }
            for outcome in outcomes
        ],
    }


def write(path: Path, machine: Machine, outcomes: Sequence[Outcome]) -> None:
    """Write the JSON file."""
    text = json.dumps(document(machine, outcomes), indent=1, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def _cells(outcome: Outcome) -> list[str]:
    work = outcome.work
    others = [name for name in outcome.seconds if name not in (TUXDB, work.limit)]
    ratios = sorted((outcome.ratio(name), name) for name in others)
    peers = [f"{name} {_number(ratio)}" for ratio, name in ratios]
    verdicts = outcome.verdicts()
    return [
        work.title,
        f"{work.limit} {_quantity(outcome, work.limit)}",
        ", ".join(peers),
        _quantity(outcome, TUXDB) + _facts(outcome),
        f"**{_number(outcome.ratio(TUXDB))}**",
        ", ".join(verdicts),
        _judged(verdicts),
    ]


def _judged(verdicts: Mapping[str, bool]) -> str:
    if not verdicts:
        return ""
    return "ok" if all(verdicts.values()) else "missed"


def _facts(outcome: Outcome) -> str:
    parts = [
        f"{name} {_number(outcome.fact_ratio(name))} of {outcome.work.facts_of}"
        for name in outcome.work.notes
    ]
    return f" ({', '.join(parts)})" if parts else ""


def _quantity(outcome: Outcome, contender: str) -> str:
    seconds = outcome.duration(contender)
    if outcome.work.inverted:
        return f"{1 / seconds:,.0f}/s"
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def _number(value: float) -> str:
    return f"{value:.2f}" if value < SMALL else f"{value:,.0f}"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"

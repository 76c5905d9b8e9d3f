"""The command line of `scripts/bench`."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from importlib import import_module
from pathlib import Path

from benchmarks import report
from benchmarks.harness import Outcome, Work, measure
from benchmarks.place import Place, Sizes, own_server

ROWS = {
    "insert": "inserts.created",
    "upsert": "inserts.upserted",
    "update": "updates.updated",
    "update-many": "updates.more_updated",
    "update-preview": "previews.previewed",
    "update-preview-many": "previews.more_previewed",
    "transfer-8": "transfers.at_8",
    "transfer-32": "transfers.at_32",
    "transfer-32-of-100": "transfers.at_32_of_100",
    "transfer-32-of-2": "transfers.at_32_of_2",
    "read": "reads.by_id",
    "cached": "reads.cached",
    "page-first": "pages.first",
    "page-far": "pages.far",
    "page-last": "pages.last",
    "migrate": "migrations.nothing_to_do",
    "revisions": "migrations.long_history",
    "generate": "seeding.generated",
    "seed": "seeding.loaded",
    "start-version": "startup.version",
    "start-help": "startup.usage",
    "start-migrate": "startup.migrate",
    "start-users": "startup.users",
}
"""Every row by name: where the function is that prepares it."""

FULL = {"seed"}
"""Rows that take minutes, measured with `--full` or by name only."""

Prepare = Callable[[Place, Sizes], AbstractAsyncContextManager[Work]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the table, write the file; 1 if a goal was missed."""
    chosen = _parsed(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the server goes too
    names = chosen.names or [n for n in ROWS if chosen.full or n not in FULL]
    sizes = Sizes.quick() if chosen.quick else Sizes()
    rounds = chosen.rounds or (3 if chosen.quick else 7)
    machine, outcomes = asyncio.run(_measured(names, sizes, rounds))
    print(report.table(outcomes))
    print(f"\n{machine}; medians of ratios over {rounds} interleaved rounds.")
    report.write(chosen.output, machine, outcomes)
    _tell(f"figures of every round: {chosen.output}")
    missed = [o.name for o in outcomes if not all(o.verdicts().values())]
    if missed:
        _tell(f"missed: {', '.join(missed)}")
    return 1 if missed else 0


def _parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        description="Measure tuxdb beside the driver and its peers, in one run.",
        epilog="Peers are measured where they are installed: pip install '.[bench]'.",
    )
    parser.add_argument("names", metavar="NAME", nargs="*", help=", ".join(ROWS))
    parser.add_argument("--rounds", type=int, help="rounds of each row (default: 7)")
    parser.add_argument("--quick", action="store_true", help="smaller, fewer rounds")
    parser.add_argument("--full", action="store_true", help="also what takes minutes")
    parser.add_argument(
        "--output", type=Path, default=Path("bench.json"), help="the JSON file"
    )
    found = parser.parse_args(arguments)
    for name in found.names:
        if name not in ROWS:
            parser.error(f"no row {name!r}; there are {', '.join(ROWS)}")
    return found


async def _measured(
    names: Sequence[str], sizes: Sizes, rounds: int
) -> tuple[report.Machine, list[Outcome]]:
    async with own_server() as place:
        machine = report.Machine.here(place.cluster.binaries.version)
        return machine, [await run(name, place, sizes, rounds) for name in names]


async def run(name: str, place: Place, sizes: Sizes, rounds: int) -> Outcome:
    """Prepare one row on a server and measure it."""
    module, _, function = ROWS[name].partition(".")
    prepare: Prepare = getattr(import_module(f"benchmarks.{module}"), function)
    async with prepare(place, sizes) as work:
        return await measure(name, work, rounds, _tell)


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)

"""`tuxdb audit --diff` and `--fix`: raw calls rewritten, shown or written."""

import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from tuxdb.cli.escape import escape
from tuxdb.cli.invocation import Invocation, invocation
from tuxdb.cli.render import flush, write
from tuxdb.cli.run import run_with_settings
from tuxdb.cli.stderr import is_terminal
from tuxdb.errors import ConfigurationError, ExitCode, UsageError

if TYPE_CHECKING:
    from tuxdb.audit.facts import Facts
    from tuxdb.audit.fix.outcomes import Conversion
    from tuxdb.audit.fix.plan import FixOptions, Plan
    from tuxdb.audit.options import Options
    from tuxdb.audit.sites import RawQuery
    from tuxdb.audit.verdicts import Schema
    from tuxdb.cli.progress import Bar
    from tuxdb.settings import Settings

AUTO = "auto"
MOST_REASONS = 8


@dataclass(frozen=True)
class FixWish:
    """What was asked for: to see, or to write, and how far to go."""

    diff: bool = False
    write: bool = False
    unsafe: bool = False
    shape: str = "session"  # or "repository"

    @property
    def asked(self) -> bool:
        """Whether fixes are wanted at all; raises UsageError for half a wish."""
        if self.diff and self.write:
            raise UsageError("--diff shows what --fix would write: give one of them")
        if (self.unsafe or self.shape != "session") and not (self.diff or self.write):
            raise UsageError("--unsafe-fixes and --as need --diff or --fix")
        return self.diff or self.write


def fix(
    ctx: typer.Context,
    paths: list[Path],
    options: "Options",
    schema: str | None,
    wish: FixWish,
) -> None:
    """Plan the fixes of a tree; show them, or write them."""
    from tuxdb.audit.fix.edits import apply, diff
    from tuxdb.audit.fix.plan import plan as plan_of
    from tuxdb.audit.fix.proving import with_uses
    from tuxdb.audit.run import gather
    from tuxdb.audit.verdicts import Schema
    from tuxdb.cli.progress import Bar

    call = invocation(ctx)
    with Bar(call) as bar:
        facts = gather(paths, options, told=bar.update).facts
        given = _options(paths, options, facts, wish)
        source = None if schema is None else Schema(schema, paths)
        known = _known(ctx, facts, given, source, bar)
        queries, _ = with_uses(facts, given.sources)
        plan = plan_of(queries, known, given)
    if wish.write:
        apply(plan.files, options.top)
    else:
        write(_shown(diff(plan.files)))
        flush()
    _say(call, plan, wish)
    if wish.diff and plan.files:
        raise typer.Exit(ExitCode.FOUND)


def _options(
    paths: list[Path], options: "Options", facts: "tuple[Facts, ...]", wish: FixWish
) -> "FixOptions":
    """What the fixes may be, from the flags, the configuration and the tree."""
    from tuxdb.audit.fix.plan import FixOptions
    from tuxdb.audit.options import project

    configured = project(paths[0])
    sources = {
        one.path: (options.top / one.path).read_bytes()
        for one in facts
        if one.problem is None
    }
    return FixOptions(
        sources,
        session=configured.session or None,
        session_imports=configured.session_imports,
        unsafe=wish.unsafe,
        repository=wish.shape == "repository",
        repositories=configured.repositories,
    )


def _known(
    ctx: typer.Context,
    facts: "tuple[Facts, ...]",
    given: "FixOptions",
    source: "Schema | None",
    bar: "Bar",
) -> "dict[RawQuery, Conversion]":
    """The conversions that the schema proves; none without a schema."""
    if source is None:
        return {}
    try:
        scripts, models = source.sources(facts)
    except ConfigurationError as error:
        if source.choice != AUTO:
            raise
        invocation(ctx).warn(f"{error}; nothing is converted")
        return {}
    found: dict[RawQuery, Conversion] = {}

    async def asked(settings: "Settings") -> None:
        from tuxdb.audit.fix.proving import conversions, with_uses
        from tuxdb.audit.sql.schema import ScratchSchema

        _, values = with_uses(facts, given.sources)
        async with ScratchSchema.open(settings, scripts, models=models) as scratch:
            found.update(await conversions(scratch, values, bar.update))

    run_with_settings(ctx, asked)
    return found


def _shown(text: str) -> str:
    """A diff as bytes for a pipe; on a terminal nothing invisible is left in it."""
    if not is_terminal(sys.stdout):
        return text
    return "".join(f"{escape(line)}\n" for line in text.splitlines())


def _say(call: Invocation, plan: "Plan", wish: FixWish) -> None:
    """Tell the person what was done, what could be, and why the rest was not."""
    from tuxdb.audit.fix.outcomes import Fix, Refusal

    done = "fixed" if wish.write else "fixable"
    files = len(plan.files)
    call.say(f"{done}: {_calls(len(plan.applied))} in {files} file{'s'[: files != 1]}")
    unsafe = [
        one
        for one in plan.outcomes.values()
        if isinstance(one, Fix) and one not in plan.applied
    ]
    if unsafe:
        call.say(f"with --unsafe-fixes: {_calls(len(unsafe))} more")
    why = Counter(
        one.reason for one in plan.outcomes.values() if isinstance(one, Refusal)
    )
    for reason, count in why.most_common(MOST_REASONS if not call.verbose else None):
        call.say(f"left as they are: {_calls(count)}: {escape(reason)}")


def _calls(number: int) -> str:
    return f"{number} call{'s'[: number != 1]}"

"""`tuxdb audit --diff` and `--fix`: raw calls rewritten, shown or written."""

import sys
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from tuxdb.cli.escape import escape
from tuxdb.cli.invocation import Invocation, invocation
from tuxdb.cli.render import flush, write
from tuxdb.cli.stderr import is_terminal
from tuxdb.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from tuxdb.audit.fix.plan import Plan
    from tuxdb.audit.options import Options
    from tuxdb.cli.audit_run import Outcome

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


def finish(
    ctx: typer.Context, outcome: "Outcome", options: "Options", wish: FixWish
) -> None:
    """Show the fixes that were planned for a tree, or write them."""
    from tuxdb.audit.fix.edits import apply, diff
    from tuxdb.audit.fix.plan import Plan

    call = invocation(ctx)
    plan = outcome.plan or Plan()
    if wish.write:
        apply(plan.files, options.top)
    else:
        write(_shown(diff(plan.files)))
        flush()
    answers = outcome.report.answers
    if answers is not None and answers.why_not:
        call.warn(f"{answers.why_not}; nothing is converted")
    _say(call, plan, wish)
    if wish.diff and plan.files:
        raise typer.Exit(ExitCode.FOUND)


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

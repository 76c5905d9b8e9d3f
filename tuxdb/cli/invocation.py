"""One call of the command line: what was asked for, where the answers go."""

import shlex
import sys
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, TextIO

import typer

from tuxdb.cli.escape import escape, shortened
from tuxdb.cli.parsers import closest
from tuxdb.cli.stderr import RED, YELLOW, ask, is_terminal, write_stderr
from tuxdb.errors import ConfigurationError, Refused, TuxdbError, UsageError
from tuxdb.settings import Settings, environment
from tuxdb.urls import mask

SETTING_FLAGS = (
    "profile",
    "connect_timeout",
    "actor",
    "lock_timeout",
    "statement_timeout",
)


class Invocation:
    """What every command needs to know of its call; `ctx.obj`, `invocation(ctx)`.

    `given` holds the global and writing options as they were typed.
    """

    def __init__(self, arguments: Sequence[str]) -> None:
        self.arguments = list(arguments)
        self.given: dict[str, Any] = {}
        self.new_key: str | None = None

    # -- what was asked for --------------------------------------------------------

    @cached_property
    def settings(self) -> Settings:
        """The settings, read when first needed; raises ConfigurationError."""
        flags = {name: self.given.get(name) for name in SETTING_FLAGS}
        self._check_url()
        flags |= {name: self.given.get(name) for name in ("url", "url_file")}
        config = self.given.get("config")
        return Settings.load(flags, config=Path(config) if config else None)

    @property
    def format(self) -> str:
        """How data is written: as asked for, else by where it goes."""
        if self.given.get("json"):
            return "json"
        if "format" in self.given:
            return str(self.given["format"])
        return "table" if is_terminal(sys.stdout) else "tsv"

    @property
    def format_given(self) -> bool:
        """Whether a format was asked for, so that a sentence will not do."""
        return bool(self.given.get("json")) or "format" in self.given

    @property
    def headers(self) -> bool:
        """Whether a header line is wanted."""
        return not self.given.get("no_headers")

    @property
    def quiet(self) -> bool:
        """Whether stderr is for errors only."""
        return bool(self.given.get("quiet"))

    @property
    def verbose(self) -> bool:
        """Whether more is to be said on stderr."""
        return bool(self.given.get("verbose"))

    @property
    def debug(self) -> bool:
        """Whether tracebacks are to be shown."""
        return bool(self.given.get("debug"))

    @property
    def wait(self) -> float:
        """How many seconds to wait for the server."""
        return float(self.given.get("wait") or 0.0)

    @property
    def dry_run(self) -> bool:
        """Whether changes are to be undone at the end."""
        return bool(self.given.get("dry_run"))

    @property
    def yes(self) -> bool:
        """Whether consent was given beforehand."""
        return bool(self.given.get("yes"))

    @property
    def confirm(self) -> str | None:
        """The database's name, typed as consent."""
        return self.given.get("confirm")

    @property
    def reason(self) -> str | None:
        """Why something is changed."""
        return self.given.get("reason")

    @property
    def actor(self) -> str:
        """Who changes something: as configured, else user@host."""
        return self.settings.actor or operator()

    def columns(self, usual: Sequence[str], known: Sequence[str] = ()) -> list[str]:
        """The columns to show; UsageError for one that is not known."""
        wanted = self.given.get("columns")
        if not wanted:
            return list(usual)
        allowed = [*usual, *(name for name in known if name not in usual)]
        if not allowed:
            raise UsageError("--columns: there are none to choose from here")
        for name in wanted:
            if name not in allowed:
                near = closest(name, allowed)
                raise UsageError(
                    f"--columns: there is no column {name!r}",
                    hint=f"did you mean {near!r}?" if near else ", ".join(allowed),
                )
        return list(wanted)

    def again(self, **changed: str) -> str:
        """This command line with other values, as one would type it."""
        names = {
            f"--{name.replace('_', '-')}": value for name, value in changed.items()
        }
        kept: list[str] = []
        rest = iter(self.arguments)
        for argument in rest:
            name, equals, _ = argument.partition("=")
            if name not in names:
                kept.append(argument)
            elif not equals:
                next(rest, None)
        added = [word for pair in names.items() for word in pair]
        return mask(shlex.join(["tuxdb", *kept, *added]))

    # -- talking to the person -----------------------------------------------------

    @property
    def interactive(self) -> bool:
        """Whether somebody is there to be asked."""
        alone = self.given.get("no_input")
        return not alone and is_terminal(sys.stdin) and is_terminal(sys.stderr)

    @property
    def colored(self) -> bool:
        """Whether stdout takes colour."""
        return self._colored(sys.stdout)

    def say(self, text: str) -> None:
        """Write lines to stderr for the person, unless --quiet."""
        if not self.quiet:
            write_stderr(text)

    def warn(self, text: str) -> None:
        """Write a warning to stderr, even with --quiet."""
        write_stderr(text, label="warning", color=self._painted(YELLOW))

    def tell(self, text: str) -> None:
        """Write lines to stderr with --verbose only."""
        if self.verbose:
            write_stderr(text)

    def consent(
        self, consequence: str, *, name: str | None = None, recorded: bool = False
    ) -> None:
        """Go on only if the person agrees: `this would change 1 204 rows`.

        With a `name`, --yes is not enough: it has to be typed, or given by
        --confirm. Raises Refused when declined, and when nobody can be asked; then a
        reason is asked for as well if it is `recorded`.
        """
        if name is None and self.yes:
            return
        if name is not None and self.confirm is not None:
            if self.confirm == name:
                return
            raise Refused(f"--confirm {self.confirm!r} is not the database {name!r}")
        if not self.interactive:
            option = f"--confirm {shlex.quote(name)}" if name else "--yes"
            why = ' --reason "…"' if recorded and not self.reason else ""
            raise Refused(
                f"{consequence}; refusing without consent",
                hint=f"rerun with {option}{why}{self._profile_hint()}",
            )
        question = f"type {name!r} to go on: " if name else "go on? [y/N] "
        answer = ask(f"{escape(consequence)}\n{escape(question)}")
        if answer != name if name else answer.lower() not in ("y", "yes"):
            raise Refused("declined; nothing was changed")

    def key(self, given: str | None) -> str:
        """The idempotency key of a change; one that is made up is shown beforehand."""
        if given is not None:
            return given
        from uuid import uuid4

        self.new_key = f"cli:{uuid4()}"
        return self.new_key

    def show_error(self, error: TuxdbError) -> None:
        """Write an error to stderr, as text or as one JSON object."""
        hint = self._hint(error)
        if self._json_errors():
            import json

            document = {
                "code": error.code,
                "exit": int(error.exit_code),
                "message": shortened(mask(error.message)),
                "hint": mask(hint) if hint else None,
                "details": error.details,
            }
            text = json.dumps({"error": document}, default=str)
            write_stderr(mask(text), raw=True)
            return
        message = shortened(mask(error.message))
        write_stderr(message, label="error", color=self._painted(RED))
        for line in error.lines:
            write_stderr(f"  {line}")
        if hint:
            write_stderr(hint, label="hint")

    def _check_url(self) -> None:
        url = self.given.get("url")
        if url and self.given.get("url_file"):
            raise UsageError("--url and --url-file cannot both be given")
        if url and holds_password(url):
            self.warn(
                "--url holds a password, which others can see in the list of "
                "processes; use --url-file or TUXDB_DATABASE_URL"
            )

    def _hint(self, error: TuxdbError) -> str | None:
        """The next step; a command of ours is meant for the same profile."""
        runs_on = error.hint is not None and error.hint.startswith("tuxdb ")
        if runs_on and not isinstance(error, UsageError):
            return f"{error.hint}{self._profile_hint()}"
        return error.hint

    def _profile_hint(self) -> str:
        profile = self.given.get("profile")
        return f" --profile {shlex.quote(profile)}" if profile else ""

    def _json_errors(self) -> bool:
        """Whether JSON is wanted; options may not have been read when all failed."""
        if self.format_given:
            return self.format in ("json", "ndjson")
        joined = " ".join(self.arguments).partition(" -- ")[0].replace("=", " ")
        return any(f" {o} " in f" {joined} " for o in ("--json", "--format json"))

    def _painted(self, color: str) -> str:
        return color if self._colored(sys.stderr) else ""

    def _colored(self, stream: TextIO | None) -> bool:
        choice = self.given.get("color", "auto")
        if choice != "auto":
            return bool(choice == "always")
        environ = environment()
        if environ.get("NO_COLOR") or environ.get("TERM") == "dumb":
            return False
        return bool(environ.get("FORCE_COLOR")) or is_terminal(stream)


def invocation(ctx: typer.Context) -> Invocation:
    """The call that a command belongs to."""
    call: Invocation = ctx.obj
    return call


def operator() -> str:
    """`user@host`, as the system knows them."""
    import getpass
    import socket

    try:
        user = getpass.getuser()
    except (OSError, KeyError):  # an account without a name
        user = "unknown"
    return f"{user}@{socket.gethostname()}"


def holds_password(url: str) -> bool:
    """Whether a URL shows a secret; one that cannot be read is taken to."""
    from tuxdb.urls import DatabaseUrl

    try:
        return DatabaseUrl.parse(url).password is not None
    except ConfigurationError:
        return "@" in url

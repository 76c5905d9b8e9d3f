"""What was typed for an audit, and what the project configures, as its options."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tuxdb.errors import ConfigurationError, UsageError

if TYPE_CHECKING:
    from tuxdb.audit.asking import Request
    from tuxdb.audit.options import Options
    from tuxdb.cli.audit_fix import FixWish


@dataclass(frozen=True)
class Wish:
    """The flags of `tuxdb audit`."""

    paths: list[Path]
    select: list[str] | None = None
    ignore: list[str] | None = None
    severity: str | None = None
    fail_on: str | None = None
    exclude: list[str] | None = None
    baseline: Path | None = None
    jobs: int = 0
    cache: bool = True
    schema: str | None = None
    no_db: bool = False
    prove: bool = False
    execute: bool = False
    import_models: bool = False


def wished(wish: Wish) -> "Options":
    """Join flags and configuration; a flag beats the file."""
    from tuxdb.audit.findings import Severity
    from tuxdb.audit.options import Options, codes, project

    configured = project(wish.paths[0])
    try:
        select = codes(wish.select or ()) or configured.select
        ignore = (*codes(wish.ignore or ()), *configured.ignore)
    except ValueError as error:
        raise UsageError(str(error), hint="tuxdb audit rules") from error
    severity = Severity.of(wish.severity) if wish.severity else configured.severity
    fail_on = wish.fail_on or configured.fail_on or "error"
    return Options(
        select=select,
        ignore=ignore,
        exclude=(*(wish.exclude or ()), *configured.exclude),
        severity=severity or Severity.INFO,
        fail_on=None if fail_on == "never" else Severity.of(fail_on),
        sinks=configured.sinks,
        jobs=wish.jobs,
        cache=wish.cache,
        noqa=configured.noqa,
        baseline=_baseline(wish.baseline),
    )


def requested(wish: Wish, fixes: "FixWish") -> "Request":
    """What the flags ask of the SQL side; raises UsageError for what does not fit."""
    from tuxdb.audit.asking import AUTO, Request

    proves = wish.prove or wish.execute
    if wish.no_db and (wish.schema is not None or proves):
        raise UsageError("--no-db does not go with --schema, --prove or --execute")
    if wish.no_db and wish.import_models:
        raise UsageError("--no-db does not go with --import-models")
    return Request(
        schema=None if wish.no_db else wish.schema or AUTO,
        named=wish.schema is not None,
        prove=proves,
        execute=wish.execute,
        import_models=wish.import_models,
        fix=fixes.asked,
        unsafe=fixes.unsafe,
        repository=fixes.shape == "repository",
    )


def _baseline(path: Path | None) -> frozenset[tuple[str, str, str, int]] | None:
    from tuxdb.audit.findings import read_baseline

    if path is None:
        return None
    try:
        return frozenset(read_baseline(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise UsageError(f"cannot read {path} ({error.strerror})") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(f"{path}: is not a baseline of tuxdb") from error

"""`tuxdb audit show FILE:LINE`: one call in full, its replacement and the proof."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tuxdb.cli.audit_imports import ImportModels
from tuxdb.cli.audit_output import put
from tuxdb.cli.audit_run import audited, existing, project_of
from tuxdb.cli.escape import escape
from tuxdb.cli.invocation import invocation
from tuxdb.cli.render import flush, write
from tuxdb.errors import NotFound, UsageError

if TYPE_CHECKING:
    from tuxdb.audit.run import Report
    from tuxdb.audit.sites import RawQuery


def show(
    ctx: typer.Context,
    place: Annotated[str, typer.Argument(metavar="FILE:LINE", help="A site.")],
    schema: Annotated[
        str | None,
        typer.Option(
            "--schema",
            metavar="FILE|URL|models|auto",
            help="Prove the replacement with this schema.",
            show_default=False,
        ),
    ] = None,
    no_db: Annotated[bool, typer.Option("--no-db", help="Prove nothing.")] = False,
    *,
    import_models: ImportModels = False,
) -> None:
    """Show one call in full: its SQL, its uses, its findings, its replacement."""
    show_site(ctx, place, schema, no_db=no_db, import_models=import_models)


def show_site(
    ctx: typer.Context,
    place: str,
    schema: str | None,
    *,
    no_db: bool,
    import_models: bool = False,
) -> None:
    """Audit the project of a file, and show the calls at one of its lines."""
    from tuxdb.audit.asking import AUTO, Request
    from tuxdb.audit.discover import shown
    from tuxdb.audit.formats.single import site_lines
    from tuxdb.cli.audit_options import Wish, wished

    if no_db and import_models:
        raise UsageError("--no-db does not go with --import-models")
    file, line = _place(place)
    folder = project_of(file)
    options = wished(Wish(paths=[folder]))
    name = shown(file, options.top)

    def is_meant(query: "RawQuery") -> bool:
        return query.path == name and query.span.line <= line <= query.span.end_line

    request = Request(
        schema=None if no_db else schema or AUTO,
        named=schema is not None,
        prove=not no_db,
        lenient=True,
        only=is_meant,
        import_models=import_models,
    )
    report = audited(ctx, [folder, file], options, request).report
    lines = site_lines(report, name, line)
    if not lines:
        raise NotFound("SQL call at", place, hint=f"tuxdb audit {file}")
    call = invocation(ctx)
    if call.given.get("json"):
        put(call, _json(report, name, line), "json", None)
        return
    write("".join(f"{escape(one)}\n" for one in lines))
    flush()


def _place(text: str) -> tuple[Path, int]:
    name, _, number = text.rpartition(":")
    if not name or not number.isascii() or not number.isdigit():
        raise UsageError(f"{text!r} is not FILE:LINE")
    return existing([Path(name)])[0], int(number)


def _json(report: "Report", name: str, line: int) -> str:
    from tuxdb.audit.formats.documents import sites

    found = [
        one
        for one in sites(report)
        if one["file"] == name and one["line"] <= line <= one["end_line"]
    ]
    document = {"schema": "tuxdb.audit.show/1", "data": found, "next": None}
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"

"""`tuxdb audit models`: model classes for the tables that have none."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tuxdb.cli.audit_flags import Paths
from tuxdb.cli.audit_imports import ImportModels, imported_models
from tuxdb.cli.audit_run import own_settings
from tuxdb.cli.invocation import invocation
from tuxdb.cli.render import flush, write
from tuxdb.cli.run import run_with_settings

if TYPE_CHECKING:
    from tuxdb.settings import Settings


def models(
    ctx: typer.Context,
    paths: Paths = None,
    schema: Annotated[
        str,
        typer.Option("--schema", metavar="FILE|URL|auto", help="Where the tables are."),
    ] = "auto",
    table: Annotated[
        list[str] | None,
        typer.Option("--table", metavar="NAME", help="Only this table; repeatable."),
    ] = None,
    base: Annotated[
        str,
        typer.Option("--base", metavar="MODULE:NAME", help="The class to inherit."),
    ] = "",
    *,
    import_models: ImportModels = False,
) -> None:
    """Write model classes for the tables of the schema that have none."""
    from tuxdb.cli.audit_options import Wish, wished

    given = paths or [Path()]
    options = wished(Wish(paths=given))
    found: list[str] = []
    imported = imported_models(invocation(ctx), given[0]) if import_models else None

    async def written(settings: "Settings") -> None:
        from tuxdb.audit.models import model_source
        from tuxdb.audit.run import gather
        from tuxdb.audit.schemas import take
        from tuxdb.audit.sql.schema import ScratchSchema

        found_in = gather(given, options)
        taken = await take(
            schema, found_in.facts, found_in.scripts, options.top, imported
        )
        known = taken.models
        have = frozenset(one.table for one in known)
        async with ScratchSchema.open(settings, taken.scripts, models=known) as scratch:
            url = scratch.scratch.url
            text = await model_source(url, have=have, only=table or (), base=base)
        found.append(text)

    own_settings(invocation(ctx))
    run_with_settings(ctx, written)
    write(found[0])
    flush()
    if not found[0]:
        invocation(ctx).say("every table has its model")

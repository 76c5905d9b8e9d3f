"""`tuxdb doctor`: what is wrong, and what to do next."""

from typing import TYPE_CHECKING

import typer

from tuxdb.cli.groups import App
from tuxdb.cli.run import run_with_settings

if TYPE_CHECKING:
    from tuxdb.controllers.doctor import Diagnosis
    from tuxdb.settings import Settings

app = App(help="Check everything tuxdb needs, step by step.")

COLUMNS = ("status", "check", "detail", "next")


@app.command()
def doctor(ctx: typer.Context) -> None:
    """Check everything tuxdb needs, step by step.

    Exits with 3 for a finding, 7 if the server cannot be reached, 9 for a wrong
    configuration; a warning is no finding.
    """
    run_with_settings(
        ctx,
        _diagnose,
        columns=COLUMNS,
        uncut=COLUMNS,
        exit_code=lambda found: found.exit_code,
    )


async def _diagnose(settings: "Settings") -> "Diagnosis":
    from tuxdb.controllers.doctor import diagnose

    return await diagnose(settings)

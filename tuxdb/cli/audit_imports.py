"""`tuxdb audit --import-models`: the project's configuration names what is imported."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tuxdb.cli.invocation import Invocation
from tuxdb.errors import UsageError
from tuxdb.settings import Settings

if TYPE_CHECKING:
    from tuxdb.audit.sql.mapping.imported import Imported

UNUSED = "postgresql:///unused"
HINT = 'models = "package.module:Base.metadata" in tuxdb.toml, or in [tool.tuxdb]'

ImportModels = Annotated[
    bool,
    typer.Option(
        "--import-models",
        help="Import the models that the project configures; this runs its code.",
    ),
]


def imported_models(call: Invocation, path: Path) -> "Imported":
    """Import the models of the project that a path is of, in another process.

    Raises UsageError where its configuration names none.
    """
    from tuxdb.audit.sql.mapping.imported import import_models

    start = path.absolute()
    config = call.given.get("config")
    # the address is given, so that one of the bot's which is not ours is not read
    settings = Settings.load(
        {"profile": call.given.get("profile"), "url": UNUSED},
        cwd=start if start.is_dir() else start.parent,
        config=Path(config) if config else None,
    )
    if settings.models is None:
        raise UsageError(
            "--import-models: the project's configuration has no `models`", hint=HINT
        )
    return import_models(settings.models, settings.root)

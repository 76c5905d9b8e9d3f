"""The models that a schema is compared with: tuxdb's own, or another bot's."""

import importlib
import pkgutil
from types import ModuleType

from sqlalchemy import MetaData

from tuxdb.errors import ConfigurationError
from tuxdb.migrate.importing import importable
from tuxdb.settings import Settings

FORM = 'models is written "package.module:Base.metadata"'


def load_metadata(settings: Settings) -> MetaData:
    """Import the models, all modules of their package, and return their metadata.

    Raises ConfigurationError where `models` leads nowhere.
    """
    if settings.models is None:  # tuxdb's own are not loaded beside another bot's
        from tuxdb.models.bookkeeping import all_tables  # noqa: PLC0415 - see above

        return all_tables()
    name, colon, path = settings.models.partition(":")
    if not name or not colon or not path:
        raise ConfigurationError(
            f"models: {settings.models!r} names nothing", hint=FORM
        )
    with importable(settings.root):
        try:
            module = importlib.import_module(name)
            _walk(module)
            found: object = module
            for attribute in path.split("."):
                found = getattr(found, attribute)
        except (ImportError, AttributeError) as error:
            raise ConfigurationError(
                f"models: {settings.models!r} cannot be loaded: {error}"
            ) from error
    found = getattr(found, "metadata", found)
    if not isinstance(found, MetaData):
        raise ConfigurationError(
            f"models: {settings.models!r} is not a MetaData", hint=FORM
        )
    return found


def _walk(module: ModuleType) -> None:
    """Import what lies below: a table registers when its module is imported."""
    for found in pkgutil.walk_packages(
        getattr(module, "__path__", []), f"{module.__name__}."
    ):
        if not found.name.endswith(".__main__"):  # that would start the program
            importlib.import_module(found.name)

"""The project's mapping, read from source; imported only if asked for (`imported`).

models = read_models([Path("bot/models.py"), ...])
schema_of(models)    # CREATE TABLE statements, where nothing else gives a schema
"""

from tuxdb.audit.sql.mapping.model import ModelColumn, ModelSource
from tuxdb.audit.sql.mapping.reader import read_models

__all__ = ["ModelColumn", "ModelSource", "read_models"]

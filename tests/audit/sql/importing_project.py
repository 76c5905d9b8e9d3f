"""A project with models that are imported."""

from pathlib import Path

NAME = "bot.models:Base.metadata"
BASE = """import enum
import os
import sys
import time
from sqlalchemy import *
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator


class Base(DeclarativeBase):
    pass
"""


def written(folder: Path, code: str) -> Path:
    """A project whose models are this code."""
    (folder / "bot").mkdir()
    (folder / "bot" / "__init__.py").touch()
    (folder / "bot" / "models.py").write_text(BASE + code)
    return folder

"""`tuxdb migrate new`: writes the revision that takes the head to the models."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from textwrap import indent

from alembic.autogenerate import render
from alembic.autogenerate.api import AutogenContext, produce_migrations
from alembic.operations import ops
from alembic.runtime.migration import MigrationContext
from alembic.util import format_as_comma, rev_id, template_to_file
from sqlalchemy import Connection, MetaData

from tuxdb.errors import Refused, UsageError
from tuxdb.migrate.alchemy import connected
from tuxdb.migrate.comparison import compare_options, render_item
from tuxdb.migrate.connection import Target, settings_of
from tuxdb.migrate.metadata import load_metadata
from tuxdb.migrate.review import Ask, Rename, review
from tuxdb.migrate.revisions import History, migrations_folder
from tuxdb.migrate.runner import upgrade
from tuxdb.migrate.scratch import scratch_database

LONGEST_NAME = 40
TEMPLATE = "script.py.mako"


@dataclass(frozen=True)
class NewRevision:
    """What was written; without a file if models and head agree."""

    revision: str | None
    message: str
    file: str | None
    operations: int


@dataclass(frozen=True)
class Body:
    """The code of a revision."""

    upgrades: str = ""
    downgrades: str = ""
    imports: str = ""
    operations: int = 0


async def new(
    database: Target,
    message: str,
    *,
    folder: Path | None = None,
    empty: bool = False,
    renames: Sequence[str] = (),
    allow_drops: Sequence[str] = (),
    ask: Ask | None = None,
) -> NewRevision:
    """Write a revision from the difference between head and models.

    The head is built in a scratch database; the configured one is not looked at.
    Raises Refused for drops that were not allowed and for likely renames.
    """
    settings = settings_of(database)
    place = folder or migrations_folder(settings)
    history = History.read(place)
    _refuse_installed(place)
    message = _sentence(message)
    wanted = [Rename.parse(text) for text in renames]
    body = Body()
    if not empty:
        metadata = load_metadata(settings)
        async with scratch_database(settings) as scratch:
            await upgrade(scratch, folder=place)
            async with connected(scratch) as connection:
                body = await connection.run_sync(
                    _compared, metadata, wanted, allow_drops, ask
                )
        if not body.operations:
            return NewRevision(None, message, None, 0)
    revision, path = _write(history, message, body)
    return NewRevision(revision, message, str(path), body.operations)


def _compared(
    connection: Connection,
    metadata: MetaData,
    renames: Sequence[Rename],
    allow_drops: Sequence[str],
    ask: Ask | None,
) -> Body:
    context = MigrationContext.configure(connection, opts=compare_options(metadata))
    proposed = produce_migrations(context, metadata).upgrade_ops
    if proposed is None or proposed.is_empty():
        return Body()
    reviewed = review(proposed, renames=renames, allow_drops=allow_drops, ask=ask)
    writing = AutogenContext(context, opts=_style(), autogenerate=False)
    upgrades = _code(writing, reviewed)
    downgrades = _code(writing, reviewed.reverse())
    imports = "\n".join(sorted(writing.imports))
    return Body(upgrades, downgrades, imports, _count(reviewed))


def _style() -> dict[str, object]:
    return {
        "sqlalchemy_module_prefix": "sa.",
        "alembic_module_prefix": "op.",
        "render_item": render_item,
        "render_as_batch": False,
        "user_module_prefix": None,
    }


def _code(context: AutogenContext, operations: ops.OpContainer) -> str:
    """The statements of a function, indented but for the first line."""
    lines = [line for one in operations.ops for line in render.render_op(context, one)]
    return indent("\n".join(lines), "    ").strip()


def _count(operations: ops.OpContainer) -> int:
    return sum(
        len(one.ops) if isinstance(one, ops.ModifyTableOps) else 1
        for one in operations.ops
    )


def _write(history: History, message: str, body: Body) -> tuple[str, Path]:
    revision = _next_id(history)
    versions = history.folder / "versions"
    words = re.findall(r"\w+", message.lower())
    name = "_".join(words)[:LONGEST_NAME].strip("_")
    path = (versions if versions.is_dir() else history.folder) / f"{revision}_{name}.py"
    if path.exists():
        raise Refused(f"{path} exists already")
    template_to_file(
        history.folder / TEMPLATE,
        path,
        "utf-8",
        message=message,
        up_revision=revision,
        down_revision=history.head,
        branch_labels=None,
        depends_on=None,
        create_date=datetime.now(UTC),
        comma=format_as_comma,
        upgrades=body.upgrades,
        downgrades=body.downgrades,
        imports=body.imports,
    )
    return revision, path


def _next_id(history: History) -> str:
    """The next number where revisions are numbered, else letters as Alembic makes."""
    names = [one.revision for one in history.revisions] or ["0000"]
    if all(re.fullmatch(r"[0-9]{3,8}", name) for name in names):
        return f"{max(map(int, names)) + 1:0{len(names[-1])}d}"
    return rev_id()


def _sentence(message: str) -> str:
    """One line that may stand in a docstring."""
    text = " ".join(message.split()).rstrip(".")
    if not re.search(r"\w", text) or not text.isprintable():
        raise UsageError("a revision needs a message in words")
    return text.replace("\\", "\\\\").replace('"', "'")


def _refuse_installed(folder: Path) -> None:
    if "site-packages" in folder.parts:
        raise Refused(
            f"{folder} belongs to an installed package",
            hint="set migrations = FOLDER in tuxdb.toml to your own revisions",
        )

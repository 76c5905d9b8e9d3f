"""Schemas from elsewhere: Alembic revisions that are read, a live database."""

from pathlib import Path

from tests.audit.sql.bot import SCHEMA
from tests.audit.sql.conftest import Opener
from tuxdb.audit.sql.live import schema_of_database
from tuxdb.audit.sql.revisions import schema_of_revisions

OWN = Path(__file__).parents[3] / "migrations" / "versions"
SECOND = """
import os
import sqlalchemy as sa
from alembic import op

revision = "b2"
down_revision = "a1"
os.abort()  # reading is not running


def upgrade() -> None:
    for name in ("prefix", "locale"):
        op.add_column("guilds", sa.Column(name, sa.String(5)))
    with op.batch_alter_table("guilds") as batch:
        batch.drop_column("old")
        batch.create_unique_constraint("uq_name", ["name"])
    op.execute(f"CREATE INDEX ON guilds (locale)")
    for row in op.get_bind().execute(sa.text("SELECT 1")):
        op.execute(row[0])
"""
FIRST = """
import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "a1"
down_revision = None
mood = postgresql.ENUM("calm", "cross", name="mood", create_type=False)


def upgrade() -> None:
    mood.create(op.get_bind(), checkfirst=True)
    op.create_table(
        "guilds",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), server_default=sa.text("'x'"), nullable=False),
        sa.Column("old", sa.Integer()),
        sa.Column("feeling", mood),
        sa.Column("made", sa.DateTime(timezone=True), server_default=sa.func.now()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_guilds")),
    )


def downgrade() -> None:
    op.drop_table("guilds")
"""


async def test_revisions_are_written_out_in_their_order(
    opened: Opener, tmp_path: Path
) -> None:
    (tmp_path / "1_second.py").write_text(SECOND)
    (tmp_path / "2_first.py").write_text(FIRST)

    written = schema_of_revisions([tmp_path / "1_second.py", tmp_path / "2_first.py"])

    assert [(line, why) for _, line, why in written.left_out] == [(18, "for")]
    async with opened(written.source.text) as schema:
        assert schema.problems == ()
        guilds = schema.catalogue.relation("guilds")
        assert guilds is not None
        assert guilds.names == ("id", "name", "feeling", "made", "prefix", "locale")


async def test_our_own_revisions_can_be_read(opened: Opener) -> None:
    written = schema_of_revisions(OWN.glob("*.py"))

    async with opened(written.source.text) as schema:
        users = schema.catalogue.relation("users")
        assert users is not None
        assert {"discord_id", "points"} <= set(users.names)


async def test_a_live_database_gives_the_same_schema(opened: Opener) -> None:
    async with opened(SCHEMA) as one:
        source = await schema_of_database(one.scratch.url)
        async with opened(source.text) as other:
            assert other.problems == ()
            assert other.catalogue.relations == one.catalogue.relations
            assert other.catalogue.enums == one.catalogue.enums

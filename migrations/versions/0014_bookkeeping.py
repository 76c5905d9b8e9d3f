"""Create tuxdb's own tables.

Facts about the database, change sets, seeds.
tuxdb_migration is not among them: the runner needs it before the first revision.

Locks: none that anybody waits for; the tables are new.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_meta()
    _create_changeset()
    _create_change()
    _create_seed()


def downgrade() -> None:
    op.drop_table("tuxdb_seed")
    op.drop_table("tuxdb_change")
    op.drop_table("tuxdb_changeset")
    op.drop_table("tuxdb_meta")


def _create_meta() -> None:
    op.create_table(
        "tuxdb_meta",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text()),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.func.now(),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_tuxdb_meta")),
    )


def _create_changeset() -> None:
    op.create_table(
        "tuxdb_changeset",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("command", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text()),
        sa.Column("reason", sa.Text()),
        sa.Column("parts", postgresql.JSONB(), nullable=False),
        sa.Column("rows", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("progress", postgresql.JSONB()),
        sa.Column("undoes", sa.Uuid()),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.func.now(),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tuxdb_changeset")),
        sa.ForeignKeyConstraint(
            ["undoes"],
            ["tuxdb_changeset.id"],
            name=op.f("fk_tuxdb_changeset_undoes_tuxdb_changeset"),
        ),
    )
    for column in ("created_at", "undoes"):
        op.create_index(
            op.f(f"ix_tuxdb_changeset_{column}"), "tuxdb_changeset", [column]
        )


def _create_change() -> None:
    op.create_table(
        "tuxdb_change",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("changeset_id", sa.Uuid(), nullable=False),
        sa.Column("part", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("row_key", postgresql.JSONB(), nullable=False),
        sa.Column("before", postgresql.JSONB()),
        sa.Column("after", postgresql.JSONB()),
        sa.Column("row_hash", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tuxdb_change")),
        sa.ForeignKeyConstraint(
            ["changeset_id"],
            ["tuxdb_changeset.id"],
            name=op.f("fk_tuxdb_change_changeset_id_tuxdb_changeset"),
            ondelete="CASCADE",
        ),
    )
    op.create_index(
        op.f("ix_tuxdb_change_changeset_id_id"),
        "tuxdb_change",
        ["changeset_id", "id"],
    )


def _create_seed() -> None:
    op.create_table(
        "tuxdb_seed",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("rows", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("actor", sa.Text()),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.func.now(),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_tuxdb_seed")),
    )

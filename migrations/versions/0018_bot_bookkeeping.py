"""Create the bot's bookkeeping.

Flushes of counters that were carried out, and the commands that Discord has.

Locks: none that anybody waits for; the tables are new.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tuxdb_counter_flush",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("users", sa.BigInteger(), nullable=False),
        sa.Column("messages", sa.BigInteger(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.func.now(),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tuxdb_counter_flush")),
    )
    op.create_index(
        op.f("ix_tuxdb_counter_flush_created_at"), "tuxdb_counter_flush", ["created_at"]
    )
    op.create_table(
        "tuxdb_command_sync",
        sa.Column(
            "application_id", sa.BigInteger(), autoincrement=False, nullable=False
        ),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.func.now(),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("application_id", name=op.f("pk_tuxdb_command_sync")),
    )


def downgrade() -> None:
    op.drop_table("tuxdb_command_sync")
    op.drop_table("tuxdb_counter_flush")

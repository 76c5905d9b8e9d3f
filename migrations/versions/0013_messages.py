"""Create messages.

High volume, so without foreign keys.

Locks: none that anybody waits for; the table is new.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "messages",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "guild_id", sa.BigInteger(), server_default=sa.text("0"), nullable=False
        ),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
    )
    for columns in (["channel_id", "author_id"], ["author_id"], ["created_at"]):
        op.create_index(op.f(f"ix_messages_{'_'.join(columns)}"), "messages", columns)


def downgrade() -> None:
    op.drop_table("messages")

"""Index users for their lists, concurrently.

For finding a person in all guilds, the leaderboard and the activity list.

Locks: SHARE UPDATE EXCLUSIVE on users; reads and writes go on. Not in a transaction,
so it stands alone and can be run again: what a killed run left behind goes first.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

INDEXES = {
    "ix_users_discord_id": ["discord_id"],
    "ix_users_leaderboard": ["guild_id", sa.text("points DESC"), "id"],
    "ix_users_activity": [
        "guild_id",
        sa.text("message_count DESC"),
        sa.text("last_active DESC NULLS LAST"),
        "id",
    ],
}


def upgrade() -> None:
    with op.get_context().autocommit_block():
        for name, columns in INDEXES.items():
            op.drop_index(
                op.f(name), "users", if_exists=True, postgresql_concurrently=True
            )
            op.create_index(op.f(name), "users", columns, postgresql_concurrently=True)


def downgrade() -> None:
    with op.get_context().autocommit_block():
        for name in INDEXES:
            op.drop_index(
                op.f(name), "users", if_exists=True, postgresql_concurrently=True
            )

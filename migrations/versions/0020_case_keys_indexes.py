"""Index keys of cases, once in a guild, and pending cases, concurrently.

Locks: SHARE UPDATE EXCLUSIVE on cases; reads and writes go on. Not in a transaction,
so it stands alone and can be run again: what a killed run left behind goes first.
"""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

INDEXES: Mapping[str, Mapping[str, Any]] = {
    "ix_cases_idempotency_key": {
        "columns": ["guild_id", "idempotency_key"],
        "unique": True,
        "postgresql_where": sa.text("idempotency_key IS NOT NULL"),
    },
    "ix_cases_pending": {
        "columns": ["created_at"],
        "postgresql_where": sa.text("is_pending"),
    },
}


def upgrade() -> None:
    with op.get_context().autocommit_block():
        for name, form in INDEXES.items():
            op.drop_index(
                op.f(name), "cases", if_exists=True, postgresql_concurrently=True
            )
            op.create_index(op.f(name), "cases", postgresql_concurrently=True, **form)


def downgrade() -> None:
    with op.get_context().autocommit_block():
        for name in INDEXES:
            op.drop_index(
                op.f(name), "cases", if_exists=True, postgresql_concurrently=True
            )

"""Let a case carry the key of the request that opened it, and be pending.

Pending is a case that is written before Discord has answered what it is about.

Locks: ACCESS EXCLUSIVE on cases, no scan: no default, or a constant one.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cases", sa.Column("idempotency_key", sa.String(100)))
    op.add_column(
        "cases",
        sa.Column(
            "is_pending", sa.Boolean(), server_default=sa.false(), nullable=False
        ),
    )


def downgrade() -> None:
    op.drop_column("cases", "is_pending")
    op.drop_column("cases", "idempotency_key")

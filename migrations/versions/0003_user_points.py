"""Give users points, check not validated.

Balances are from 0 to 2^53 - 1; 0004 validates that.

Locks: ACCESS EXCLUSIVE on users, no scan: constant default, check NOT VALID.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "users",
        sa.Column(
            "points", sa.BigInteger(), server_default=sa.text("0"), nullable=False
        ),
    )
    op.create_check_constraint(
        op.f("ck_users_points_range"),
        "users",
        "points BETWEEN 0 AND 9007199254740991",
        postgresql_not_valid=True,
    )


def downgrade() -> None:
    op.drop_column("users", "points")

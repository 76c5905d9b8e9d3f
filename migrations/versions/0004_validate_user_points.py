"""Validate the check on points.

Locks: SHARE UPDATE EXCLUSIVE on users for one scan; reads and writes go on.
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE users VALIDATE CONSTRAINT ck_users_points_range")


def downgrade() -> None:
    """Nothing: a validated check allows the same rows as one that is not."""

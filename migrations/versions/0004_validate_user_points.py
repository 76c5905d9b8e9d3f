"""Validate the check on points.

Locks: SHARE UPDATE EXCLUSIVE on users for one scan; reads and writes go on. Taking it
back: ACCESS EXCLUSIVE, no scan.
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE users VALIDATE CONSTRAINT ck_users_points_range")


def downgrade() -> None:
    op.drop_constraint(op.f("ck_users_points_range"), "users")
    op.create_check_constraint(
        op.f("ck_users_points_range"),
        "users",
        "points BETWEEN 0 AND 9007199254740991",
        postgresql_not_valid=True,
    )

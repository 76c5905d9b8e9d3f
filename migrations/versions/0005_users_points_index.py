"""Index users.points concurrently.

Locks: SHARE UPDATE EXCLUSIVE on users; reads and writes go on. Not in a transaction,
so it stands alone and can be run again: what a killed run left behind goes first.
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

NAME = "ix_users_points"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index(op.f(NAME), "users", if_exists=True, postgresql_concurrently=True)
        op.create_index(op.f(NAME), "users", ["points"], postgresql_concurrently=True)


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index(op.f(NAME), "users", if_exists=True, postgresql_concurrently=True)

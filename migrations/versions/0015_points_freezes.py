"""Create points_freezes, the users who may not take part in transfers.

Locks: SHARE ROW EXCLUSIVE on users for the foreign key; no scan, the table is new.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "points_freezes",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(500)),
        sa.Column("actor", sa.String(100)),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.func.now(),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_points_freezes")),
        sa.UniqueConstraint(
            "guild_id", "user_id", name=op.f("uq_points_freezes_guild_id_user_id")
        ),
        sa.ForeignKeyConstraint(
            ["guild_id", "user_id"],
            ["users.guild_id", "users.id"],
            name=op.f("fk_points_freezes_guild_id_user_id_users"),
            ondelete="CASCADE",
        ),
    )


def downgrade() -> None:
    op.drop_table("points_freezes")

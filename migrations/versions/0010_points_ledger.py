"""Create the points ledger.

0011 guards it.

Locks: SHARE ROW EXCLUSIVE on guilds for the foreign key; no scan, the table is new, so
its indexes need no CONCURRENTLY.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "points_transactions",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("from_user", sa.BigInteger()),
        sa.Column("to_user", sa.BigInteger()),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("from_balance", sa.BigInteger()),
        sa.Column("to_balance", sa.BigInteger()),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(500)),
        sa.Column("actor", sa.String(100)),
        sa.Column("idempotency_key", sa.String(100)),
        sa.Column("request_hash", sa.String(64)),
        sa.Column("reverses", sa.BigInteger()),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.func.now(),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_points_transactions")),
        sa.UniqueConstraint(
            "guild_id",
            "idempotency_key",
            name=op.f("uq_points_transactions_guild_id_idempotency_key"),
        ),
        sa.UniqueConstraint("reverses", name=op.f("uq_points_transactions_reverses")),
        sa.ForeignKeyConstraint(
            ["guild_id"],
            ["guilds.id"],
            name=op.f("fk_points_transactions_guild_id_guilds"),
        ),
        sa.CheckConstraint(
            "amount BETWEEN 1 AND 9007199254740991",
            name=op.f("ck_points_transactions_amount_range"),
        ),
        sa.CheckConstraint(
            "from_user IS DISTINCT FROM to_user",
            name=op.f("ck_points_transactions_two_sides"),
        ),
        sa.CheckConstraint(
            "kind IN ('transfer', 'grant', 'deduct', 'set', 'reverse', 'seed')",
            name=op.f("ck_points_transactions_kind_known"),
        ),
        sa.CheckConstraint(
            "(from_user IS NULL) = (from_balance IS NULL)"
            " AND (to_user IS NULL) = (to_balance IS NULL)",
            name=op.f("ck_points_transactions_balance_of_each_side"),
        ),
        sa.CheckConstraint(
            "(kind = 'transfer') <= (from_user IS NOT NULL AND to_user IS NOT NULL)",
            name=op.f("ck_points_transactions_transfer_two_users"),
        ),
    )
    for side in ("from_user", "to_user"):
        op.create_index(
            op.f(f"ix_points_transactions_guild_id_{side}_id"),
            "points_transactions",
            ["guild_id", side, "id"],
        )


def downgrade() -> None:
    op.drop_table("points_transactions")

"""Create cases, numbered within their guild.

Locks: SHARE ROW EXCLUSIVE on guilds and users for the foreign keys; no scan, the table
is new, so its indexes need no CONCURRENTLY.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "cases",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("case_number", sa.BigInteger(), nullable=False),
        sa.Column("case_type", sa.String(32), nullable=False),
        sa.Column("reason", sa.String(2000)),
        sa.Column("moderator_id", sa.BigInteger()),
        sa.Column("is_active", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True)),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.func.now(),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.func.now(),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cases")),
        sa.UniqueConstraint(
            "guild_id", "case_number", name=op.f("uq_cases_guild_id_case_number")
        ),
        sa.ForeignKeyConstraint(
            ["guild_id"],
            ["guilds.id"],
            name=op.f("fk_cases_guild_id_guilds"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["guild_id", "user_id"],
            ["users.guild_id", "users.id"],
            name=op.f("fk_cases_guild_id_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.CheckConstraint(
            "case_number >= 1", name=op.f("ck_cases_case_number_positive")
        ),
        sa.CheckConstraint(
            "btrim(case_type) <> ''", name=op.f("ck_cases_case_type_not_blank")
        ),
    )
    op.create_index(op.f("ix_cases_guild_id_user_id"), "cases", ["guild_id", "user_id"])
    op.create_index(
        op.f("ix_cases_active"),
        "cases",
        ["guild_id", "user_id"],
        postgresql_where=sa.text("is_active"),
    )
    op.create_index(
        op.f("ix_cases_expiring"),
        "cases",
        ["expires_at"],
        postgresql_where=sa.text("is_active AND expires_at IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_table("cases")

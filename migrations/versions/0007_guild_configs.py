"""Create guild_configs.

Prefix, log channels, jail, and free settings.

Locks: SHARE ROW EXCLUSIVE on guilds for the foreign key; no scan, the table is new.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "guild_configs",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("prefix", sa.String(10), server_default="$", nullable=False),
        sa.Column("mod_log_id", sa.BigInteger()),
        sa.Column("audit_log_id", sa.BigInteger()),
        sa.Column("join_log_id", sa.BigInteger()),
        sa.Column("private_log_id", sa.BigInteger()),
        sa.Column("report_log_id", sa.BigInteger()),
        sa.Column("dev_log_id", sa.BigInteger()),
        sa.Column("jail_channel_id", sa.BigInteger()),
        sa.Column("jail_role_id", sa.BigInteger()),
        sa.Column("settings", postgresql.JSONB(), server_default="{}", nullable=False),
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
        sa.PrimaryKeyConstraint("guild_id", name=op.f("pk_guild_configs")),
        sa.ForeignKeyConstraint(
            ["guild_id"],
            ["guilds.id"],
            name=op.f("fk_guild_configs_guild_id_guilds"),
            ondelete="CASCADE",
        ),
        sa.CheckConstraint(
            "btrim(prefix) <> ''", name=op.f("ck_guild_configs_prefix_not_blank")
        ),
        sa.CheckConstraint(
            "jsonb_typeof(settings) = 'object'",
            name=op.f("ck_guild_configs_settings_object"),
        ),
    )


def downgrade() -> None:
    op.drop_table("guild_configs")

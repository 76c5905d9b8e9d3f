"""Create users, one row per member.

Locks: SHARE ROW EXCLUSIVE on guilds for the foreign key; no scan, the table is new.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("discord_id", sa.BigInteger(), nullable=False),
        sa.Column("username", sa.String(100), nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column(
            "message_count",
            sa.BigInteger(),
            server_default=sa.text("0"),
            nullable=False,
        ),
        sa.Column("last_active", sa.DateTime(timezone=True)),
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
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint(
            "guild_id", "discord_id", name=op.f("uq_users_guild_id_discord_id")
        ),
        sa.UniqueConstraint("guild_id", "id", name=op.f("uq_users_guild_id_id")),
        sa.ForeignKeyConstraint(
            ["guild_id"],
            ["guilds.id"],
            name=op.f("fk_users_guild_id_guilds"),
            ondelete="CASCADE",
        ),
        sa.CheckConstraint("discord_id > 0", name=op.f("ck_users_discord_id_positive")),
        sa.CheckConstraint(
            "btrim(username) <> ''", name=op.f("ck_users_username_not_blank")
        ),
        sa.CheckConstraint(
            "message_count >= 0", name=op.f("ck_users_message_count_not_negative")
        ),
    )


def downgrade() -> None:
    op.drop_table("users")

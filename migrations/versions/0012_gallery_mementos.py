"""Create gallery_mementos.

The channels whose posts a guild keeps.

Locks: SHARE ROW EXCLUSIVE on guilds for the foreign key; no scan, the table is new.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "gallery_mementos",
        sa.Column("channel_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("channel_name", sa.String(100), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("channel_id", name=op.f("pk_gallery_mementos")),
        sa.UniqueConstraint(
            "guild_id",
            "channel_name",
            name=op.f("uq_gallery_mementos_guild_id_channel_name"),
        ),
        sa.ForeignKeyConstraint(
            ["guild_id"],
            ["guilds.id"],
            name=op.f("fk_gallery_mementos_guild_id_guilds"),
            ondelete="CASCADE",
        ),
        sa.CheckConstraint(
            "channel_id > 0", name=op.f("ck_gallery_mementos_channel_id_positive")
        ),
        sa.CheckConstraint(
            "btrim(channel_name) <> ''",
            name=op.f("ck_gallery_mementos_channel_name_not_blank"),
        ),
    )


def downgrade() -> None:
    op.drop_table("gallery_mementos")

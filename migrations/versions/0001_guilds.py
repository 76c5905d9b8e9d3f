"""Create guilds.

Locks: none that anybody waits for; the table is new.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "guilds",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(100)),
        sa.Column(
            "case_count", sa.BigInteger(), server_default=sa.text("0"), nullable=False
        ),
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
        sa.PrimaryKeyConstraint("id", name=op.f("pk_guilds")),
        sa.CheckConstraint("id > 0", name=op.f("ck_guilds_id_positive")),
        sa.CheckConstraint(
            "case_count >= 0", name=op.f("ck_guilds_case_count_not_negative")
        ),
    )


def downgrade() -> None:
    op.drop_table("guilds")

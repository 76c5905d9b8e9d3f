"""Validate the check of a guild's rules for the bot.

Locks: SHARE UPDATE EXCLUSIVE on guild_configs for a scan; reads and writes go on.
Taking it back: ACCESS EXCLUSIVE, no scan.
"""

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

NAME = "ck_guild_configs_bot_rules"
NOT_VALIDATED = f"""
    DO $$
    BEGIN
        EXECUTE (
            SELECT format(
                'ALTER TABLE guild_configs DROP CONSTRAINT %1$I, '
                'ADD CONSTRAINT %1$I %2$s NOT VALID',
                conname, pg_get_constraintdef(oid)
            )
            FROM pg_constraint
            WHERE conrelid = 'guild_configs'::regclass AND conname = '{NAME}'
        );
    END
    $$
"""


def upgrade() -> None:
    op.execute(f"ALTER TABLE guild_configs VALIDATE CONSTRAINT {NAME}")


def downgrade() -> None:
    op.execute(NOT_VALIDATED)

"""Validate the checks of a guild's rules about points.

Locks: SHARE UPDATE EXCLUSIVE on guild_configs for a scan each; reads and writes go on.
Taking it back: ACCESS EXCLUSIVE, no scan.
"""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

CHECKS = ("points_rules", "points_timezone")
NOT_VALIDATED = """
    DO $$
    DECLARE
        found record;
    BEGIN
        FOR found IN
            SELECT conname, pg_get_constraintdef(oid) AS definition
            FROM pg_constraint
            WHERE conrelid = 'guild_configs'::regclass
                AND conname LIKE 'ck_guild_configs_points_%'
        LOOP
            EXECUTE format(
                'ALTER TABLE guild_configs DROP CONSTRAINT %1$I, '
                'ADD CONSTRAINT %1$I %2$s NOT VALID',
                found.conname, found.definition
            );
        END LOOP;
    END
    $$
"""


def upgrade() -> None:
    for name in CHECKS:
        op.execute(
            f"ALTER TABLE guild_configs VALIDATE CONSTRAINT ck_guild_configs_{name}"
        )


def downgrade() -> None:
    op.execute(NOT_VALIDATED)

"""Notify of changed guild_configs.

Other processes hear on `tuxdb_cache` which cached configuration is old.

Locks: SHARE ROW EXCLUSIVE on guild_configs for the trigger, no scan; dropping it takes
ACCESS EXCLUSIVE.
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE FUNCTION tuxdb_guild_config_changed() RETURNS trigger
        LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP <> 'INSERT' THEN
                PERFORM pg_notify('tuxdb_cache', 'guild_configs:' || OLD.guild_id);
            END IF;
            IF TG_OP <> 'DELETE' THEN
                PERFORM pg_notify('tuxdb_cache', 'guild_configs:' || NEW.guild_id);
            END IF;
            RETURN NULL;
        END
        $$
        """
    )
    op.execute(
        """
        CREATE TRIGGER tuxdb_guild_config_changed
        AFTER INSERT OR UPDATE OR DELETE ON guild_configs
        FOR EACH ROW EXECUTE FUNCTION tuxdb_guild_config_changed()
        """
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER tuxdb_guild_config_changed ON guild_configs")
    op.execute("DROP FUNCTION tuxdb_guild_config_changed()")

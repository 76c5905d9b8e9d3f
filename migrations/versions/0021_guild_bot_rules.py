"""Check a guild's rules for the bot, not validated.

0022 validates.

Locks: ACCESS EXCLUSIVE on guild_configs, no scan: the check is NOT VALID.
"""

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

NAME = "ck_guild_configs_bot_rules"
MAX_POINTS = 9007199254740991
ROLE_ID = "^[1-9][0-9]{0,18}$"
COG_NAME = "^[a-z][a-z-]{0,31}$"
OTHER_THAN = 'strict $[*] ? (@.type() != "string" || !(@ like_regex "%s"))'
RULES = (
    "jsonb_typeof(settings -> 'bot') = 'object'"
    " AND jsonb_typeof(settings -> 'bot' -> 'manager_roles') = 'array'"
    " AND NOT jsonb_path_exists(settings -> 'bot' -> 'manager_roles',"
    f" '{OTHER_THAN % ROLE_ID}')"
    " AND jsonb_typeof(settings -> 'bot' -> 'confirm_from') = 'number'"
    " AND NOT jsonb_path_exists(settings -> 'bot' -> 'confirm_from',"
    f" '$ ? (@ < 1 || @ > {MAX_POINTS} || @.floor() != @)')"
    " AND jsonb_typeof(settings -> 'bot' -> 'ping_receiver') = 'boolean'"
    " AND jsonb_typeof(settings -> 'bot' -> 'locale') = 'string'"
    " AND settings -> 'bot' ->> 'locale' IN ('en', 'de')"
    " AND jsonb_typeof(settings -> 'bot' -> 'cogs_off') = 'array'"
    " AND NOT jsonb_path_exists(settings -> 'bot' -> 'cogs_off',"
    f" '{OTHER_THAN % COG_NAME}')"
)


def upgrade() -> None:
    op.create_check_constraint(
        op.f(NAME), "guild_configs", RULES, postgresql_not_valid=True
    )


def downgrade() -> None:
    op.drop_constraint(op.f(NAME), "guild_configs")

"""Check a guild's rules about points, not validated.

The statements that move points read `settings.points`; what they could not read would
stop every transfer of the guild. 0017 validates.

Locks: ACCESS EXCLUSIVE on guild_configs, no scan: the checks are NOT VALID.
"""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

MAX_POINTS = 9007199254740991
LOWEST = {"max_balance": 1, "daily_send": 0, "daily_receive": 0, "start_balance": 0}
RULES = " AND ".join(
    [
        "jsonb_typeof(settings -> 'points') = 'object'",
        *(
            f"jsonb_typeof(settings -> 'points' -> '{name}') = 'number'"
            f" AND NOT jsonb_path_exists(settings -> 'points' -> '{name}',"
            f" '$ ? (@ < {lowest} || @ > {MAX_POINTS} || @.floor() != @)')"
            for name, lowest in LOWEST.items()
        ),
        (
            "NOT jsonb_path_exists(settings -> 'points',"
            " '$ ? (@.start_balance > @.max_balance)')"
        ),
    ]
)
TIMEZONE = (
    "jsonb_typeof(settings -> 'points' -> 'timezone') = 'string'"
    " AND timezone(coalesce(settings -> 'points' ->> 'timezone', 'UTC'),"
    " to_timestamp(0)) IS NOT NULL"
)
CHECKS = {"points_rules": RULES, "points_timezone": TIMEZONE}


def upgrade() -> None:
    for name, condition in CHECKS.items():
        op.create_check_constraint(
            op.f(f"ck_guild_configs_{name}"),
            "guild_configs",
            condition,
            postgresql_not_valid=True,
        )


def downgrade() -> None:
    for name in CHECKS:
        op.drop_constraint(op.f(f"ck_guild_configs_{name}"), "guild_configs")

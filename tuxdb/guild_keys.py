"""What of a guild can be set, by the names that the command line and Discord share.

Here are names alone, so that they are known without the models, which say what a
value may be.
"""

CHANNELS = (
    "mod_log_id",
    "audit_log_id",
    "join_log_id",
    "private_log_id",
    "report_log_id",
    "dev_log_id",
    "jail_channel_id",
)
ROLES = ("jail_role_id",)
PREFIX, SETTINGS = "prefix", "settings"
COLUMNS = (PREFIX, *CHANNELS, *ROLES, SETTINGS)
POINTS, BOT = "points", "bot"
RULES = {
    POINTS: ("max_balance", "daily_send", "daily_receive", "start_balance", "timezone"),
    BOT: ("manager_roles", "confirm_from", "ping_receiver", "locale", "cogs_off"),
}
KEYS = (
    *COLUMNS,
    *(f"{part}.{rule}" for part, rules in RULES.items() for rule in rules),
)

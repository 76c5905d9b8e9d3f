"""Guard the ledger: an entry is what changes a balance, and entries stay as they are.

`points_transactions_apply` carries an inserted entry over to `users.points`, and
refuses one that does not follow from the balances as they are. Any other change of
`users.points` comes at trigger depth 0 and is refused there, as is one of the owner
of points; the conditions are WHEN clauses, so rows whose points stay cost no function
call. A user who goes takes an entry along that accounts for the points left, which
TRUNCATE would not.

Locks: SHARE ROW EXCLUSIVE on users and points_transactions, no scan.
"""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

APPLY = """
CREATE FUNCTION tuxdb_points_apply() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.from_user IS NOT NULL THEN
        UPDATE users SET points = NEW.from_balance, updated_at = now()
        WHERE id = NEW.from_user AND guild_id = NEW.guild_id
            AND points - NEW.amount = NEW.from_balance;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'entry % does not follow from the balance of user %',
                NEW.id, NEW.from_user
            USING ERRCODE = 'TUX01', HINT = 'tuxdb points transfer, grant or deduct';
        END IF;
    END IF;
    IF NEW.to_user IS NOT NULL THEN
        UPDATE users SET points = NEW.to_balance, updated_at = now()
        WHERE id = NEW.to_user AND guild_id = NEW.guild_id
            AND points + NEW.amount = NEW.to_balance;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'entry % does not follow from the balance of user %',
                NEW.id, NEW.to_user
            USING ERRCODE = 'TUX01', HINT = 'tuxdb points transfer, grant or deduct';
        END IF;
    END IF;
    RETURN NULL;
END
$$
"""

REFUSE_DIRECT = """
CREATE FUNCTION tuxdb_points_refuse_direct() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'users.points changes through the ledger only'
    USING ERRCODE = 'TUX01', HINT = 'tuxdb points transfer, grant, deduct or set';
END
$$
"""

REFUSE_TRUNCATE = """
CREATE FUNCTION tuxdb_points_refuse_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM users WHERE points > 0) THEN
        RAISE EXCEPTION 'users who have points cannot be truncated'
        USING ERRCODE = 'TUX01', HINT = 'DELETE leaves an entry for each of them';
    END IF;
    RETURN NULL;
END
$$
"""

ACCOUNT_CLOSED = """
CREATE FUNCTION tuxdb_points_account_closed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO points_transactions
        (guild_id, from_user, amount, from_balance, kind, reason)
    VALUES (OLD.guild_id, OLD.id, OLD.points, 0, 'deduct', 'account deleted');
    RETURN NULL;
END
$$
"""

APPEND_ONLY = """
CREATE FUNCTION tuxdb_points_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the points ledger is append-only: % refused', TG_OP
    USING ERRCODE = 'TUX02', HINT = 'tuxdb points grant or deduct corrects an entry';
END
$$
"""

FUNCTIONS = (APPLY, REFUSE_DIRECT, REFUSE_TRUNCATE, ACCOUNT_CLOSED, APPEND_ONLY)

TRIGGERS = (
    """
    CREATE TRIGGER points_transactions_apply
    AFTER INSERT ON points_transactions FOR EACH ROW
    WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION tuxdb_points_apply()
    """,
    """
    CREATE TRIGGER points_transactions_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON points_transactions FOR EACH STATEMENT
    EXECUTE FUNCTION tuxdb_points_append_only()
    """,
    """
    CREATE TRIGGER users_points_guard_insert
    BEFORE INSERT ON users FOR EACH ROW
    WHEN (NEW.points <> 0 AND pg_trigger_depth() = 0)
    EXECUTE FUNCTION tuxdb_points_refuse_direct()
    """,
    """
    CREATE TRIGGER users_points_guard_update
    BEFORE UPDATE OF points ON users FOR EACH ROW
    WHEN (NEW.points <> OLD.points AND pg_trigger_depth() = 0)
    EXECUTE FUNCTION tuxdb_points_refuse_direct()
    """,
    """
    CREATE TRIGGER users_points_guard_owner
    BEFORE UPDATE OF id, guild_id ON users FOR EACH ROW
    WHEN ((NEW.id <> OLD.id OR NEW.guild_id <> OLD.guild_id) AND OLD.points > 0)
    EXECUTE FUNCTION tuxdb_points_refuse_direct()
    """,
    """
    CREATE TRIGGER users_points_guard_truncate
    BEFORE TRUNCATE ON users FOR EACH STATEMENT
    EXECUTE FUNCTION tuxdb_points_refuse_truncate()
    """,
    """
    CREATE TRIGGER users_points_account_closed
    AFTER DELETE ON users FOR EACH ROW
    WHEN (OLD.points > 0) EXECUTE FUNCTION tuxdb_points_account_closed()
    """,
)


def upgrade() -> None:
    for function in FUNCTIONS:
        op.execute(function)
    for trigger in TRIGGERS:
        op.execute(trigger)


def downgrade() -> None:
    op.execute("DROP TRIGGER users_points_account_closed ON users")
    for guarded in ("truncate", "owner", "update", "insert"):
        op.execute(f"DROP TRIGGER users_points_guard_{guarded} ON users")
    op.execute("DROP TRIGGER points_transactions_append_only ON points_transactions")
    op.execute("DROP TRIGGER points_transactions_apply ON points_transactions")
    for name in (
        "append_only",
        "account_closed",
        "refuse_truncate",
        "refuse_direct",
        "apply",
    ):
        op.execute(f"DROP FUNCTION tuxdb_points_{name}()")

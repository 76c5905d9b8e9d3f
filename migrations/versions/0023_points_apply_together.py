"""Carry entries over to the balances a statement at a time.

The trigger of 0011 ran for each entry, and wrote a hot balance again for each. This
one runs once for all entries of a statement: those of a user must follow each other
in the order of their ids, from the balance as it is, and the last one is written.
What 0011 refused is refused, a balance out of range between two entries among it. A
single entry, the usual case, is carried over as before, which is quicker than by sets.

Locks: ACCESS EXCLUSIVE on points_transactions for a moment, no scan.
"""

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

CARRY_OVER = """
    IF {entry}.from_user IS NOT NULL THEN
        UPDATE users SET points = {entry}.from_balance, updated_at = now()
        WHERE id = {entry}.from_user AND guild_id = {entry}.guild_id
            AND points - {entry}.amount = {entry}.from_balance;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'entry % does not follow from the balance of user %',
                {entry}.id, {entry}.from_user
            USING ERRCODE = 'TUX01', HINT = 'tuxdb points transfer, grant or deduct';
        END IF;
    END IF;
    IF {entry}.to_user IS NOT NULL THEN
        UPDATE users SET points = {entry}.to_balance, updated_at = now()
        WHERE id = {entry}.to_user AND guild_id = {entry}.guild_id
            AND points + {entry}.amount = {entry}.to_balance;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'entry % does not follow from the balance of user %',
                {entry}.id, {entry}.to_user
            USING ERRCODE = 'TUX01', HINT = 'tuxdb points transfer, grant or deduct';
        END IF;
    END IF;
    RETURN NULL;
"""

APPLY_TOGETHER = f"""
CREATE OR REPLACE FUNCTION tuxdb_points_apply() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    entries bigint;
    entry record;
BEGIN
    SELECT count(*) INTO entries FROM inserted;
    IF entries = 0 THEN
        RETURN NULL;
    ELSIF entries > 1 THEN
        WITH sides AS (
            SELECT id, guild_id, from_user AS user_id,
                from_balance + amount AS before, from_balance AS after
            FROM inserted WHERE from_user IS NOT NULL
            UNION ALL
            SELECT id, guild_id, to_user, to_balance - amount, to_balance
            FROM inserted WHERE to_user IS NOT NULL
        ), steps AS (
            SELECT *, lag(after) OVER own AS earlier, lead(id) OVER own AS later,
                first_value(before) OVER own AS opening
            FROM sides WINDOW own AS (PARTITION BY guild_id, user_id ORDER BY id)
        ), applied AS (
            UPDATE users SET points = steps.after, updated_at = now() FROM steps
            WHERE steps.later IS NULL AND users.id = steps.user_id
                AND users.guild_id = steps.guild_id AND users.points = steps.opening
            RETURNING users.id, users.guild_id
        )
        SELECT steps.id, steps.user_id INTO entry
        FROM steps LEFT JOIN applied
            ON applied.id = steps.user_id AND applied.guild_id = steps.guild_id
        WHERE steps.before <> steps.earlier OR applied.id IS NULL
            OR steps.after NOT BETWEEN 0 AND 9007199254740991
        ORDER BY steps.id LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'entry % does not follow from the balance of user %',
                entry.id, entry.user_id
            USING ERRCODE = 'TUX01', HINT = 'tuxdb points transfer, grant or deduct';
        END IF;
        RETURN NULL;
    END IF;
    SELECT * INTO entry FROM inserted;
    {CARRY_OVER.format(entry="entry").strip()}
END
$$
"""

APPLY_EACH = f"""
CREATE OR REPLACE FUNCTION tuxdb_points_apply() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    {CARRY_OVER.format(entry="NEW").strip()}
END
$$
"""

ONCE_A_STATEMENT = """
    CREATE TRIGGER points_transactions_apply
    AFTER INSERT ON points_transactions REFERENCING NEW TABLE AS inserted
    FOR EACH STATEMENT
    WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION tuxdb_points_apply()
"""

FOR_EACH_ENTRY = """
    CREATE TRIGGER points_transactions_apply
    AFTER INSERT ON points_transactions FOR EACH ROW
    WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION tuxdb_points_apply()
"""


def upgrade() -> None:
    _replace(APPLY_TOGETHER, ONCE_A_STATEMENT)


def downgrade() -> None:
    _replace(APPLY_EACH, FOR_EACH_ENTRY)


def _replace(function: str, trigger: str) -> None:
    op.execute("DROP TRIGGER points_transactions_apply ON points_transactions")
    op.execute(function)
    op.execute(trigger)

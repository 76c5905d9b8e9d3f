-- Who waits for whom. Row locks and locks of tables are both in pg_blocking_pids();
-- 0 there is a prepared transaction.
SELECT DISTINCT
    w.pid AS waiting_pid,
    w.application_name AS waiting_app,
    round(extract(epoch FROM clock_timestamp() - w.query_start), 1)::float8
        AS waiting_seconds,
    w.query AS waiting_query,
    x.pid AS blocking_pid,
    b.application_name AS blocking_app,
    CASE WHEN x.pid = 0 THEN 'prepared transaction' ELSE b.state END AS blocking_state,
    round(extract(epoch FROM clock_timestamp() - b.xact_start), 1)::float8
        AS blocking_transaction_seconds,
    b.query AS blocking_query,
    cardinality(pg_blocking_pids(x.pid)) = 0 AS is_root,
    CASE
        WHEN b.state = 'active' THEN format('SELECT pg_cancel_backend(%s);', b.pid)
        WHEN b.pid IS NOT NULL THEN format('SELECT pg_terminate_backend(%s);', b.pid)
    END AS fix
FROM pg_stat_activity AS w
CROSS JOIN LATERAL unnest(pg_blocking_pids(w.pid)) AS x (pid)
LEFT JOIN pg_stat_activity AS b ON b.pid = x.pid
WHERE w.datname = current_database()
ORDER BY is_root DESC, waiting_seconds DESC NULLS LAST, waiting_pid, blocking_pid

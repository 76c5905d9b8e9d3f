-- What runs for long, and what holds a transaction open without doing anything.
SELECT
    a.pid,
    a.usename::text AS role,
    a.application_name AS application,
    a.state,
    t.seconds,
    round(extract(epoch FROM clock_timestamp() - a.xact_start), 1)::float8
        AS transaction_seconds,
    a.wait_event_type || ': ' || a.wait_event AS waiting_for,
    a.query,
    format(
        CASE a.state
            WHEN 'active' THEN 'SELECT pg_cancel_backend(%s);'
            ELSE 'SELECT pg_terminate_backend(%s);'
        END, a.pid
    ) AS fix
FROM pg_stat_activity AS a
CROSS JOIN LATERAL (
    SELECT round(extract(
        epoch FROM clock_timestamp()
        - CASE a.state WHEN 'active' THEN a.query_start ELSE a.state_change END
    ), 1)::float8 AS seconds
) AS t
WHERE a.datname = current_database()
  AND a.backend_type = 'client backend'
  AND a.pid <> pg_backend_pid()
  AND (a.state = 'active' OR a.state LIKE 'idle in transaction%')
  AND t.seconds > :longer_than
ORDER BY t.seconds DESC

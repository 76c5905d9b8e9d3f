-- Locks on relations of this database, those waited for first.
SELECT
    l.pid,
    a.usename::text AS role,
    a.application_name AS application,
    a.state,
    format(
        CASE n.nspname WHEN 'public' THEN '%2$I' ELSE '%1$I.%2$I' END,
        n.nspname, c.relname
    ) AS relation,
    l.mode,
    l.granted,
    round(extract(epoch FROM clock_timestamp() - a.xact_start), 1)::float8
        AS transaction_seconds,
    a.query
FROM pg_locks AS l
JOIN pg_class AS c ON c.oid = l.relation
JOIN pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_stat_activity AS a ON a.pid = l.pid
WHERE l.locktype = 'relation'
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND l.pid <> pg_backend_pid()
  AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
ORDER BY l.granted, transaction_seconds DESC NULLS LAST, l.pid, relation, l.mode

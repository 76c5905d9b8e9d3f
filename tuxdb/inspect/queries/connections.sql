-- Connections of clients to every database, as max_connections counts them.
SELECT
    a.datname::text AS database,
    a.usename::text AS role,
    a.application_name AS application,
    a.state,
    count(*) AS connections,
    round(max(extract(epoch FROM clock_timestamp() - a.state_change)), 1)::float8
        AS longest_seconds
FROM pg_stat_activity AS a
WHERE a.backend_type = 'client backend'
   OR a.backend_type IS NULL AND a.usename IS NOT NULL  -- hidden from this role
GROUP BY 1, 2, 3, 4
ORDER BY connections DESC, 1, 2, 3, 4

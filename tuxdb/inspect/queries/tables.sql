-- Tables with storage, largest first.
-- The size functions wait for ACCESS EXCLUSIVE locks, so a table that a migration
-- holds, or waits for, gets NULL sizes instead of stopping the whole list.
WITH locked AS MATERIALIZED (
    SELECT l.relation
    FROM pg_locks AS l
    WHERE l.mode = 'AccessExclusiveLock'
      AND l.pid <> pg_backend_pid()
      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
),
held AS MATERIALIZED (
    SELECT relation AS oid FROM locked
    UNION
    SELECT i.indrelid FROM pg_index AS i WHERE i.indexrelid IN (SELECT relation FROM locked)
),
sized AS MATERIALIZED (
    SELECT
        c.*,
        NOT EXISTS (SELECT FROM held WHERE held.oid IN (c.oid, c.reltoastrelid)) AS free
    FROM pg_class AS c
    WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't'
),
measured AS MATERIALIZED (
    SELECT
        s.*,
        CASE WHEN s.free THEN pg_total_relation_size(s.oid) END AS total_bytes,
        CASE WHEN s.free THEN pg_table_size(s.oid) END AS heap_and_toast_bytes,
        CASE WHEN s.free THEN pg_indexes_size(s.oid) END AS index_bytes,
        CASE
            WHEN s.free AND s.reltoastrelid <> 0
                THEN pg_total_relation_size(s.reltoastrelid)
            WHEN s.free THEN 0
        END AS toast_bytes,
        CASE WHEN s.free THEN pg_relation_size(s.oid) END AS heap_bytes
    FROM sized AS s
)
SELECT
    n.nspname AS schema_name,
    m.relname AS table_name,
    format(
        CASE n.nspname WHEN 'public' THEN '%2$I' ELSE '%1$I.%2$I' END,
        n.nspname, m.relname
    ) AS "table",
    m.total_bytes,
    m.heap_and_toast_bytes - m.toast_bytes AS table_bytes,
    m.index_bytes,
    m.toast_bytes,
    -- as the planner does it: rows per page when last counted, times the pages of now
    CASE
        WHEN m.reltuples >= 0 AND m.relpages > 0 AND m.heap_bytes IS NOT NULL
            THEN round(
                m.reltuples::float8 / m.relpages
                * (m.heap_bytes / current_setting('block_size')::int)
            )::bigint
        ELSE greatest(s.n_live_tup, m.reltuples::bigint, 0)
    END AS estimated_rows,
    coalesce(s.n_dead_tup, 0) AS dead_rows,
    coalesce(s.seq_scan, 0) AS seq_scans,
    coalesce(s.idx_scan, 0) AS index_scans,
    greatest(s.last_vacuum, s.last_autovacuum) AS last_vacuum,
    greatest(s.last_analyze, s.last_autoanalyze) AS last_analyze
FROM measured AS m
JOIN pg_namespace AS n ON n.oid = m.relnamespace
LEFT JOIN pg_stat_all_tables AS s ON s.relid = m.oid
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
ORDER BY m.total_bytes DESC NULLS LAST, n.nspname, m.relname

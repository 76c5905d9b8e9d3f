-- Indexes, largest first. Sizes of locked ones are NULL: see tables.sql.
-- last_idx_scan exists since PostgreSQL 16; read through JSON it is NULL before.
WITH locked AS MATERIALIZED (
    SELECT l.relation
    FROM pg_locks AS l
    WHERE l.mode = 'AccessExclusiveLock'
      AND l.pid <> pg_backend_pid()
      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
)
SELECT
    format(
        CASE n.nspname WHEN 'public' THEN '%2$I' ELSE '%1$I.%2$I' END,
        n.nspname, t.relname
    ) AS "table",
    format('%I', c.relname) AS index,
    CASE
        WHEN i.indexrelid IN (SELECT relation FROM locked) THEN NULL
        ELSE pg_relation_size(i.indexrelid)
    END AS bytes,
    coalesce(s.idx_scan, 0) AS scans,
    (to_jsonb(s) ->> 'last_idx_scan')::timestamptz AS last_idx_scan,
    i.indisprimary AS "primary",
    i.indisunique AS "unique",
    i.indpred IS NOT NULL AS "partial",
    i.indisvalid AS "valid",
    pg_get_indexdef(i.indexrelid) AS definition
FROM pg_index AS i
JOIN pg_class AS c ON c.oid = i.indexrelid
JOIN pg_class AS t ON t.oid = i.indrelid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_stat_all_indexes AS s ON s.indexrelid = i.indexrelid
WHERE c.relkind = 'i'
  AND c.relpersistence <> 't'
  AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
ORDER BY bytes DESC NULLS LAST, n.nspname, t.relname, c.relname

-- Tables of more than :min_rows rows that sequential scans have read :times times over.
SELECT
    format(
        CASE s.schemaname WHEN 'public' THEN '%2$I' ELSE '%1$I.%2$I' END,
        s.schemaname, s.relname
    ) AS "table",
    r.rows,
    s.seq_scan AS seq_scans,
    s.seq_tup_read AS rows_read,
    round(s.seq_tup_read::numeric / r.rows, 1)::float8 AS times_over,
    coalesce(s.idx_scan, 0) AS index_scans
FROM pg_stat_user_tables AS s
JOIN pg_class AS c ON c.oid = s.relid
CROSS JOIN LATERAL (
    SELECT
        CASE WHEN c.reltuples > 0 THEN c.reltuples::bigint ELSE s.n_live_tup END AS rows
) AS r
WHERE r.rows > :min_rows AND s.seq_tup_read > :times * r.rows
ORDER BY s.seq_tup_read DESC, "table"

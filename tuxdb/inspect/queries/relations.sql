-- Every relation of the user's schemas: names that are taken, partition trees, rows.
SELECT
    c.oid::bigint AS oid,
    n.nspname AS schema,
    quote_ident(n.nspname) AS schema_sql,
    c.relname AS name,
    format('%I.%I', n.nspname, c.relname) AS sql,
    c.relkind::text AS kind,
    CASE
        WHEN c.relkind NOT IN ('r', 'm', 'f') THEN 0
        WHEN c.reltuples > 0 THEN c.reltuples::bigint
        ELSE pg_stat_get_live_tuples(c.oid)
    END AS estimated_rows,
    CASE WHEN c.relispartition THEN h.inhparent::bigint END AS partition_of
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_inherits AS h ON h.inhrelid = c.oid AND c.relkind IN ('r', 'p', 'f')
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
  AND n.nspname NOT LIKE 'pg\_temp\_%'
  AND n.nspname NOT LIKE 'pg\_toast\_temp\_%'
  AND (h.inhseqno IS NULL OR h.inhseqno = 1)

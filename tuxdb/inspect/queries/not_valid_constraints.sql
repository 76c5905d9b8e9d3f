-- Constraints that old rows were never checked against. Those that are not enforced
-- (PostgreSQL 18) cannot be; those that are inherited follow the one they come from.
SELECT
    format('%I.%I', n.nspname, t.relname) AS table_sql,
    quote_ident(k.conname) AS constraint_sql,
    k.contype::text AS kind,
    pg_get_constraintdef(k.oid) AS definition,
    CASE
        WHEN t.reltuples > 0 THEN t.reltuples::bigint
        ELSE pg_stat_get_live_tuples(t.oid)
    END AS estimated_rows
FROM pg_constraint AS k
JOIN pg_class AS t ON t.oid = k.conrelid
JOIN pg_namespace AS n ON n.oid = t.relnamespace
WHERE NOT k.convalidated
  AND t.relpersistence <> 't'
  AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  AND coalesce((to_jsonb(k) ->> 'conenforced')::boolean, true)
  AND NOT EXISTS (
    SELECT FROM pg_constraint AS p
    WHERE p.oid = k.conparentid AND NOT p.convalidated
  )
  AND NOT EXISTS (
    SELECT FROM pg_inherits AS h
    JOIN pg_constraint AS p ON p.conrelid = h.inhparent
    WHERE h.inhrelid = k.conrelid
      AND k.coninhcount > 0
      AND k.contype <> 'f'
      AND p.contype = k.contype
      AND p.conname = k.conname
      AND NOT p.convalidated
  )
  AND NOT EXISTS (
    SELECT FROM pg_depend AS d
    WHERE d.classid = 'pg_class'::regclass AND d.deptype = 'e' AND d.objid = t.oid
  )
ORDER BY n.nspname, t.relname, k.conname

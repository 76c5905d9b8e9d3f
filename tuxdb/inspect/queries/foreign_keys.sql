-- Foreign keys with their columns in the order of the constraint.
-- What partitions inherit is left to the partitioned table's own constraint.
SELECT
    k.oid::bigint AS oid,
    quote_ident(k.conname) AS name,
    k.conrelid::bigint AS table_oid,
    k.confrelid::bigint AS target_oid,
    ARRAY(
        SELECT quote_ident(a.attname)
        FROM unnest(k.conkey) WITH ORDINALITY AS u (attnum, place)
        JOIN pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = u.attnum
        ORDER BY u.place
    ) AS columns,
    ARRAY(
        SELECT quote_ident(a.attname)
        FROM unnest(k.confkey) WITH ORDINALITY AS u (attnum, place)
        JOIN pg_attribute AS a ON a.attrelid = k.confrelid AND a.attnum = u.attnum
        ORDER BY u.place
    ) AS target_columns,
    pg_get_constraintdef(k.oid) AS definition
FROM pg_constraint AS k
JOIN pg_class AS t ON t.oid = k.conrelid
WHERE k.contype = 'f'
  AND k.conparentid = 0
  AND t.relpersistence <> 't'
  AND NOT EXISTS (
    SELECT FROM pg_depend AS d
    WHERE d.classid = 'pg_class'::regclass AND d.deptype = 'e' AND d.objid = t.oid
  )
ORDER BY k.oid

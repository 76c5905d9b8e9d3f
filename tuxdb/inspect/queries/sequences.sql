-- Sequences and the columns they number: by identity ('i'), or by a default that
-- depends on the sequence, whoever owns it.
WITH numbering AS (
    SELECT d.objid AS sequence, d.refobjid AS relation, d.refobjsubid AS attnum
    FROM pg_depend AS d
    WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
      AND d.deptype = 'i' AND d.refobjsubid > 0
    UNION
    SELECT d.refobjid, x.adrelid, x.adnum
    FROM pg_attrdef AS x
    JOIN pg_depend AS d
        ON d.classid = 'pg_attrdef'::regclass AND d.objid = x.oid
        AND d.refclassid = 'pg_class'::regclass
)
SELECT
    format('%I.%I', sn.nspname, s.relname) AS sql,
    quote_literal(format('%I.%I', sn.nspname, s.relname)) AS literal,
    sn.nspname AS schema,
    s.relname AS name,
    t.oid::bigint AS table_oid,
    format('%I.%I', tn.nspname, t.relname) AS table_sql,
    tn.nspname AS table_schema,
    t.relname AS table_name,
    a.attname AS column_name,
    quote_ident(a.attname) AS column_sql,
    a.atttypid::regtype::text AS column_type,
    q.seqtypid::regtype::text AS type,
    a.attidentity <> '' AS is_identity,
    q.seqincrement AS step,
    q.seqmin AS lowest,
    q.seqmax AS highest,
    q.seqcycle AS cycles,
    has_schema_privilege(sn.oid, 'USAGE') AND has_sequence_privilege(s.oid, 'SELECT')
    AND has_schema_privilege(tn.oid, 'USAGE')
    AND has_column_privilege(t.oid, a.attnum, 'SELECT') AS may_read,
    format(
        CASE
            WHEN tn.oid = sn.oid THEN 'GRANT USAGE ON SCHEMA %1$I TO %5$I; '
            ELSE 'GRANT USAGE ON SCHEMA %1$I, %3$I TO %5$I; '
        END ||
        'GRANT SELECT ON %1$I.%2$I, %3$I.%4$I TO %5$I;',
        tn.nspname, t.relname, sn.nspname, s.relname, current_user
    ) AS grant_sql
FROM numbering AS m
JOIN pg_class AS s ON s.oid = m.sequence AND s.relkind = 'S' AND s.relpersistence <> 't'
JOIN pg_namespace AS sn ON sn.oid = s.relnamespace
JOIN pg_sequence AS q ON q.seqrelid = s.oid
JOIN pg_class AS t
    ON t.oid = m.relation AND t.relkind IN ('r', 'p') AND NOT t.relispartition
JOIN pg_namespace AS tn ON tn.oid = t.relnamespace
JOIN pg_attribute AS a
    ON a.attrelid = m.relation AND a.attnum = m.attnum AND NOT a.attisdropped
WHERE a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype)
  AND NOT EXISTS (
    SELECT FROM pg_depend AS e
    WHERE e.classid = 'pg_class'::regclass AND e.deptype = 'e' AND e.objid = t.oid
  )
ORDER BY sql, table_sql, column_sql

-- Columns of types that should not hold a Discord ID, and what a change of their type
-- would meet. What a partition or child table inherits is its parent's to change.
SELECT
    t.oid::bigint AS table_oid,
    n.nspname AS schema,
    t.relname AS table_name,
    format('%I.%I', n.nspname, t.relname) AS table_sql,
    a.attname AS name,
    quote_ident(a.attname) AS sql,
    a.atttypid::regtype::text AS type,
    pg_get_expr(d.adbin, d.adrelid) AS default_sql,
    has_schema_privilege(n.oid, 'USAGE')
    AND has_column_privilege(t.oid, a.attnum, 'SELECT') AS may_read,
    -- numbered by the database itself
    a.attidentity <> '' OR EXISTS (
        SELECT FROM pg_depend AS x
        JOIN pg_class AS s ON s.oid = x.refobjid AND s.relkind = 'S'
        WHERE x.classid = 'pg_attrdef'::regclass AND x.objid = d.oid
          AND x.refclassid = 'pg_class'::regclass
    ) AS is_numbered,
    w.words ~ ('(^|_)(guild|server|channel|category|thread|role|member|user|author|owner'
        '|mod|moderator|admin|invoker|target|message|msg|emoji|webhook|application|bot'
        '|discord|snowflake)_?ids?$') OR w.words = 'snowflake'
    OR (
        w.words = 'id' AND a.attidentity = '' AND d.oid IS NULL
        AND lower(t.relname) ~ '(^|_)(guild|server|channel|role|member|user|message)s?$'
    ) AS sounds_like_discord,
    CASE
        WHEN a.attgenerated <> '' THEN 'it is generated from others'
        WHEN a.attnum = ANY (p.partattrs::int2[]) THEN 'the table is partitioned by it'
        WHEN EXISTS (
            SELECT FROM pg_depend AS x
            WHERE x.refclassid = 'pg_class'::regclass
              AND x.refobjid = t.oid AND x.refobjsubid = a.attnum
              AND (
                x.classid IN (
                    'pg_rewrite'::regclass, 'pg_policy'::regclass,
                    'pg_trigger'::regclass, 'pg_proc'::regclass
                )
                OR x.classid = 'pg_attrdef'::regclass
                AND x.objid IS DISTINCT FROM d.oid
            )
        ) THEN 'a view, trigger, policy, function or generated column uses it'
        WHEN a.atttypid NOT IN ('int2'::regtype, 'int4'::regtype) AND (
            EXISTS (
                SELECT FROM pg_constraint AS k
                WHERE k.conrelid = t.oid AND k.contype IN ('c', 'x')
                  AND a.attnum = ANY (k.conkey)
            )
            OR EXISTS (
                SELECT FROM pg_index AS i
                JOIN pg_depend AS x
                    ON x.classid = 'pg_class'::regclass AND x.objid = i.indexrelid
                    AND x.refobjid = t.oid AND x.refobjsubid = a.attnum
                LEFT JOIN generate_subscripts(i.indclass::oid[], 1) AS k
                    ON i.indkey[k] = a.attnum
                LEFT JOIN pg_opclass AS o ON o.oid = i.indclass[k]
                WHERE i.indrelid = t.oid
                  AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL
                       OR NOT o.opcdefault)
            )
        ) THEN 'a check or an index depends on its type'
    END AS obstacle
FROM pg_attribute AS a
JOIN pg_class AS t ON t.oid = a.attrelid
JOIN pg_namespace AS n ON n.oid = t.relnamespace
LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
LEFT JOIN pg_partitioned_table AS p ON p.partrelid = t.oid
CROSS JOIN LATERAL (
    SELECT lower(regexp_replace(a.attname, '([a-z0-9])([A-Z])', '\1_\2', 'g')) AS words
) AS w
WHERE a.attnum > 0
  AND NOT a.attisdropped
  AND a.attinhcount = 0
  AND t.relkind IN ('r', 'p')
  AND t.relpersistence <> 't'
  AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
  AND a.atttypid::regtype::text IN (
    'smallint', 'integer', 'real', 'double precision', 'numeric', 'text',
    'character varying', 'character', 'smallint[]', 'integer[]', 'real[]',
    'double precision[]', 'numeric[]', 'text[]', 'character varying[]'
  )
  AND NOT EXISTS (
    SELECT FROM pg_depend AS e
    WHERE e.classid = 'pg_class'::regclass AND e.deptype = 'e' AND e.objid = t.oid
  )
ORDER BY n.nspname, t.relname, a.attnum

-- What planning needs to know of every index, members of extensions left out.
WITH locked AS MATERIALIZED (
    SELECT l.relation, l.pid, l.mode
    FROM pg_locks AS l
    WHERE l.mode IN ('AccessExclusiveLock', 'ShareUpdateExclusiveLock')
      AND l.pid <> pg_backend_pid()
      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
)
SELECT
    i.indexrelid::bigint AS oid,
    i.indrelid::bigint AS table_oid,
    format('%I.%I', n.nspname, c.relname) AS sql,
    m.amname AS method,
    c.relkind = 'I' AS is_partitioned,
    h.inhparent::bigint AS parent,
    ARRAY(
        SELECT pg_get_indexdef(i.indexrelid, k, false)
        FROM generate_series(1, i.indnkeyatts) AS k ORDER BY k
    ) AS keys,
    -- a key with its operator class, collation and direction where not the default
    ARRAY(
        SELECT concat_ws(
            ' ',
            pg_get_indexdef(i.indexrelid, k, false),
            CASE WHEN NOT o.opcdefault THEN o.opcnamespace || '.' || o.opcname END,
            CASE
                WHEN i.indcollation[k - 1] NOT IN (0, a.attcollation)
                    OR i.indkey[k - 1] = 0
                    THEN i.indcollation[k - 1]::text
            END,
            nullif(i.indoption[k - 1], 0)::text,
            array_to_string(b.attoptions, ' ')
        )
        FROM generate_series(1, i.indnkeyatts) AS k
        JOIN pg_opclass AS o ON o.oid = i.indclass[k - 1]
        JOIN pg_attribute AS b ON b.attrelid = i.indexrelid AND b.attnum = k
        LEFT JOIN pg_attribute AS a
            ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k - 1]
        ORDER BY k
    ) AS signature,
    ARRAY(
        SELECT pg_get_indexdef(i.indexrelid, k, false)
        FROM generate_series(i.indnkeyatts + 1, i.indnatts) AS k ORDER BY k
    ) AS included,
    pg_get_expr(i.indpred, i.indrelid) AS predicate,
    -- the definition behind the table's name, as another table could have it
    substr(
        pg_get_indexdef(i.indexrelid),
        length(format(
            'CREATE %sINDEX %I ON %s%I.%I ',
            CASE WHEN i.indisunique THEN 'UNIQUE ' END,
            c.relname,
            CASE WHEN c.relkind = 'I' THEN 'ONLY ' END,
            n.nspname,
            t.relname
        )) + 1
    ) AS definition,
    i.indisunique AS is_unique,
    i.indimmediate AS is_immediate,
    coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::boolean, false) AS nulls_collide,
    i.indisreplident AS is_replica_identity,
    i.indisexclusion
    OR EXISTS (SELECT FROM pg_constraint AS k WHERE k.conindid = i.indexrelid)
        AS is_needed_by_constraint,
    i.indisvalid AS is_valid,
    -- REINDEX and DROP INDEX hold the index itself, CREATE INDEX only its table
    EXISTS (
        SELECT FROM locked AS l
        WHERE l.relation = i.indexrelid AND l.mode = 'ShareUpdateExclusiveLock'
    )
    OR EXISTS (
        SELECT FROM pg_stat_progress_create_index AS p
        JOIN locked AS l ON l.pid = p.pid
        WHERE l.relation = i.indrelid
    ) AS is_being_changed,
    CASE
        WHEN c.relkind = 'I' OR EXISTS (
            SELECT FROM locked AS l
            WHERE l.relation = i.indexrelid AND l.mode = 'AccessExclusiveLock'
        ) THEN 0
        ELSE pg_relation_size(i.indexrelid)
    END AS bytes,
    coalesce(s.idx_scan, 0) AS scans,
    (to_jsonb(s) ->> 'last_idx_scan')::timestamptz AS last_scan,
    age(i.xmin)::bigint AS transactions_old
FROM pg_index AS i
JOIN pg_class AS c ON c.oid = i.indexrelid
JOIN pg_am AS m ON m.oid = c.relam
JOIN pg_class AS t ON t.oid = i.indrelid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_inherits AS h ON h.inhrelid = i.indexrelid
LEFT JOIN pg_stat_all_indexes AS s ON s.indexrelid = i.indexrelid
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
  AND c.relpersistence <> 't'
  AND NOT EXISTS (
    SELECT FROM pg_depend AS d
    WHERE d.classid = 'pg_class'::regclass AND d.deptype = 'e'
      AND d.objid IN (i.indexrelid, i.indrelid)
  )
ORDER BY i.indexrelid

-- Blocks of tables (with their TOAST) and of indexes, found in memory or read.
SELECT
    part,
    hits,
    reads
FROM (
    SELECT
        sum(heap_blks_hit + coalesce(toast_blks_hit, 0))::bigint AS table_hits,
        sum(heap_blks_read + coalesce(toast_blks_read, 0))::bigint AS table_reads,
        sum(coalesce(idx_blks_hit, 0) + coalesce(tidx_blks_hit, 0))::bigint AS index_hits,
        sum(coalesce(idx_blks_read, 0) + coalesce(tidx_blks_read, 0))::bigint
            AS index_reads
    FROM pg_statio_user_tables
) AS s
CROSS JOIN LATERAL (
    VALUES
        ('tables', coalesce(table_hits, 0), coalesce(table_reads, 0)),
        ('indexes', coalesce(index_hits, 0), coalesce(index_reads, 0))
) AS v (part, hits, reads)

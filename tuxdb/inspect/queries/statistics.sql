-- Since when the cumulative statistics run. The database's own reset is NULL until
-- somebody asks for one; the writer's is set when all statistics begin anew: at the
-- making of the cluster, and at its recovery from a crash.
SELECT
    greatest(d.stats_reset, w.stats_reset) AS since,
    clock_timestamp() AS now
FROM pg_stat_database AS d, pg_stat_bgwriter AS w
WHERE d.datname = current_database()

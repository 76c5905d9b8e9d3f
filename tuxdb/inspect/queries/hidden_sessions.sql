-- Sessions of which this role sees neither state nor query.
SELECT
    count(*) AS sessions,
    format('GRANT pg_read_all_stats TO %I;', current_user) AS grant_sql
FROM pg_stat_activity AS a
WHERE a.datname = current_database()
  AND a.query = '<insufficient privilege>'

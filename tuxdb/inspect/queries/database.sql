SELECT current_database()::text AS database,
       pg_database_size(current_database()) AS bytes

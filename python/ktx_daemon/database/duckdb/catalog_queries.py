"""The catalog queries of introspection, over the table functions of DuckDB's manual (`duckdb_tables()` and others)."""

TABLES = """
SELECT table_oid AS oid, database_name AS catalog, schema_name AS db, table_name AS name, 'table' AS kind, comment
FROM duckdb_tables()
WHERE database_name = current_catalog() AND NOT internal AND NOT temporary AND list_contains(?, schema_name)
UNION ALL
SELECT view_oid, database_name, schema_name, view_name, 'view', comment
FROM duckdb_views()
WHERE database_name = current_catalog() AND NOT internal AND NOT temporary AND list_contains(?, schema_name)
"""

COLUMNS = """
SELECT c.table_oid AS oid, c.column_name AS name, c.data_type AS type, c.is_nullable AS nullable,
       coalesce(list_contains(k.constraint_column_names, c.column_name), false) AS primary_key, c.comment
FROM duckdb_columns() c
LEFT JOIN duckdb_constraints() k ON k.table_oid = c.table_oid AND k.database_name = c.database_name
  AND k.constraint_type = 'PRIMARY KEY'
WHERE c.database_name = current_catalog() AND NOT c.internal AND list_contains(?, c.schema_name)
ORDER BY c.table_oid, c.column_index
"""

FOREIGN_KEYS = """
SELECT table_oid AS oid, unnest(constraint_column_names) AS from_column, NULL AS to_db, referenced_table AS to_table,
       unnest(referenced_column_names) AS to_column, constraint_name
FROM duckdb_constraints()
WHERE database_name = current_catalog() AND constraint_type = 'FOREIGN KEY' AND list_contains(?, schema_name)
ORDER BY table_oid, constraint_index
"""

UNKNOWN_SCHEMAS = """
SELECT w.name AS db, NULL AS name, 'unknown_schema' AS code, 'the database has no schema `' || w.name || '`' AS message
FROM (SELECT DISTINCT unnest(?) AS name) w
WHERE NOT EXISTS (SELECT 1 FROM duckdb_schemas() s WHERE s.database_name = current_catalog() AND s.schema_name = w.name)
ORDER BY 1
"""

"""The catalog queries of introspection, over `information_schema`, which shows what the user may use."""

TABLES = """
SELECT CONCAT(t.TABLE_SCHEMA, '/', t.TABLE_NAME) AS oid, t.TABLE_CATALOG AS catalog, t.TABLE_SCHEMA AS db,
       t.TABLE_NAME AS name, IF(t.TABLE_TYPE LIKE '%%VIEW%%', 'view', 'table') AS kind,
       IF(t.TABLE_TYPE LIKE '%%VIEW%%', NULL, NULLIF(t.TABLE_COMMENT, '')) AS comment
FROM information_schema.TABLES t
WHERE t.TABLE_SCHEMA IN %s AND t.TABLE_TYPE <> 'SEQUENCE'
"""
"""The server writes `VIEW` into the comment of a view."""

COLUMNS = """
SELECT CONCAT(c.TABLE_SCHEMA, '/', c.TABLE_NAME) AS oid, c.COLUMN_NAME AS name, c.COLUMN_TYPE AS type,
       c.IS_NULLABLE = 'YES' AS nullable, c.COLUMN_KEY = 'PRI' AS primary_key,
       NULLIF(c.COLUMN_COMMENT, '') AS comment
FROM information_schema.COLUMNS c
WHERE c.TABLE_SCHEMA IN %s
ORDER BY c.TABLE_SCHEMA, c.TABLE_NAME, c.ORDINAL_POSITION
"""

FOREIGN_KEYS = """
SELECT CONCAT(k.TABLE_SCHEMA, '/', k.TABLE_NAME) AS oid, k.COLUMN_NAME AS from_column,
       NULLIF(k.REFERENCED_TABLE_SCHEMA, k.TABLE_SCHEMA) AS to_db, k.REFERENCED_TABLE_NAME AS to_table,
       k.REFERENCED_COLUMN_NAME AS to_column, k.CONSTRAINT_NAME AS constraint_name
FROM information_schema.KEY_COLUMN_USAGE k
WHERE k.TABLE_SCHEMA IN %s AND k.REFERENCED_TABLE_NAME IS NOT NULL
ORDER BY k.TABLE_SCHEMA, k.TABLE_NAME, k.CONSTRAINT_NAME, k.ORDINAL_POSITION
"""

SCHEMAS = "SELECT SCHEMA_NAME AS name FROM information_schema.SCHEMATA WHERE SCHEMA_NAME IN %s"

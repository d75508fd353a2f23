"""The catalog queries of introspection, over the tables of `system`, which show what the user may see."""

TABLES = """
SELECT concat(database, '/', name) AS oid, 'default' AS catalog, database AS db, name,
       if(engine LIKE '%View', 'view', 'table') AS kind, nullIf(comment, '') AS comment
FROM system.tables
WHERE database IN ({schemas}) AND NOT is_temporary AND NOT startsWith(name, '.inner')
"""
"""The rows of a materialized view are in a table of their own, `.inner…`."""

COLUMNS = """
SELECT concat(database, '/', table) AS oid, name, type, startsWith(type, 'Nullable(')
         OR startsWith(type, 'LowCardinality(Nullable(') AS nullable, nullIf(comment, '') AS comment
FROM system.columns
WHERE database IN ({schemas})
ORDER BY database, table, position
"""
"""A primary key of ClickHouse sorts rows and does not make them unique, so it is not one here."""

SCHEMAS = "SELECT name FROM system.databases WHERE name IN ({schemas})"

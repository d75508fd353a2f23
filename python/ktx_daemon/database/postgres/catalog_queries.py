"""The catalog queries of introspection, as PostgreSQL's manual describes `pg_catalog`.

They read `pg_catalog` and not `information_schema`, which is slow on large databases and hides comments. Like the
latter they show what the user may read: tables and columns without SELECT rights are left out.
"""

TABLES = """
SELECT c.oid::int8 AS oid,
       current_database()::text AS catalog,
       n.nspname::text AS db,
       c.relname::text AS name,
       CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized_view' ELSE 'table' END AS kind,
       obj_description(c.oid, 'pg_class') AS comment
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm')
  AND NOT c.relispartition
  AND (c.relkind IN ('r', 'p') OR NOT EXISTS (
      SELECT FROM pg_catalog.pg_depend d
      WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
  ))
  AND n.nspname = ANY (%s::text[])
  AND has_schema_privilege(n.oid, 'USAGE')
  AND has_any_column_privilege(c.oid, 'SELECT')
"""
"""Tables and views, without the views of extensions. Partitions belong to their table, which has their rows."""

UNSEEN = """
WITH wanted AS (SELECT DISTINCT unnest(%s::text[]) AS name)
SELECT w.name AS db, NULL AS name, 'unknown_schema' AS code
FROM wanted w
WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_namespace n WHERE n.nspname = w.name)
UNION ALL
SELECT n.nspname::text, NULL, 'schema_not_readable'
FROM wanted w
JOIN pg_catalog.pg_namespace n ON n.nspname = w.name
WHERE NOT has_schema_privilege(n.oid, 'USAGE')
UNION ALL
SELECT n.nspname::text, c.relname::text, 'table_not_readable'
FROM wanted w
JOIN pg_catalog.pg_namespace n ON n.nspname = w.name
JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid
WHERE c.relkind IN ('r', 'p', 'v', 'm')
  AND NOT c.relispartition
  AND has_schema_privilege(n.oid, 'USAGE')
  AND NOT has_any_column_privilege(c.oid, 'SELECT')
ORDER BY 1, 2
"""
"""What was asked for and cannot be read: schemas that are not there or not to be used, tables without SELECT rights."""

COLUMNS = """
SELECT a.attrelid::int8 AS oid,
       a.attname::text AS name,
       format_type(a.atttypid, a.atttypmod) AS type,
       NOT (a.attnotnull OR (t.typtype = 'd' AND t.typnotnull)) AS nullable,
       COALESCE(a.attnum = ANY (k.conkey), false) AS primary_key,
       col_description(a.attrelid, a.attnum) AS comment
FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_catalog.pg_constraint k ON k.conrelid = a.attrelid AND k.contype = 'p'
WHERE a.attrelid = ANY (%s::oid[])
  AND a.attnum > 0
  AND NOT a.attisdropped
  AND has_column_privilege(a.attrelid, a.attnum, 'SELECT')
ORDER BY a.attrelid, a.attnum
"""

FOREIGN_KEYS = """
SELECT k.conrelid::int8 AS oid,
       own.attname::text AS from_column,
       NULLIF(their_schema.nspname, own_schema.nspname)::text AS to_db,
       target.relname::text AS to_table,
       theirs.attname::text AS to_column,
       k.conname::text AS constraint_name
FROM pg_catalog.pg_constraint k
CROSS JOIN LATERAL unnest(k.conkey, k.confkey) WITH ORDINALITY AS pair (own_number, their_number, place)
JOIN pg_catalog.pg_class target ON target.oid = k.confrelid
JOIN pg_catalog.pg_namespace their_schema ON their_schema.oid = target.relnamespace
JOIN pg_catalog.pg_namespace own_schema ON own_schema.oid = k.connamespace
JOIN pg_catalog.pg_attribute own ON own.attrelid = k.conrelid AND own.attnum = pair.own_number
JOIN pg_catalog.pg_attribute theirs ON theirs.attrelid = k.confrelid AND theirs.attnum = pair.their_number
LEFT JOIN pg_catalog.pg_constraint parent ON parent.oid = k.conparentid
WHERE k.contype = 'f'
  AND k.conrelid = ANY (%s::oid[])
  AND (parent.oid IS NULL OR parent.conrelid <> k.conrelid)
ORDER BY k.conrelid, k.conname, pair.place
"""
"""One row for each pair of columns; `to_db` is NULL where the target is in the key's own schema. A key to a
partitioned table has a hidden copy for each partition; those are left out."""

"""What the names of a statement run besides functions, as the server spells it: views, row policies, domains.

A name may stand for more than it says: a view for its query, a table for its policies, a type for the checks of the
domains in it. Those of PostgreSQL itself and of extensions are not looked at.
"""

import psycopg

_DEFINITIONS = """
WITH schemas AS (
  SELECT oid, nspname FROM pg_catalog.pg_namespace WHERE nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
),
relations AS (
  SELECT c.oid, c.relkind, c.relrowsecurity
  FROM pg_catalog.pg_class c JOIN schemas n ON n.oid = c.relnamespace
  WHERE c.relname = ANY (%(words)s::text[])
    AND (pg_catalog.pg_table_is_visible(c.oid) OR n.nspname = ANY (%(words)s::text[]))
    AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_depend d
      WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
    )
),
types AS (
  SELECT t.oid, t.typtype, t.typrelid, t.typelem, t.typbasetype
  FROM pg_catalog.pg_type t JOIN schemas n ON n.oid = t.typnamespace
  WHERE t.typname = ANY (%(words)s::text[])
    AND (pg_catalog.pg_type_is_visible(t.oid) OR n.nspname = ANY (%(words)s::text[]))
),
parts AS (
  SELECT typbasetype AS oid FROM types
  UNION
  SELECT typelem FROM types
  UNION
  SELECT r.rngsubtype FROM pg_catalog.pg_range r JOIN types t ON t.oid = r.rngtypid OR t.oid = r.rngmultitypid
  UNION
  SELECT a.atttypid FROM pg_catalog.pg_attribute a JOIN types t ON t.typrelid = a.attrelid AND t.typrelid <> 0
  WHERE a.attnum > 0 AND NOT a.attisdropped
),
definitions AS (
  SELECT w.tableoid, w.oid, pg_catalog.pg_get_viewdef(r.oid) AS text
  FROM pg_catalog.pg_rewrite w JOIN relations r ON r.oid = w.ev_class
  WHERE r.relkind = 'v'
  UNION ALL
  SELECT p.tableoid, p.oid, pg_catalog.pg_get_expr(p.polqual, p.polrelid)
  FROM pg_catalog.pg_policy p JOIN relations r ON r.oid = p.polrelid
  WHERE r.relrowsecurity AND p.polqual IS NOT NULL
  UNION ALL
  SELECT k.tableoid, k.oid, pg_catalog.pg_get_constraintdef(k.oid)
  FROM pg_catalog.pg_constraint k JOIN types t ON t.oid = k.contypid
)
SELECT text FROM definitions
UNION
SELECT pg_catalog.format('%%I.%%I()', n.nspname, p.proname)
FROM definitions f
JOIN pg_catalog.pg_depend d ON d.classid = f.tableoid AND d.objid = f.oid
  AND d.refclassid = 'pg_catalog.pg_proc'::regclass
JOIN pg_catalog.pg_proc p ON p.oid = d.refobjid
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
UNION
SELECT pg_catalog.format_type(t.oid, NULL)
FROM pg_catalog.pg_type t JOIN parts p ON p.oid = t.oid JOIN schemas n ON n.oid = t.typnamespace
ORDER BY 1
"""


def definitions(connection: psycopg.Connection, words: list[str]) -> list[str]:
    """Return the definitions behind the words that may be names of relations and types.

    A function in them without a schema is one of PostgreSQL's: the server also lists those of others as calls
    without arguments.
    """
    return [text for (text,) in connection.execute(_DEFINITIONS, {"words": words})]

"""Whether a PostgreSQL role could write, and the statements that make one which only reads."""

from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg.sql import SQL, Identifier, Literal

from ktx_daemon.database.driver import Access

READER = "ktx_reader"

_ACCESS = """
SELECT r.rolname::text AS role, r.rolsuper AS superuser, current_database()::text AS database,
       r.rolcreaterole OR r.rolcreatedb OR r.rolreplication AS administers,
       ARRAY(
         SELECT m.rolname::text FROM pg_catalog.pg_roles m
         WHERE m.rolname = ANY (%(roles)s::text[]) AND pg_has_role(m.oid, 'MEMBER') ORDER BY 1
       ) AS writing_roles,
       ARRAY(
         SELECT n.nspname::text FROM pg_catalog.pg_namespace n
         WHERE n.nspname = ANY (%(schemas)s::text[]) AND has_schema_privilege(n.oid, 'CREATE') ORDER BY 1
       ) AS schemas,
       (SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = ANY (%(schemas)s::text[]) AND c.relkind IN ('r', 'p', 'f')
          AND (has_any_column_privilege(c.oid, 'INSERT, UPDATE') OR has_table_privilege(c.oid, 'DELETE, TRUNCATE'))
       ) AS tables
FROM pg_catalog.pg_roles r
WHERE r.rolname = current_user
"""

_WRITING_ROLES = ["pg_write_all_data", "pg_write_server_files", "pg_read_server_files", "pg_execute_server_program"]


def access(connection: psycopg.Connection, schemas: list[str]) -> Access:
    """Ask the server what the current role may do."""
    cursor = connection.cursor(row_factory=dict_row)
    cursor.execute(_ACCESS, {"roles": _WRITING_ROLES, "schemas": schemas})
    found = cursor.fetchone()
    assert found is not None  # the current role exists
    reason = _reason(found)
    return Access(
        role=found["role"],
        superuser=found["superuser"],
        can_write=reason is not None,
        warning=reason and f"role {found['role']} {reason}; ktx only reads, so give it a role that cannot write",
        grants=[] if reason is None else _grants(found["database"], schemas),
    )


def _reason(access: dict[str, Any]) -> str | None:
    if access["superuser"]:
        return "is a superuser"
    if access["writing_roles"]:
        return f"is a member of {', '.join(access['writing_roles'])}"
    if access["tables"]:
        return f"can write to {access['tables']} table{'' if access['tables'] == 1 else 's'}"
    if access["schemas"]:
        return f"can create tables in {', '.join(access['schemas'])}"
    return "can create roles or databases, or replicate" if access["administers"] else None


def _grants(database: str, schemas: list[str]) -> list[str]:
    """The statements that make a role which only reads, for the database's owner to run."""
    reader = Identifier(READER)
    statements = [
        SQL("CREATE ROLE {} LOGIN PASSWORD {};").format(reader, Literal("choose a password")),
        SQL("ALTER ROLE {} SET default_transaction_read_only = on;").format(reader),
        SQL("GRANT CONNECT ON DATABASE {} TO {};").format(Identifier(database), reader),
    ]
    for schema in map(Identifier, schemas):
        statements += [
            SQL("GRANT USAGE ON SCHEMA {} TO {};").format(schema, reader),
            SQL("GRANT SELECT ON ALL TABLES IN SCHEMA {} TO {};").format(schema, reader),
            SQL("ALTER DEFAULT PRIVILEGES IN SCHEMA {} GRANT SELECT ON TABLES TO {};").format(schema, reader),
        ]
    return [statement.as_string() for statement in statements]

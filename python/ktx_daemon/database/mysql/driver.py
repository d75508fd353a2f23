"""The driver of MySQL and MariaDB: rows, catalog and access of one read-only transaction."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from pymysql.cursors import DictCursor, SSCursor

from ktx_daemon.cancellation import Cancellation
from ktx_daemon.database.driver import (
    Access,
    Catalog,
    DatabaseRequest,
    Row,
    Rows,
    Statement,
    require_known_functions,
)
from ktx_daemon.database.mysql import catalog_queries
from ktx_daemon.database.mysql.access import access
from ktx_daemon.database.mysql.json_values import type_name
from ktx_daemon.database.mysql.session import connection_settings, read_only_session, worded
from ktx_daemon.errors import RequestRejected

NAME = "mysql"
DIALECT = "mysql"


def default_schemas(request: DatabaseRequest) -> list[str]:
    """Return the database that the URL names: what MySQL calls a database is a schema elsewhere."""
    database: str | None = connection_settings(request.url)["database"]
    if database is None:
        raise RequestRejected("url names no database; add it as in mysql://host/database, or list `schemas`")
    return [database]


@contextmanager
def session(request: DatabaseRequest, cancellation: Cancellation, *, application: str) -> Iterator["MysqlSession"]:
    """Open a read-only transaction."""
    with read_only_session(request, cancellation, application=application) as connection:
        yield MysqlSession(connection, request.statement_timeout_ms)


class MysqlSession:
    """One read-only transaction."""

    def __init__(self, connection: Any, timeout_ms: int) -> None:
        self._connection = connection
        self._timeout_ms = timeout_ms

    @contextmanager
    def rows(self, statement: Statement) -> Iterator[Rows]:
        """Run the statement; the server sends no more rows than the cap and one."""
        require_known_functions(statement, DIALECT)
        cursor = self._connection.cursor(SSCursor)
        with worded(self._timeout_ms):
            if statement.max_rows is not None:
                cursor.execute(f"SET SESSION sql_select_limit = {statement.max_rows + 1}")
            cursor.execute(statement.sql)
            if not cursor.description:
                raise RequestRejected("the statement gives no rows")
            result = cursor._result
            try:
                headers = [column[0] for column in cursor.description]
                yield Rows(headers, [type_name(field) for field in result.fields], cursor)
            finally:
                # PyMySQL would read a result that is too large to its end; closing the connection ends it, too.
                result.unbuffered_active = False

    def introspect(self, schemas: list[str], in_scope: Callable[[Row], bool]) -> Catalog:
        """Read the catalog with four statements."""
        seen = {row["name"] for row in self._catalog(catalog_queries.SCHEMAS, schemas)}
        return Catalog(
            [row for row in self._catalog(catalog_queries.TABLES, schemas) if in_scope(row)],
            [_with_flags(row) for row in self._catalog(catalog_queries.COLUMNS, schemas)],
            self._catalog(catalog_queries.FOREIGN_KEYS, schemas),
            [_unknown(schema) for schema in sorted(set(schemas) - seen)],
        )

    def access(self, schemas: list[str]) -> Access:
        """Ask the server what the user may do."""
        with worded(self._timeout_ms), self._connection.cursor(DictCursor) as cursor:
            return access(cursor, schemas)

    def _catalog(self, query: str, schemas: list[str]) -> list[Row]:
        with worded(self._timeout_ms), self._connection.cursor(DictCursor) as cursor:
            cursor.execute(query, (schemas,))
            return list(cursor.fetchall())


def _with_flags(column: Row) -> Row:
    return {**column, "nullable": bool(column["nullable"]), "primary_key": bool(column["primary_key"])}


def _unknown(schema: str) -> Row:
    message = f"the server has no database `{schema}`, or this user may not use it"
    return {"db": schema, "name": None, "code": "unknown_schema", "message": message}

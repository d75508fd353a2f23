"""The PostgreSQL driver: rows, catalog and access of one read-only transaction."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.errors import CharacterNotInRepertoire, QueryCanceled
from psycopg.rows import dict_row

from ktx_daemon.cancellation import Cancellation
from ktx_daemon.database.driver import Access, Catalog, DatabaseRequest, Row, Rows, Statement
from ktx_daemon.database.postgres import catalog_queries
from ktx_daemon.database.postgres.access import access
from ktx_daemon.database.postgres.encoding import undecodable_text
from ktx_daemon.database.postgres.json_values import register_json_loaders
from ktx_daemon.database.postgres.session import read_only_session, time_limit
from ktx_daemon.errors import RequestRejected

NAME = "postgres"
DIALECT = "postgres"

_FETCHED_ROWS = 1000

_COLUMN_TYPES = """
SELECT format_type(c.oid, c.modifier)
FROM unnest(%s::oid[], %s::int[]) WITH ORDINALITY AS c (oid, modifier, place)
ORDER BY c.place
"""

_UNSEEN = {
    "unknown_schema": "the database has no schema `{db}`",
    "schema_not_readable": "the schema `{db}` may not be used: GRANT USAGE ON SCHEMA {db} to this role",
    "table_not_readable": "the table may not be read: GRANT SELECT on it to this role",
}


def default_schemas(request: DatabaseRequest) -> list[str]:
    """Return the schema that every database starts with."""
    return ["public"]


@contextmanager
def session(request: DatabaseRequest, cancellation: Cancellation, *, application: str) -> Iterator["PostgresSession"]:
    """Open a read-only transaction."""
    with read_only_session(request, cancellation, application=application) as connection:
        yield PostgresSession(connection, request.statement_timeout_ms)


class PostgresSession:
    """One read-only transaction."""

    def __init__(self, connection: psycopg.Connection, timeout_ms: int) -> None:
        self._connection = connection
        self._timeout_ms = timeout_ms

    @contextmanager
    def rows(self, statement: Statement) -> Iterator[Rows]:
        """Run the statement, once the server has said what its functions are."""
        from ktx_daemon.database.postgres.functions import require_computing  # and sqlglot, for queries only

        connection, timeout_ms = self._connection, self._timeout_ms
        try:
            with time_limit(connection, timeout_ms):
                require_computing(connection, statement.reading, statement.allowed_functions)
                try:
                    with self._rows(statement) as rows:
                        yield rows
                except CharacterNotInRepertoire:
                    limit = "ALL" if statement.max_rows is None else statement.max_rows + 1
                    probe = f"SELECT * FROM ({statement.sql}\n) AS ktx LIMIT {limit}"
                    raise undecodable_text(connection, probe.encode(), None, timeout_ms) from None
        except QueryCanceled:
            raise RequestRejected(f"the statement was cancelled; it may run for {timeout_ms} ms") from None
        except psycopg.OperationalError:
            raise
        except psycopg.Error as error:
            raise RequestRejected(error.diag.message_primary or str(error)) from None

    def introspect(self, schemas: list[str], in_scope: Callable[[Row], bool]) -> Catalog:
        """Read the catalog with four statements."""
        tables = [table for table in self._catalog(catalog_queries.TABLES, schemas) if in_scope(table)]
        oids = [table["oid"] for table in tables]
        columns = self._catalog(catalog_queries.COLUMNS, oids)
        foreign_keys = self._catalog(catalog_queries.FOREIGN_KEYS, oids)
        unseen = self._catalog(catalog_queries.UNSEEN, schemas)
        told = [{**row, "message": _UNSEEN[row["code"]].format(db=row["db"])} for row in unseen]
        return Catalog(tables, columns, foreign_keys, told)

    def access(self, schemas: list[str]) -> Access:
        """Ask the server what the role may do."""
        with time_limit(self._connection, self._timeout_ms):
            return access(self._connection, schemas)

    @contextmanager
    def _rows(self, statement: Statement) -> Iterator[Rows]:
        register_json_loaders(self._connection)
        # A server-side cursor, so that only what the cap lets through leaves the server.
        with self._connection.cursor(name="ktx") as cursor:
            most = statement.max_rows
            cursor.itersize = _FETCHED_ROWS if most is None else min(most + 1, _FETCHED_ROWS)
            cursor.execute(statement.sql.encode())
            columns = cursor.description or []
            types = self._connection.execute(
                _COLUMN_TYPES,
                ([column.type_code for column in columns], [_modifier(cursor, n) for n in range(len(columns))]),
            ).fetchall()
            yield Rows([column.name for column in columns], [name for (name,) in types], cursor)

    def _catalog(self, query: str, parameter: list[Any]) -> list[Row]:
        with time_limit(self._connection, self._timeout_ms):
            cursor = self._connection.cursor(row_factory=dict_row)
            try:
                return list(cursor.execute(query.encode(), (parameter,)))
            except CharacterNotInRepertoire:
                raise undecodable_text(self._connection, query.encode(), (parameter,), self._timeout_ms) from None


def _modifier(cursor: psycopg.ServerCursor[Any], place: int) -> int:
    result = cursor.pgresult
    return -1 if result is None else result.fmod(place)

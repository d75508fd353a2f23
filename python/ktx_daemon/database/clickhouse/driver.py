"""The driver of ClickHouse: rows, catalog and access of one read-only session."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ktx_daemon.cancellation import Cancellation
from ktx_daemon.database.clickhouse import catalog_queries, json_values
from ktx_daemon.database.clickhouse.access import access
from ktx_daemon.database.clickhouse.session import (
    ClickhouseConnection,
    connection_settings,
    read_only_session,
)
from ktx_daemon.database.driver import (
    Access,
    Catalog,
    DatabaseRequest,
    Row,
    Rows,
    Statement,
    require_known_functions,
)
from ktx_daemon.errors import RequestRejected
from ktx_daemon.sql.parsing import dialect_named

NAME = "clickhouse"
DIALECT = "clickhouse"

_SETTINGS = frozenset({"final", "join_use_nulls", "max_threads", "session_timezone", "transform_null_in"})
"""Settings that a statement may have. The server refuses others, because the session only reads."""


def default_schemas(request: DatabaseRequest) -> list[str]:
    """Return the database that the URL names: what ClickHouse calls a database is a schema elsewhere."""
    return [connection_settings(request.url)["database"]]


@contextmanager
def session(request: DatabaseRequest, cancellation: Cancellation, *, application: str) -> Iterator["ClickhouseSession"]:
    """Connect, and read the server's settings."""
    with read_only_session(request, cancellation, application=application) as connection:
        yield ClickhouseSession(connection)


class ClickhouseSession:
    """One session, in which every statement reads only."""

    def __init__(self, connection: ClickhouseConnection) -> None:
        self._connection = connection

    @contextmanager
    def rows(self, statement: Statement) -> Iterator[Rows]:
        """Run the statement; the server sends no more rows than the cap and one."""
        require_known_functions(statement, DIALECT)
        sql, settings = _without_settings(statement.sql)
        limit = {} if statement.max_rows is None else {"limit": statement.max_rows + 1}
        with self._connection.read(sql, {**settings, **limit}) as lines:
            headers = _line(lines)
            if headers is None:
                raise RequestRejected("the statement gives no rows")
            types = _line(lines) or []
            yield Rows(headers, types, _values(lines, types))

    def introspect(self, schemas: list[str], in_scope: Callable[[Row], bool]) -> Catalog:
        """Read the catalog with three statements; ClickHouse has no foreign keys."""
        seen = {row["name"] for row in self._catalog(catalog_queries.SCHEMAS, schemas)}
        return Catalog(
            [row for row in self._catalog(catalog_queries.TABLES, schemas) if in_scope(row)],
            [
                {**row, "type": json_values.without_wrappers(row["type"]), "primary_key": False}
                for row in self._catalog(catalog_queries.COLUMNS, schemas)
            ],
            [],
            [_unknown(schema) for schema in sorted(set(schemas) - seen)],
        )

    def access(self, schemas: list[str]) -> Access:
        """Ask the server what the user may do."""
        [user] = self._catalog("SELECT currentUser() AS name", [])
        grants = [text for row in self._catalog("SHOW GRANTS FINAL", []) for text in row.values()]
        return access(user["name"], self._connection.readonly_of_user, grants, schemas)

    def _catalog(self, query: str, schemas: list[str]) -> list[Row]:
        with self._connection.read(query.format(schemas=", ".join(map(_literal, schemas))), {}) as lines:
            names, kinds = _line(lines) or [], _line(lines) or []
            return [dict(zip(names, row, strict=True)) for row in _values(lines, kinds)]


def _line(lines: Any) -> list[Any] | None:
    text = next(lines, b"")
    return json_values.line(text) if text.strip() else None


def _values(lines: Any, types: list[str]) -> Iterator[list[Any]]:
    converters = [json_values.converter(kind) for kind in types]
    for text in lines:
        if text.strip():
            yield [convert(value) for convert, value in zip(converters, json_values.line(text), strict=True)]


def _without_settings(sql: str) -> tuple[str, dict[str, str]]:
    """Take the `SETTINGS` at the end of a statement out of it: a session that only reads lets no statement set one.

    A statement with a setting that is not known stays whole, and the server refuses it.
    """
    tokens = dialect_named(DIALECT).tokenize(sql)
    depth, start = 0, None
    for place, token in enumerate(tokens):
        depth += (token.text == "(") - (token.text == ")")
        if depth == 0 and token.text.upper() == "SETTINGS":
            start = place
    if start is None:
        return sql, {}
    words = [token.text for token in tokens[start + 1 :]]
    found = dict(zip(words[0::4], words[2::4], strict=False))
    commas, equals = set(words[3::4]), set(words[1::4])
    if len(words) % 4 != 3 or commas - {","} or equals != {"="} or set(found) - _SETTINGS:
        return sql, {}
    return sql[: tokens[start].start], found


def _literal(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _unknown(schema: str) -> Row:
    message = f"the server has no database `{schema}`, or this user may not use it"
    return {"db": schema, "name": None, "code": "unknown_schema", "message": message}

"""`/database/query`: the rows of one reading statement."""

from itertools import islice
from typing import Any

import psycopg
from psycopg.errors import CharacterNotInRepertoire, QueryCanceled
from pydantic import Field

from ktx_daemon.cancellation import Cancellation
from ktx_daemon.database.encoding import undecodable_text
from ktx_daemon.database.functions import require_computing
from ktx_daemon.database.json_values import register_json_loaders
from ktx_daemon.database.session import DatabaseRequest, read_only_session, require_postgres, time_limit
from ktx_daemon.errors import RequestRejected
from ktx_daemon.sql.parsing import SqlText, dialect_named
from ktx_daemon.sql.read_only import Refused, read

APPLICATION = "ktx-daemon-database-query"

MAX_ANSWER_CHARACTERS = 64 * 1024 * 1024
"""A result with more text than this is refused, because it is held in memory whole."""

_COLUMN_TYPES = """
SELECT format_type(c.oid, c.modifier)
FROM unnest(%s::oid[], %s::int[]) WITH ORDINALITY AS c (oid, modifier, place)
ORDER BY c.place
"""


class Request(DatabaseRequest):
    """One statement, the database to ask and the bounds of its answer."""

    sql: SqlText
    max_rows: int = Field(default=1000, ge=1, le=1_000_000)
    allowed_functions: list[str] = Field(default=[], max_length=10_000)
    """Functions of the database that only compute, beyond those that the guard knows: `name` or `schema.name`."""


def respond(request: Request, cancellation: Cancellation) -> dict[str, Any]:
    """Run the statement in a read-only transaction, after the guard has passed it."""
    require_postgres(request.driver, "database query")
    try:
        reading = read(request.sql, dialect_named("postgres"))
    except Refused as error:
        raise RequestRejected(str(error)) from None
    with read_only_session(request, cancellation, application=APPLICATION) as connection:
        try:
            with time_limit(connection, request.statement_timeout_ms):
                require_computing(connection, reading, request.allowed_functions)
                try:
                    return _rows(connection, request)
                except CharacterNotInRepertoire:
                    probe = f"SELECT * FROM ({_statement(request)}\n) AS ktx LIMIT {request.max_rows + 1}"
                    raise undecodable_text(connection, probe.encode(), None, request.statement_timeout_ms) from None
        except QueryCanceled:
            limit = request.statement_timeout_ms
            raise RequestRejected(f"the statement was cancelled; it may run for {limit} ms") from None
        except psycopg.OperationalError:
            raise
        except psycopg.Error as error:
            raise RequestRejected(error.diag.message_primary or str(error)) from None


def _rows(connection: psycopg.Connection, request: Request) -> dict[str, Any]:
    register_json_loaders(connection)
    # A server-side cursor, so that only what the cap lets through leaves the server.
    with connection.cursor(name="ktx") as cursor:
        cursor.itersize = min(request.max_rows + 1, 1000)
        cursor.execute(_statement(request).encode())
        rows: list[list[Any]] = []
        size = 0
        for row in islice(cursor, request.max_rows + 1):
            rows.append(list(row))
            size += sum(len(value) for value in row if isinstance(value, str))
            if size > MAX_ANSWER_CHARACTERS:
                raise RequestRejected("the result is too large; select fewer rows or columns")
        columns = cursor.description or []
        types = connection.execute(
            _COLUMN_TYPES,
            ([column.type_code for column in columns], [_modifier(cursor, n) for n in range(len(columns))]),
        ).fetchall()
    truncated = len(rows) > request.max_rows
    kept = rows[: request.max_rows]
    return {
        "headers": [column.name for column in columns],
        "types": [name for (name,) in types],
        "rows": kept,
        "row_count": len(kept),
        "truncated": truncated,
    }


def _statement(request: Request) -> str:
    return request.sql.strip().rstrip(";")


def _modifier(cursor: psycopg.ServerCursor[Any], place: int) -> int:
    result = cursor.pgresult
    return -1 if result is None else result.fmod(place)

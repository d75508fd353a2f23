"""Texts of databases that do not hold UTF-8: what cannot be decoded is named instead of guessed at.

A server with a declared encoding converts to and from UTF-8. One with SQL_ASCII checks what it sends, and says of bytes
that are not UTF-8 what they are, but not where.
"""

from typing import Any

import psycopg

from ktx_daemon.errors import RequestRejected

_SHOWN_BYTES = 40


def undecodable_text(
    connection: psycopg.Connection, query: bytes, parameters: Any, statement_timeout_ms: int
) -> RequestRejected:
    """Run once more a query that failed for its encoding, without any, and name the column at fault."""
    connection.rollback()
    settings = "SELECT set_config('client_encoding', 'SQL_ASCII', true), set_config('statement_timeout', %s, true)"
    connection.execute(settings, (str(statement_timeout_ms),))
    result = connection.execute(query, parameters).pgresult
    assert result is not None  # the query has one
    column, value = _first_undecodable(result)
    shown = value[:_SHOWN_BYTES].decode("utf-8", "backslashreplace")
    encoding = connection.info.parameter_status("server_encoding")
    as_utf8 = f"pg_catalog.convert(convert_to({column}, '{encoding}'), 'LATIN1', 'UTF8')"
    return RequestRejected(
        f"column {column} has text that is not UTF-8: `{shown}`, and a database in {encoding} does not convert "
        f"it; if it is LATIN1, select convert_from({as_utf8}, '{encoding}')"
    )


def _first_undecodable(result: psycopg.pq.abc.PGresult) -> tuple[str, bytes]:
    for column in range(result.nfields):
        name = result.fname(column) or b""
        if not _is_utf8(name):
            return str(column + 1), name
        for row in range(result.ntuples):
            if not _is_utf8(value := result.get_value(row, column) or b""):
                return name.decode(), value
    return "?", b""


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True

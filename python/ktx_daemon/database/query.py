"""`/database/query`: the rows of one reading statement."""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from pydantic import Field

from ktx_daemon.cancellation import Cancellation
from ktx_daemon.database.driver import DatabaseRequest, Driver, Statement, driver_named
from ktx_daemon.errors import RequestRejected
from ktx_daemon.sql.parsing import SqlText, dialect_named
from ktx_daemon.sql.read_only import Refused, read

APPLICATION = "ktx-daemon-database-query"

MAX_ANSWER_CHARACTERS = 64 * 1024 * 1024
"""A result with more text than this is refused, because it is held in memory whole."""


class StatementRequest(DatabaseRequest):
    """One statement, and the database to ask."""

    sql: SqlText
    allowed_functions: list[str] = Field(default=[], max_length=10_000)
    """Functions of the database that only compute, beyond those that the guard knows: `name` or `schema.name`."""

    def statement(self, driver: Driver, max_rows: int | None) -> Statement:
        """Let the guard read the statement. Raises `RequestRejected` for one that does not only read."""
        try:
            reading = read(self.sql, dialect_named(driver.DIALECT))
        except Refused as error:
            raise RequestRejected(str(error)) from None
        return Statement(self.sql.strip().rstrip(";"), reading, max_rows, self.allowed_functions)


class Request(StatementRequest):
    """One statement, the database to ask and the bounds of its answer."""

    max_rows: int = Field(default=1000, ge=1, le=1_000_000)


def respond(request: Request, cancellation: Cancellation) -> dict[str, Any]:
    """Run the statement in a read-only session, after the guard has passed it."""
    driver = driver_named(request.driver, "database query")
    statement = request.statement(driver, request.max_rows)
    with driver.session(request, cancellation, application=APPLICATION) as session, session.rows(statement) as found:
        rows = _collected(found.rows, request.max_rows + 1)
    return {
        "headers": found.headers,
        "types": found.types,
        "rows": rows[: request.max_rows],
        "row_count": min(len(rows), request.max_rows),
        "truncated": len(rows) > request.max_rows,
    }


def _collected(rows: Iterable[Sequence[Any]], most: int) -> list[list[Any]]:
    kept: list[list[Any]] = []
    size = 0
    for row in islice(rows, most):
        kept.append(list(row))
        size += sum(len(value) for value in row if isinstance(value, str))
        if size > MAX_ANSWER_CHARACTERS:
            raise RequestRejected("the result is too large; select fewer rows or columns")
    return kept

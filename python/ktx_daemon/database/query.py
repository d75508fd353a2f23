"""`/database/query`: the rows of one reading statement."""

from typing import Any

from pydantic import Field

from ktx_daemon.cancellation import Cancellation
from ktx_daemon.database.driver import DatabaseRequest, Statement, driver_named
from ktx_daemon.errors import RequestRejected
from ktx_daemon.sql.parsing import SqlText, dialect_named
from ktx_daemon.sql.read_only import Refused, read

APPLICATION = "ktx-daemon-database-query"


class Request(DatabaseRequest):
    """One statement, the database to ask and the bounds of its answer."""

    sql: SqlText
    max_rows: int = Field(default=1000, ge=1, le=1_000_000)
    allowed_functions: list[str] = Field(default=[], max_length=10_000)
    """Functions of the database that only compute, beyond those that the guard knows: `name` or `schema.name`."""


def respond(request: Request, cancellation: Cancellation) -> dict[str, Any]:
    """Run the statement in a read-only session, after the guard has passed it."""
    driver = driver_named(request.driver, "database query")
    try:
        reading = read(request.sql, dialect_named(driver.DIALECT))
    except Refused as error:
        raise RequestRejected(str(error)) from None
    statement = Statement(request.sql.strip().rstrip(";"), reading, request.max_rows, request.allowed_functions)
    with driver.session(request, cancellation, application=APPLICATION) as session:
        answer = session.query(statement)
    return {
        "headers": answer.headers,
        "types": answer.types,
        "rows": answer.rows,
        "row_count": len(answer.rows),
        "truncated": answer.truncated,
    }

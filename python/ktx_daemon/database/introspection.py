"""`/database/introspect`: tables, columns and foreign keys of schemas, as the connecting user sees them."""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from ktx_daemon.cancellation import Cancellation
from ktx_daemon.database.catalog import ScopedTable, assemble, is_in_scope
from ktx_daemon.database.driver import DatabaseRequest, Row, driver_named

APPLICATION = "ktx-daemon-database-introspection"


def _at_least_one(schemas: list[str] | None) -> list[str] | None:
    if schemas == []:
        raise PydanticCustomError("too_short", "database introspection requires at least one schema")
    return schemas


class Request(DatabaseRequest):
    """Which database to read, how far, and how long to wait for it."""

    schemas: Annotated[list[str] | None, AfterValidator(_at_least_one)] = Field(default=None)
    """Null: those that a connection without a choice sees, `public` of PostgreSQL and `main` of DuckDB."""

    table_scope: list[ScopedTable] | None = None


def respond(request: Request, cancellation: Cancellation) -> dict[str, Any]:
    """Read the catalog in one read-only session."""
    driver = driver_named(request.driver, "database introspection")
    schemas = driver.default_schemas(request) if request.schemas is None else request.schemas
    with driver.session(request, cancellation, application=APPLICATION) as session:
        found = session.introspect(schemas, lambda table: is_in_scope(table, request.table_scope))
    return {
        "connection_id": request.connection_id,
        "extracted_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "metadata": {"driver": driver.NAME, "schemas": schemas},
        "tables": assemble(found.tables, found.columns, found.foreign_keys),
        "warnings": [_unseen(row) for row in found.unseen],
    }


def _unseen(row: Row) -> dict[str, str | None]:
    table = None if row["name"] is None else f"{row['db']}.{row['name']}"
    return {"code": row["code"], "message": row["message"], "table": table}

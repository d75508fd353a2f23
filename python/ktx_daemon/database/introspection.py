"""`/database/introspect`: tables, columns and foreign keys of PostgreSQL schemas, as the connecting user sees them."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from psycopg.errors import CharacterNotInRepertoire
from psycopg.rows import dict_row
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from ktx_daemon.cancellation import Cancellation
from ktx_daemon.database import catalog_queries
from ktx_daemon.database.encoding import undecodable_text
from ktx_daemon.database.session import DatabaseRequest, read_only_session, require_postgres, time_limit
from ktx_daemon.errors import RequestRejected

APPLICATION = "ktx-daemon-database-introspection"

Row = Mapping[str, Any]


def _at_least_one(schemas: list[str]) -> list[str]:
    if not schemas:
        raise PydanticCustomError("too_short", "database introspection requires at least one schema")
    return schemas


class ScopedTable(BaseModel):
    """A table to look at; a part that is null matches any."""

    model_config = ConfigDict(extra="ignore", strict=True)

    catalog: str | None = None
    db: str | None = None
    name: str


class Request(DatabaseRequest):
    """Which database to read, how far, and how long to wait for it."""

    schemas: Annotated[list[str], AfterValidator(_at_least_one)] = Field(default=["public"])
    table_scope: list[ScopedTable] | None = None


def respond(request: Request, cancellation: Cancellation) -> dict[str, Any]:
    """Read the catalog in one read-only transaction."""
    require_postgres(request.driver, "database introspection")
    with read_only_session(request, cancellation, application=APPLICATION) as connection:
        cursor = connection.cursor(row_factory=dict_row)

        def rows(query: str, parameter: list[Any]) -> list[Row]:
            with time_limit(connection, request.statement_timeout_ms):
                try:
                    return list(cursor.execute(query.encode(), (parameter,)))
                except CharacterNotInRepertoire:
                    timeout = request.statement_timeout_ms
                    raise undecodable_text(connection, query.encode(), (parameter,), timeout) from None

        tables = in_scope(rows(catalog_queries.TABLES, request.schemas), request.table_scope)
        oids = [table["oid"] for table in tables]
        columns = rows(catalog_queries.COLUMNS, oids)
        foreign_keys = rows(catalog_queries.FOREIGN_KEYS, oids)
        unseen = rows(catalog_queries.UNSEEN, request.schemas)
    return {
        "connection_id": request.connection_id,
        "extracted_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "metadata": {"driver": "postgres", "schemas": request.schemas},
        "tables": assemble(tables, columns, foreign_keys),
        "warnings": [_unseen(row) for row in unseen],
    }


def in_scope(tables: Iterable[Row], scope: list[ScopedTable] | None) -> list[Row]:
    """Keep the tables that the scope names; without a scope all of them."""
    if scope is None:
        return list(tables)
    return [
        table
        for table in tables
        if any(
            wanted.name == table["name"]
            and wanted.db in (None, table["db"])
            and wanted.catalog in (None, table["catalog"])
            for wanted in scope
        )
    ]


def assemble(tables: Iterable[Row], columns: Iterable[Row], foreign_keys: Iterable[Row]) -> list[dict[str, Any]]:
    """Put rows of the three catalog queries together, sorted by catalog, schema and name.

    Columns and keys of tables that are not among `tables` are ignored. Raises `RequestRejected` for a row without
    one of its names.
    """
    found: dict[int, dict[str, Any]] = {
        table["oid"]: {
            "catalog": _text(table, "catalog"),
            "db": _text(table, "db"),
            "name": _text(table, "name"),
            "kind": table["kind"],
            "comment": table["comment"],
            "columns": [],
            "foreign_keys": [],
        }
        for table in tables
    }
    for row in columns:
        if (table := found.get(row["oid"])) is not None:
            table["columns"].append(
                {
                    "name": _text(row, "name"),
                    "type": _text(row, "type"),
                    "nullable": row["nullable"],
                    "primary_key": row["primary_key"],
                    "comment": row["comment"],
                }
            )
    for row in foreign_keys:
        if (table := found.get(row["oid"])) is not None:
            names = ("from_column", "to_table", "to_column")
            key = {name: _text(row, name) for name in names}
            elsewhere = {"to_db": row["to_db"]} if row.get("to_db") else {}
            table["foreign_keys"].append({**key, **elsewhere, "constraint_name": row["constraint_name"]})
    return sorted(found.values(), key=lambda table: (table["catalog"], table["db"], table["name"]))


_UNSEEN = {
    "unknown_schema": "the database has no schema `{db}`",
    "schema_not_readable": "the schema `{db}` may not be used: GRANT USAGE ON SCHEMA {db} to this role",
    "table_not_readable": "the table may not be read: GRANT SELECT on it to this role",
}


def _unseen(row: Row) -> dict[str, str | None]:
    table = None if row["name"] is None else f"{row['db']}.{row['name']}"
    return {"code": row["code"], "message": _UNSEEN[row["code"]].format(db=row["db"]), "table": table}


def _text(row: Row, key: str) -> str:
    value = row.get(key)
    if not isinstance(value, str) or not value.strip():
        raise RequestRejected(f"database introspection row is missing string field {key}")
    return value

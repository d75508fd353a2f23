"""From the rows of catalog queries to tables with their columns and foreign keys, for every driver alike."""

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, ConfigDict

from ktx_daemon.database.driver import Row
from ktx_daemon.errors import RequestRejected


class ScopedTable(BaseModel):
    """A table to look at; a part that is null matches any."""

    model_config = ConfigDict(extra="ignore", strict=True)

    catalog: str | None = None
    db: str | None = None
    name: str


def is_in_scope(table: Row, scope: list[ScopedTable] | None) -> bool:
    """Tell whether the scope names the table; without a scope every table is wanted."""
    return scope is None or any(
        wanted.name == table["name"] and wanted.db in (None, table["db"]) and wanted.catalog in (None, table["catalog"])
        for wanted in scope
    )


def assemble(tables: Iterable[Row], columns: Iterable[Row], foreign_keys: Iterable[Row]) -> list[dict[str, Any]]:
    """Put rows of the three catalog queries together, sorted by catalog, schema and name.

    Columns and keys of tables that are not among `tables` are ignored. Raises `RequestRejected` for a row without
    one of its names.
    """
    found: dict[Any, dict[str, Any]] = {
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


def _text(row: Row, key: str) -> str:
    value = row.get(key)
    if not isinstance(value, str) or not value.strip():
        raise RequestRejected(f"database introspection row is missing string field {key}")
    return value

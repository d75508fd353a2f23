"""Drafts sources from what a database says about its tables and foreign keys.

The draft is a starting point for an author: every rule here is a naming convention or a type word. It never
looks at rows and does not know the query compiler.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, Field, ValidationError

from semantic_layer.errors import SemanticLayerError
from semantic_layer.generation_joins import Link, joins_by_table
from semantic_layer.identifiers import written

_BOOLEAN = re.compile(r"bool(ean)?|bit")
_TIME = re.compile(r"timestamp\w*|(small)?datetime(2|64|offset)?|date(32)?|time(tz|_ntz|_tz)?")
_NUMBER = re.compile(
    r"u?(big|small|tiny|medium|huge)?int(eger)?\d*|(big)?numeric|(big|small)?decimal\d*|float\d*|double|real|number"
    r"|(small)?money|(big|small)?serial"
)
_COLLECTION = re.compile(r"\[|\b(array|struct|map|tuple|record|nested)\s*[<(]|\bvarying\b", re.IGNORECASE)
_IDENTIFIER_LIKE = re.compile(r"(?:.*_)?(?:id|uuid)|.*_(?:key|pk)|.*identifier", re.IGNORECASE)


class TableColumn(BaseModel):
    """A column as the database reports it."""

    name: str
    type: str
    primary_key: bool = False
    nullable: bool = True
    comment: str | None = None


class Table(BaseModel):
    """A table as the database reports it."""

    name: str
    catalog: str | None = None
    db: str | None = None
    comment: str | None = None
    columns: list[TableColumn]


class GenerateRequest(BaseModel):
    """Tables and links to draft sources from."""

    tables: list[Table]
    links: list[Link] = Field(default_factory=list)
    dialect: str = "postgres"


def generate_sources(request: GenerateRequest | Mapping[str, Any]) -> dict[str, Any]:
    """One source per table, in table order, as plain dictionaries without null members."""
    if not isinstance(request, GenerateRequest):
        try:
            request = GenerateRequest.model_validate(request)
        except ValidationError as error:
            raise SemanticLayerError(str(error)) from error
    names = _source_names(request.tables)
    joins = joins_by_table({table.name for table in request.tables}, request.links, request.dialect)
    sources = [
        _source(name, table, joins.get(name, []), request.dialect)
        for name, table in zip(names, request.tables, strict=True)
    ]
    return {"sources": sources, "source_count": len(sources)}


def _source_names(tables: Iterable[Table]) -> list[str]:
    """Table names; a name that another schema already used is prefixed with its own schema."""
    taken: set[str] = set()
    names = []
    for table in tables:
        name = table.name
        if name in taken and table.db:
            name = f"{table.db}_{table.name}"
        taken.add(name)
        names.append(name)
    return names


def _source(name: str, table: Table, joins: list[dict[str, str]], dialect: str) -> dict[str, Any]:
    keys = [column.name for column in table.columns if column.primary_key]
    source: dict[str, Any] = {"name": name, "table": _table_text(table, dialect)}
    if table.comment:
        source["description"] = table.comment
    source["grain"] = keys or [column.name for column in table.columns[:1]] or ["id"]
    source["columns"] = [_column(column) for column in table.columns]
    source["joins"] = joins
    source["measures"] = _measures(table, keys, dialect)
    source["segments"] = []
    return source


def _table_text(table: Table, dialect: str) -> str:
    parts = [part for part in (table.catalog, table.db, table.name) if part]
    has_separator = any(re.search(r"[.\"`\[\]]", part) for part in parts)
    return ".".join(written(part, dialect) if has_separator else part for part in parts)


def column_type(database_type: str) -> str:
    """The semantic type of a database type: by whole words, so that ``point`` is not an ``int``."""
    if _COLLECTION.search(database_type):
        return "string"
    words = re.findall(r"\w+", database_type.lower())
    for pattern, semantic_type in ((_BOOLEAN, "boolean"), (_TIME, "time"), (_NUMBER, "number")):
        if any(pattern.fullmatch(word) for word in words):
            return semantic_type
    return "string"


def is_identifier_like(name: str) -> bool:
    """Whether a column is named like a key, whose sum would mean nothing."""
    return _IDENTIFIER_LIKE.fullmatch(name) is not None


def _column(column: TableColumn) -> dict[str, str]:
    semantic_type = column_type(column.type)
    drafted = {
        "name": column.name,
        "type": semantic_type,
        "visibility": "public",
        "role": "time" if semantic_type == "time" else "default",
    }
    if column.comment:
        drafted["description"] = column.comment
    return drafted


def _measures(table: Table, keys: list[str], dialect: str) -> list[dict[str, str]]:
    measures = []
    if keys:
        measures.append(
            {
                "name": "record_count",
                "expr": f"count({written(keys[0], dialect)})",
                "description": f"Count of {table.name} records",
            }
        )
    for column in table.columns:
        if column_type(column.type) != "number" or is_identifier_like(column.name):
            continue
        note = f" — {column.comment}" if column.comment else ""
        for prefix, function, word in (("total", "sum", "Sum"), ("avg", "avg", "Average")):
            measures.append(
                {
                    "name": f"{prefix}_{column.name}",
                    "expr": f"{function}({written(column.name, dialect)})",
                    "description": f"{word} of {column.name}{note}",
                }
            )
    return measures

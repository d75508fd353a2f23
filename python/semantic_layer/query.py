"""Compiles a query from beginning to end: parse, resolve, plan, build, render. Keeps recent models."""

from __future__ import annotations

import marshal
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from threading import Lock
from typing import Any

from semantic_layer.calendars import parse_calendar
from semantic_layer.compilation import build_statement
from semantic_layer.dialects import SqlDialect, get_dialect
from semantic_layer.errors import SemanticLayerError
from semantic_layer.explanation import explain, public_columns
from semantic_layer.loading import load_definitions
from semantic_layer.model import Model
from semantic_layer.notices import path_descriptions, warnings_of
from semantic_layer.planning import make_plan
from semantic_layer.requests import parse_query
from semantic_layer.resolution import resolve

# A daemon serves few projects at a time; a large model takes some megabytes.
_KEPT_MODELS = 4


class _RecentModels:
    """Models by content, the least recently used dropped first."""

    def __init__(self) -> None:
        self._models: OrderedDict[tuple[bytes, str], Model] = OrderedDict()
        self._lock = Lock()

    def get(
        self,
        sources: Sequence[Mapping[str, Any]],
        dialect: SqlDialect,
        unreadable: Mapping[str, str] | None = None,
        locations: Mapping[str, str] | None = None,
    ) -> Model:
        key = (_digest(sources, unreadable, locations), dialect.name)
        with self._lock:
            model = self._models.get(key)
            if model is not None:
                self._models.move_to_end(key)
                return model
        model = Model(load_definitions(sources, dialect, unreadable, locations), dialect)
        with self._lock:
            self._models[key] = model
            if len(self._models) > _KEPT_MODELS:
                self._models.popitem(last=False)
        return model


_RECENT = _RecentModels()


def _digest(sources: Sequence[Mapping[str, Any]], *about: Mapping[str, str] | None) -> bytes:
    """The content of JSON-like sources. Version 2 of marshal's format depends on values alone."""
    plain: Any = (sources, about) if any(about) else sources
    try:
        return blake2b(marshal.dumps(plain, 2), digest_size=16).digest()
    except ValueError:
        raise SemanticLayerError("Sources are nested too deeply, or hold values that JSON does not have") from None


def run_query(
    sources: Sequence[Mapping[str, Any]],
    query: object,
    dialect: str = "postgres",
    *,
    unreadable: Mapping[str, str] | None = None,
    locations: Mapping[str, str] | None = None,
    look_ahead: int = 0,
    calendar: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """SQL, output columns, plan and warnings of a query, or a `SemanticLayerError` that says why it is refused.

    ``unreadable`` names sources that the caller could not read, and why; ``locations`` says where sources are defined
    (``orders.yaml:3``), for messages about their faults. With ``look_ahead`` the SQL gives that many rows
    more than the query's limit: when one comes, the limit cut rows off. ``calendar`` has the connection's
    ``week_start``, ``fiscal_year_start`` and ``time_zone``.
    """
    sql_dialect = get_dialect(dialect)
    request = parse_query(query)
    try:
        model = _RECENT.get(sources, sql_dialect, unreadable, locations)
        resolved = resolve(model, request, parse_calendar(calendar))
        plan = make_plan(model, resolved)
        sql = sql_dialect.render(build_statement(model, resolved, plan, look_ahead=look_ahead))
        return {
            "sql": sql,
            "dialect": dialect,
            "columns": public_columns(resolved),
            "plan": explain(resolved, plan) | {"paths": path_descriptions(model, plan)},
            "warnings": warnings_of(model, resolved, plan),
        }
    except RecursionError:
        raise SemanticLayerError(
            "The query nests too deeply to be compiled. Simplify its expressions, or those of its sources."
        ) from None

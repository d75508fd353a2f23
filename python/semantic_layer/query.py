"""Compiles a query from beginning to end: parse, resolve, plan, build, render. Keeps recent models."""

from __future__ import annotations

import marshal
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from threading import Lock
from typing import Any

from semantic_layer.compilation import build_statement
from semantic_layer.dialects import SqlDialect, get_dialect
from semantic_layer.errors import SemanticLayerError
from semantic_layer.explanation import explain, public_columns
from semantic_layer.model import Model
from semantic_layer.planning import make_plan
from semantic_layer.requests import parse_query
from semantic_layer.resolution import resolve
from semantic_layer.sources import parse_sources

# A daemon serves few projects at a time; a large model takes some megabytes.
_KEPT_MODELS = 4


class _RecentModels:
    """Models by content, the least recently used dropped first."""

    def __init__(self) -> None:
        self._models: OrderedDict[tuple[bytes, str], Model] = OrderedDict()
        self._lock = Lock()

    def get(self, sources: Sequence[Mapping[str, Any]], dialect: SqlDialect) -> Model:
        key = (_digest(sources), dialect.name)
        with self._lock:
            model = self._models.get(key)
            if model is not None:
                self._models.move_to_end(key)
                return model
        model = Model(parse_sources(sources), dialect)
        with self._lock:
            self._models[key] = model
            if len(self._models) > _KEPT_MODELS:
                self._models.popitem(last=False)
        return model


_RECENT = _RecentModels()


def _digest(sources: Sequence[Mapping[str, Any]]) -> bytes:
    """The content of JSON-like sources. Version 2 of marshal's format depends on values alone."""
    plain: Any = sources
    try:
        return blake2b(marshal.dumps(plain, 2), digest_size=16).digest()
    except ValueError:
        raise SemanticLayerError("Sources are nested too deeply, or hold values that JSON does not have") from None


def run_query(sources: Sequence[Mapping[str, Any]], query: object, dialect: str = "postgres") -> dict[str, Any]:
    """SQL, output columns and plan of a query, or a `SemanticLayerError` that says why it is refused."""
    sql_dialect = get_dialect(dialect)
    request = parse_query(query)
    try:
        model = _RECENT.get(sources, sql_dialect)
        if model.graph.undefined:
            source, target = model.graph.undefined[0]
            raise SemanticLayerError(
                f"Cannot query semantic layer: Source '{source}' joins to '{target}', but '{target}' is not defined"
            )
        resolved = resolve(model, request)
        plan = make_plan(model, resolved)
        sql = sql_dialect.render(build_statement(model, resolved, plan))
        return {
            "sql": sql,
            "dialect": dialect,
            "columns": public_columns(resolved),
            "plan": explain(resolved, plan),
        }
    except RecursionError:
        raise SemanticLayerError(
            "The query nests too deeply to be compiled. Simplify its expressions, or those of its sources."
        ) from None

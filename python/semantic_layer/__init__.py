"""Turns source definitions and a query into one SQL statement whose rows are right.

The public names, each loaded on first use so that importing this package costs nothing:

- ``run_query(sources, query, dialect) -> dict`` compiles a query to ``sql``, ``dialect``, ``columns``, ``plan``
  and ``warnings``.
- ``validate_sources(sources, dialect, recently_touched=None) -> dict`` checks a model: ``valid``, ``errors``,
  ``warnings``, ``per_source_warnings`` and ``information``. It never raises for a bad model.
- ``generate_sources(request) -> dict`` drafts sources from a database's tables: ``sources`` and
  ``source_count``. The request is a ``GenerateRequest`` (pydantic) or a mapping that validates as one.
- ``suggest_repairs(sources, query, dialect) -> dict`` plans a query, or says which sources and joins it lacks.
- ``SemanticLayerError`` (a ``ValueError``) is raised for every request that is refused; its text is meant for
  users.

A query passes these stages, each a module: `loading` (which sources can be used), `model` (names and definitions),
`resolution` (what a query's names mean), `paths` (how a fact reaches a place), `planning` (which facts, joins, filters
and empty groups), `compilation` (the statement), `notices` (what the reader should know).

This package knows SQL text and nothing of databases, files, HTTP or processes.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from semantic_layer.errors import SemanticLayerError
    from semantic_layer.generation import GenerateRequest, generate_sources
    from semantic_layer.query import run_query
    from semantic_layer.suggestion import suggest_repairs
    from semantic_layer.validation import validate_sources

__all__ = [
    "GenerateRequest",
    "SemanticLayerError",
    "generate_sources",
    "run_query",
    "suggest_repairs",
    "validate_sources",
]

_HOMES = {
    "GenerateRequest": "generation",
    "SemanticLayerError": "errors",
    "generate_sources": "generation",
    "run_query": "query",
    "suggest_repairs": "suggestion",
    "validate_sources": "validation",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)

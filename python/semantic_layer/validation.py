"""Validates a model without running a query: everything that is wrong with it, and what looks doubtful."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from semantic_layer import checks
from semantic_layer.connectivity import components, disconnection_warnings, singleton_warnings
from semantic_layer.dialects import get_dialect
from semantic_layer.errors import SemanticLayerError
from semantic_layer.loading import load_definitions
from semantic_layer.model import Model
from semantic_layer.sources import Source, parse_source


def validate_sources(
    sources: Sequence[Mapping[str, Any]],
    dialect: str = "postgres",
    recently_touched: Iterable[str] | None = None,
) -> dict[str, Any]:
    """``valid``, ``errors``, ``warnings``, ``per_source_warnings``, ``information``. Never raises for a bad model."""
    definitions: Sequence[object] = sources if isinstance(sources, (list, tuple)) else [sources]
    parsed, errors = _parse(definitions)
    warnings: list[str] = []
    information: list[str] = []
    per_source: dict[str, list[str]] = {}
    touched = set(recently_touched or ())
    try:
        sql_dialect = get_dialect(dialect)
        model = Model(load_definitions(definitions, sql_dialect), sql_dialect)
        errors += _faults(parsed, model, touched)
        parts = components(parsed)
        warnings = [*disconnection_warnings(parts), *checks.partial_keys(parsed, sql_dialect)]
        information = [*checks.ambiguous_paths(model)]
        per_source = singleton_warnings(parts, [name for name in parsed if name in touched])
    except (SemanticLayerError, RecursionError) as error:
        errors.append(f"Validation failed: {error}")
    return {
        "valid": not errors,
        "errors": errors,
        "warnings": warnings,
        "per_source_warnings": per_source,
        "information": information,
    }


def _parse(definitions: Iterable[object]) -> tuple[dict[str, Source], list[str]]:
    """The sources that parse, by name, and what is wrong with the others."""
    parsed: dict[str, Source] = {}
    errors = []
    duplicates = []
    for definition in definitions:
        try:
            source = parse_source(definition)
        except SemanticLayerError as error:
            errors.append(str(error))
            continue
        if source.name in parsed:
            duplicates.append(f"Duplicate source name '{source.name}'")
        else:
            parsed[source.name] = source
    return parsed, [*errors, *dict.fromkeys(duplicates)]


def _faults(sources: Mapping[str, Source], model: Model, touched: set[str]) -> list[str]:
    dialect = model.dialect
    errors = [
        *checks.undefined_targets(sources, model.faults),
        *checks.column_names(sources),
        *checks.projections(sources, dialect),
    ]
    errors += checks.join_conditions(sources, dialect)
    errors += checks.undeclared_joins(sources, touched, dialect)
    errors += checks.role_names(model)
    errors += checks.definitions(model)
    errors += checks.unknown_columns(model)
    return [*errors, *checks.redundant_measures(sources, dialect)]

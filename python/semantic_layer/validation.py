"""Validates a model without running a query: everything that is wrong with it, and what looks doubtful."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from semantic_layer import checks
from semantic_layer.connectivity import components, disconnection_warnings, singleton_warnings
from semantic_layer.dialects import get_dialect
from semantic_layer.errors import SemanticLayerError, nearest
from semantic_layer.model import Model
from semantic_layer.sources import Source, parse_source, unknown_keys


def validate_sources(
    sources: Sequence[Mapping[str, Any]],
    dialect: str = "postgres",
    recently_touched: Iterable[str] | None = None,
) -> dict[str, Any]:
    """``valid``, ``errors``, ``warnings`` and ``per_source_warnings``. Never raises for a bad model."""
    definitions: Sequence[object] = sources if isinstance(sources, (list, tuple)) else [sources]
    parsed, errors = _parse(definitions)
    warnings: list[str] = []
    per_source: dict[str, list[str]] = {}
    touched = set(recently_touched or ())
    try:
        errors += _faults(parsed, dialect, touched)
        parts = components(parsed)
        warnings = disconnection_warnings(parts)
        per_source = singleton_warnings(parts, [name for name in parsed if name in touched])
    except (SemanticLayerError, RecursionError) as error:
        errors.append(f"Validation failed: {error}")
    for name, warning in _unknown_key_warnings(definitions):
        per_source.setdefault(name, []).append(warning)
    return {
        "valid": not errors,
        "errors": errors,
        "warnings": warnings,
        "per_source_warnings": per_source,
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


def _faults(sources: Mapping[str, Source], dialect_name: str, touched: set[str]) -> list[str]:
    dialect = get_dialect(dialect_name)
    errors = [
        *checks.duplicate_measures(sources),
        *checks.undefined_targets(sources),
        *checks.column_names(sources),
        *checks.projections(sources, dialect),
    ]
    unreadable = [*checks.join_conditions(sources, dialect)]
    errors += unreadable
    errors += checks.undeclared_joins(sources, touched, dialect)
    if not any("has invalid join to" in error for error in unreadable):
        errors += checks.definitions(Model(sources.values(), dialect))
    return [*errors, *checks.redundant_measures(sources, dialect)]


def _unknown_key_warnings(definitions: Iterable[object]) -> Iterator[tuple[str, str]]:
    for definition in definitions:
        name = definition.get("name") if isinstance(definition, Mapping) else None
        if isinstance(definition, Mapping) and isinstance(name, str):
            for key in unknown_keys(definition):
                hint = nearest(str(key), Source.model_fields)
                yield name, f"Source '{name}' has the unknown key '{key}', which is ignored.{hint}"

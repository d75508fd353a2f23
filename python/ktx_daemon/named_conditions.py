"""Conditions of drafted measures as segments: two measures of one expression may not differ by `filter` alone."""

from collections.abc import Mapping
from typing import Any

from semantic_layer.checks import measures_alike
from semantic_layer.dialects import SqlDialect
from semantic_layer.errors import SemanticLayerError
from semantic_layer.sources import parse_source


def with_named_conditions(definition: Mapping[str, Any], dialect: SqlDialect) -> dict[str, Any]:
    """The definition of a source in which measures that are else the same have segments for their filters.

    A segment is named after the first measure with its condition: `paid_rows` of `paid`.
    """
    measures, segments = list(definition.get("measures", ())), list(definition.get("segments", ()))
    names: dict[str, str] = {}
    if any(measure.get("filter") for measure in measures):
        taken = {segment["name"].lower() for segment in segments}
        for measure, condition in _to_name(definition, dialect):
            if condition not in names:
                names[condition] = _free(f"{measure['name']}_rows", taken)
                segments.append({"name": names[condition], "expr": measure["filter"]})
            index = next(index for index, other in enumerate(measures) if other["name"] == measure["name"])
            named = {key: value for key, value in measure.items() if key != "filter"}
            measures[index] = named | {"segments": [names[condition]]}
    changed = {"measures": measures, "segments": segments} if names else {}
    return dict(definition) | changed


def _to_name(definition: Mapping[str, Any], dialect: SqlDialect) -> list[tuple[Mapping[str, Any], str]]:
    """Measures that differ from another one by their filter alone, and the filter in one form."""
    try:
        source = parse_source(definition)
    except SemanticLayerError:
        return []
    written = {measure["name"]: measure for measure in definition["measures"]}
    return [
        (written[measure.name], condition)
        for alike in measures_alike(source, dialect)
        for measure, condition in alike
        if condition and len({other for _, other in alike}) > 1
    ]


def _free(name: str, taken: set[str]) -> str:
    free, number = name, 2
    while free.lower() in taken:
        free, number = f"{name}_{number}", number + 1
    taken.add(free.lower())
    return free

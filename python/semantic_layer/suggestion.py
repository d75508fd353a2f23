"""Finds what a model lacks for a query: missing sources, and joins that would connect the existing ones."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from semantic_layer.connectivity import components
from semantic_layer.dialects import get_dialect
from semantic_layer.errors import SemanticLayerError
from semantic_layer.loading import load_definitions
from semantic_layer.query import run_query
from semantic_layer.sources import Source

_QUALIFIER = re.compile(r"\b([A-Za-z_]\w*)\s*\.\s*[A-Za-z_]", re.ASCII)


def suggest_repairs(
    sources: Sequence[Mapping[str, Any]], query: Mapping[str, Any], dialect: str = "postgres"
) -> dict[str, Any]:
    """The plan of a query, or the error with the sources and joins whose absence may explain it."""
    definitions = load_definitions(sources, get_dialect(dialect))
    parsed = {source.name: source for source in definitions.sources} | dict(definitions.ghosts)
    roles = {join.alias: join.to for source in parsed.values() for join in source.joins if join.alias}
    referenced = sorted(set(_qualifiers(query)))
    found: dict[str, Any] = {
        "referenced_sources": referenced,
        "missing_sources": [name for name in referenced if name not in parsed and name not in roles],
        "graph_errors": list(definitions.faults.values()),
    }
    try:
        return {"success": True, "plan": run_query(sources, query, dialect)["plan"], **found, "suggestions": []}
    except SemanticLayerError as error:
        known = [roles.get(name, name) for name in referenced if name not in found["missing_sources"]]
        suggestions = [_missing(name) for name in found["missing_sources"]] + _bridges(parsed, known)
        return {"success": False, "error": str(error), **found, "suggestions": suggestions}


def _qualifiers(value: object) -> Iterable[str]:
    """What is before a dot in any text of the query, outside string literals."""
    if isinstance(value, str):
        yield from _QUALIFIER.findall(re.sub(r"'(?:[^']|'')*'", "", value))
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _qualifiers(part)
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from _qualifiers(part)


def _missing(name: str) -> dict[str, Any]:
    return {
        "description": f"Define the source '{name}', which the query refers to",
        "required_sources": [name],
        "required_joins": [],
        "notes": "Check the spelling first: the model may have the source under another name.",
    }


def _bridges(sources: Mapping[str, Source], names: Iterable[str]) -> list[dict[str, Any]]:
    """A join between each two neighbouring components that the query spans."""
    component_of = {name: index for index, part in enumerate(components(sources)) for name in part}
    first_of: dict[int, str] = {}
    for name in names:
        first_of.setdefault(component_of[name], name)
    return [
        {
            "description": f"Connect '{left}' and '{right}' with a join",
            "required_sources": [left, right],
            "required_joins": [_guessed_join(sources[left], sources[right])],
            "notes": "The columns are a guess from their names. Check them and the relationship against the data.",
        }
        for left, right in pairwise(first_of.values())
    ]


def _guessed_join(left: Source, right: Source) -> dict[str, str]:
    for child, parent in ((left, right), (right, left)):
        key = parent.grain[0]
        for column in child.columns:
            wanted = (f"{parent.name}_{key}", f"{parent.name.removesuffix('s')}_{key}")
            if column.name in wanted or (column.name == key and key.lower() != "id"):
                return {
                    "source": child.name,
                    "to": parent.name,
                    "on": f"{column.name} = {parent.name}.{key}",
                    "relationship": "many_to_one",
                }
    key = right.grain[0]
    return {
        "source": left.name,
        "to": right.name,
        "on": f"{right.name}_{key} = {right.name}.{key}",
        "relationship": "many_to_one",
    }

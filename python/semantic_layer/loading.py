"""Reads the definitions of a model: the sources that can be used, and those that are skipped for a fault.

One faulty source must not stop queries that do not need it. What is left out keeps its name, so that a query which
needs it says why it cannot be answered, and its joins, so that no path is taken only because another one is missing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from semantic_layer.dialects import SqlDialect
from semantic_layer.errors import SemanticLayerError
from semantic_layer.joins import join_columns, node_of
from semantic_layer.sources import Join, Source, parse_source, source_label


@dataclass(frozen=True, slots=True)
class Definitions:
    """``faults`` says for each name that is left out what is wrong with it; ``ghosts`` have the joins of those."""

    sources: tuple[Source, ...]
    faults: Mapping[str, str] = field(default_factory=dict)
    ghosts: Mapping[str, Source] = field(default_factory=dict)


def load_definitions(
    definitions: object,
    dialect: SqlDialect,
    unreadable: Mapping[str, str] | None = None,
    locations: Mapping[str, str] | None = None,
) -> Definitions:
    """The sources of a model. ``unreadable`` names sources that the caller could not read at all, and why;
    ``locations`` says where sources are defined, for what is said of their faults.
    """
    if not isinstance(definitions, (list, tuple)):
        raise SemanticLayerError("sources must be a list of source definitions")
    faults = dict(unreadable or {})
    labels = Counter(source_label(definition) for definition in definitions)
    parsed: dict[str, Source] = {}
    raw: dict[str, object] = {}
    for definition in definitions:
        name = source_label(definition)
        if labels[name] > 1:
            faults[name] = f"Duplicate source name '{name}': the model has two definitions of it"
        elif name in faults:
            pass
        else:
            try:
                parsed[name] = parse_source(definition)
                continue
            except SemanticLayerError as error:
                faults[name] = str(error)
        raw[name] = definition
    _check_joins(parsed, faults, dialect)
    if not faults:
        return Definitions(tuple(parsed.values()))
    for name in faults.keys() & (locations or {}).keys():
        faults[name] = f"{faults[name]} ({(locations or {})[name]})"
    ghosts = {name: _ghost(name, parsed.get(name), raw.get(name), dialect) for name in faults}
    usable = tuple(source for name, source in parsed.items() if name not in faults)
    return Definitions(usable, faults, ghosts)


def _check_joins(parsed: Mapping[str, Source], faults: dict[str, str], dialect: SqlDialect) -> None:
    role_of: dict[str, str] = {}
    for source in parsed.values():
        for join in source.joins:
            fault = _join_fault(source, join, parsed, faults, role_of, dialect)
            if fault:
                faults[source.name] = fault
                break


def _join_fault(
    source: Source,
    join: Join,
    parsed: Mapping[str, Source],
    faults: Mapping[str, str],
    role_of: dict[str, str],
    dialect: SqlDialect,
) -> str | None:
    if join.to not in parsed and join.to not in faults:
        return f"Source '{source.name}' joins to '{join.to}', but '{join.to}' is not defined"
    try:
        join_columns(source.name, join, dialect)
    except SemanticLayerError as error:
        return f"Source '{source.name}' has invalid join to '{join.to}': {error}"
    node = node_of(source, join)
    if node == join.to:
        return None
    if node in parsed:
        return f"Join alias '{node}' on source '{source.name}' is also the name of a source. Choose another alias."
    if role_of.setdefault(node, join.to) != join.to:
        return f"Join alias '{node}' stands for both '{role_of[node]}' and '{join.to}'. Choose different aliases."
    return None


def _ghost(name: str, source: Source | None, definition: object, dialect: SqlDialect) -> Source:
    """As much of a faulty source as its edges need."""
    known: Mapping[str, Any] = definition if isinstance(definition, Mapping) else {}
    joins = source.joins if source else [join for join in map(_join, _listed(known.get("joins"))) if join]
    return Source.model_construct(
        name=name,
        grain=source.grain if source else [part for part in _listed(known.get("grain")) if isinstance(part, str)],
        columns=source.columns if source else [],
        joins=[join for join in joins if _is_readable(name, join, dialect)],
        measures=[],
        segments=[],
    )


def _listed(value: object) -> Iterable[Any]:
    return value if isinstance(value, (list, tuple)) else ()


def _join(definition: object) -> Join | None:
    try:
        return Join.model_validate(definition)
    except ValidationError:
        return None


def _is_readable(source: str, join: Join, dialect: SqlDialect) -> bool:
    try:
        return bool(join_columns(source, join, dialect))
    except SemanticLayerError:
        return False

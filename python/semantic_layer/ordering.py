"""The sort order of a result: the requested keys, then all dimensions, so that a limit cuts the same rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from semantic_layer.dimensions import Dimension
from semantic_layer.errors import SemanticLayerError, quoted
from semantic_layer.measures import ResolvedMeasure
from semantic_layer.names import split_reference
from semantic_layer.references import place_text
from semantic_layer.requests import OrderRequest


@dataclass(frozen=True, slots=True)
class SortKey:
    """An output column to sort by. NULLs come last, whatever the direction."""

    label: str
    descending: bool


def sort_keys(
    requests: Iterable[OrderRequest],
    dimensions: tuple[Dimension, ...],
    columns: Mapping[str, ResolvedMeasure],
    labels: Mapping[str, str],
) -> tuple[SortKey, ...]:
    """The keys of a query. A key names a measure, or a dimension by its label or its reference."""
    keys: dict[str, SortKey] = {}
    if requests:
        known = _known(dimensions, columns, labels)
        for request in requests:
            label = known.get(_plain(request.field))
            if label is None:
                raise SemanticLayerError(
                    f"ORDER BY field '{quoted(request.field)}' is not a recognized measure or dimension in this query"
                )
            keys.setdefault(label, SortKey(label, request.direction.lower() == "desc"))
    for dimension in dimensions:
        keys.setdefault(dimension.label, SortKey(dimension.label, False))
    return tuple(keys.values())


def _known(
    dimensions: tuple[Dimension, ...], columns: Mapping[str, ResolvedMeasure], labels: Mapping[str, str]
) -> dict[str, str]:
    known: dict[str, str] = {}
    # Where a time is requested twice, its bare field means the one that is not truncated.
    for dimension in sorted(dimensions, key=lambda dimension: dimension.granularity is not None):
        field = f"{place_text(dimension.home)}.{dimension.column}"
        names = [dimension.label, dimension.field, field]
        if dimension.granularity:
            names += [f"{name}:{dimension.granularity}" for name in (dimension.field, field)]
        for name in names:
            known.setdefault(_plain(name), dimension.label)
    measures: dict[str, str] = {}
    for key, measure in columns.items():
        for name in (labels[key], f"{measure.home}.{measure.name}", measure.name, measure.text):
            measures.setdefault(_plain(name), labels[key])
    return known | measures


def _plain(text: str) -> str:
    """A reference without its quotes and without regard to letter case."""
    return ".".join(part.text for part in split_reference(text.strip())).lower()

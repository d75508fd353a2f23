"""Resolves every name of a query: from text to measures, dimensions, filters and sort keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from semantic_layer.definitions import segment_condition
from semantic_layer.dimensions import Dimension, resolve_dimensions
from semantic_layer.errors import SemanticLayerError, nearest, quoted
from semantic_layer.filters import AggregateFilter, FilterResolver, RowFilter
from semantic_layer.labels import label_measures
from semantic_layer.measure_book import MeasureBook
from semantic_layer.measures import Measure
from semantic_layer.model import Model
from semantic_layer.requests import OrderRequest, Query


@dataclass(frozen=True, slots=True)
class SortKey:
    """An output column to sort by."""

    label: str
    descending: bool


@dataclass(frozen=True, slots=True)
class ResolvedQuery:
    """A query without a name left to look up.

    ``measures`` holds all that are computed, each after those it depends on; ``labels`` names those that
    are columns.
    """

    query: Query
    dimensions: tuple[Dimension, ...]
    measures: Mapping[str, Measure]
    labels: Mapping[str, str]
    row_filters: tuple[RowFilter, ...]
    aggregate_filters: tuple[AggregateFilter, ...]
    sort_keys: tuple[SortKey, ...]

    @property
    def columns(self) -> tuple[Measure, ...]:
        """The measures that are columns of the result, in order."""
        return tuple(self.measures[key] for key in self.labels)


def resolve(model: Model, query: Query) -> ResolvedQuery:
    """The query with all names resolved, or an error about the first that cannot be."""
    segments = _segments(model, query.segments)
    book = MeasureBook(
        model,
        {request.name: request for request in query.measures if request.is_object and request.name},
        {node: tuple(segment_condition(model, node, name) for name in names) for node, names in segments.items()},
    )
    requested = tuple(dict.fromkeys(book.request(request) for request in query.measures))
    origin = next((book.measures[key].home for key in requested if book.measures[key].home), None)
    dimensions = resolve_dimensions(model, query.dimensions, origin)
    ordered = {key: book.measures[key] for key in _in_order(book.measures, requested)}
    columns = {key: measure for key, measure in ordered.items() if not measure.is_lifted}
    labels = label_measures(columns, [dimension.label for dimension in dimensions])
    outputs = {measure.name: key for key, measure in columns.items()} | {label: key for key, label in labels.items()}
    nodes = [
        *(node for dimension in dimensions for node in dimension.nodes),
        *(measure.rows for measure in book.measures.values() if measure.rows),
    ]
    row_filters, aggregate_filters = FilterResolver(book, outputs, dict.fromkeys(nodes)).resolve(query.filters)
    _check_segments_used(segments, book.measures.values())
    if not columns and not dimensions:
        raise SemanticLayerError("Query does not reference any sources")
    return ResolvedQuery(
        query=query,
        dimensions=dimensions,
        measures=book.measures,
        labels=labels,
        row_filters=row_filters,
        aggregate_filters=aggregate_filters,
        sort_keys=_sort_keys(query.order_by, dimensions, columns, labels),
    )


def _in_order(measures: Mapping[str, Measure], requested: Iterable[str]) -> list[str]:
    """The requested measures and what they depend on: dependencies first, added ones before the others."""
    ordered: dict[str, None] = {}
    added: dict[str, None] = {}
    requested = list(requested)

    def collect(key: str) -> None:
        for dependency in measures[key].depends_on:
            if dependency not in added:
                added[dependency] = None
                collect(dependency)

    def place(key: str) -> None:
        if key not in ordered:
            for dependency in sorted(measures[key].depends_on):
                place(dependency)
            ordered[key] = None

    for key in requested:
        collect(key)
    for key in [*sorted(added.keys() - set(requested)), *requested]:
        place(key)
    return list(ordered)


def _segments(model: Model, references: Iterable[str]) -> dict[str, list[str]]:
    segments: dict[str, list[str]] = {}
    for reference in dict.fromkeys(references):
        node, _, name = reference.partition(".")
        shown = quoted(reference)
        if not node or not name:
            raise SemanticLayerError(f"Query-time segment '{shown}' must be a dotted 'source.segment_name' reference.")
        if model.source_at(node) is None:
            hint = nearest(node, model.graph.source_of)
            raise SemanticLayerError(f"Query-time segment '{shown}' references unknown source '{node}'.{hint}")
        known = model.segments_at(node)
        if name not in known:
            raise SemanticLayerError(
                f"Query-time segment '{shown}' references unknown segment '{name}' on source '{node}'. "
                f"Available: {', '.join(known)}"
            )
        segments.setdefault(node, []).append(name)
    return segments


def _check_segments_used(segments: Iterable[str], measures: Iterable[Measure]) -> None:
    homes = {measure.home for measure in measures if not measure.is_derived}
    for node in segments:
        if node not in homes:
            raise SemanticLayerError(
                f"Query-time segment(s) on source '{node}' have no matching measure in the query. "
                f"Add a measure of '{node}', or use a filter."
            )


def _sort_keys(
    requests: Iterable[OrderRequest],
    dimensions: tuple[Dimension, ...],
    columns: Mapping[str, Measure],
    labels: Mapping[str, str],
) -> tuple[SortKey, ...]:
    known: dict[str, str] = {}
    # Where a time is asked for twice, its bare field means the one that is not truncated.
    for dimension in sorted(dimensions, key=lambda dimension: dimension.granularity is not None):
        for name in (dimension.label, dimension.field, f"{dimension.home}.{dimension.column}"):
            known.setdefault(name.lower(), dimension.label)
    measures: dict[str, str] = {}
    for key, measure in columns.items():
        for name in (labels[key], f"{measure.home}.{measure.name}", measure.name, measure.text):
            measures.setdefault(name.lower(), labels[key])
    known |= measures
    keys: dict[str, SortKey] = {}
    for request in requests:
        label = known.get(request.field.strip().lower())
        if label is None:
            raise SemanticLayerError(
                f"ORDER BY field '{quoted(request.field)}' is not a recognized measure or dimension in this query"
            )
        keys.setdefault(label, SortKey(label, request.direction.lower() == "desc"))
    if not keys:
        return tuple(SortKey(dimension.label, False) for dimension in dimensions)
    return tuple(keys.values())

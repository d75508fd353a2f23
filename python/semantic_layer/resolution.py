"""Resolves every name of a query: from text to measures, dimensions, filters and sort keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from semantic_layer.calendars import GREGORIAN, Calendar
from semantic_layer.definitions import segment_condition
from semantic_layer.dimensions import Dimension, resolve_dimensions
from semantic_layer.errors import SemanticLayerError, nearest, quoted
from semantic_layer.filters import AggregateFilter, FilterResolver, RowFilter
from semantic_layer.labels import label_measures
from semantic_layer.measure_book import MeasureBook
from semantic_layer.measures import ResolvedMeasure
from semantic_layer.model import Model
from semantic_layer.names import Vocabulary, split_reference
from semantic_layer.ordering import SortKey, sort_keys
from semantic_layer.references import steps_of
from semantic_layer.requests import Query


@dataclass(frozen=True, slots=True)
class ResolvedQuery:
    """A query without a name left to look up.

    ``facts`` are the nodes whose rows it is about: those of the measures that were asked for, or without measures the
    one that leads to all others. ``measures`` holds all that are computed, each after those it depends on; ``labels``
    names those that are columns.
    """

    query: Query
    calendar: Calendar
    facts: tuple[str, ...]
    dimensions: tuple[Dimension, ...]
    measures: Mapping[str, ResolvedMeasure]
    labels: Mapping[str, str]
    row_filters: tuple[RowFilter, ...]
    aggregate_filters: tuple[AggregateFilter, ...]
    sort_keys: tuple[SortKey, ...]

    @property
    def columns(self) -> tuple[ResolvedMeasure, ...]:
        """The measures that are columns of the result, in order."""
        return tuple(self.measures[key] for key in self.labels)


def resolve(model: Model, query: Query, calendar: Calendar = GREGORIAN) -> ResolvedQuery:
    """The query with all names resolved, or an error about the first that cannot be."""
    segments = _segments(model, query.segments)
    book = MeasureBook(
        model,
        {request.name: request for request in query.measures if request.is_object and request.name},
        {node: tuple(segment_condition(model, node, name) for name in names) for node, names in segments.items()},
    )
    requested = tuple(dict.fromkeys(book.request(request) for request in query.measures))
    origin = next((book.measures[key].home for key in requested if book.measures[key].home), None)
    dimensions = resolve_dimensions(model, query.dimensions, origin, calendar)
    ordered = {key: book.measures[key] for key in _in_order(book.measures, requested)}
    columns = {key: measure for key, measure in ordered.items() if not measure.is_lifted}
    if not columns and not dimensions:
        raise SemanticLayerError("Query does not reference any sources")
    labels = label_measures(columns, [dimension.label for dimension in dimensions])
    outputs = {measure.name: key for key, measure in columns.items()} | {label: key for key, label in labels.items()}
    rows = list(dict.fromkeys(measure.rows for measure in ordered.values() if measure.rows))
    facts = rows or [_root(model, dimensions)]
    places = dict.fromkeys([*(place for dimension in dimensions for place in dimension.places), *rows])
    row_filters, aggregate_filters = FilterResolver(book, outputs, places, facts).resolve(query.filters)
    if not rows and row_filters:
        facts = [_root(model, dimensions, row_filters)]
    _check_segments_used(segments, book.measures.values())
    return ResolvedQuery(
        query=query,
        calendar=calendar,
        facts=tuple(facts),
        dimensions=dimensions,
        measures=book.measures,
        labels=labels,
        row_filters=row_filters,
        aggregate_filters=aggregate_filters,
        sort_keys=sort_keys(query.order_by, dimensions, columns, labels),
    )


def _root(model: Model, dimensions: Iterable[Dimension], filters: Iterable[RowFilter] = ()) -> str:
    """Whose rows a query without measures is about: the source that reaches all others, else the first dimension's."""
    grouped = [place for dimension in dimensions for place in dimension.places]
    places = dict.fromkeys([*grouped, *(place for row_filter in filters for place in row_filter.places)])
    candidates = dict.fromkeys(steps_of(place)[0] for place in places)
    return model.paths.root(candidates, places) or steps_of(grouped[0])[0]


def _in_order(measures: Mapping[str, ResolvedMeasure], requested: Iterable[str]) -> list[str]:
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
        parts = split_reference(reference)
        shown = quoted(reference)
        if len(parts) != 2 or not all(part.text for part in parts):
            raise SemanticLayerError(f"Query-time segment '{shown}' must be a dotted 'source.segment_name' reference.")
        node = model.nodes.find(parts[0])
        if node is None:
            model.refuse_left_out(parts[0].text)
            hint = nearest(parts[0].text, model.nodes)
            raise SemanticLayerError(f"Query-time segment '{shown}' references unknown source '{parts[0].text}'.{hint}")
        known = model.segments_at(node)
        name = Vocabulary(known).find(parts[1])
        if name is None:
            raise SemanticLayerError(
                f"Query-time segment '{shown}' references unknown segment '{parts[1].text}' on source '{node}'. "
                f"Available: {', '.join(known)}"
            )
        segments.setdefault(node, []).append(name)
    return segments


def _check_segments_used(segments: Iterable[str], measures: Iterable[ResolvedMeasure]) -> None:
    homes = {measure.home for measure in measures if not measure.is_derived}
    for node in segments:
        if node not in homes:
            raise SemanticLayerError(
                f"Query-time segment(s) on source '{node}' have no matching measure in the query. "
                f"Add a measure of '{node}', or use a filter."
            )

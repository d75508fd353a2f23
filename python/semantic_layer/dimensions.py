"""Resolves what a query groups by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from sqlglot import exp

from semantic_layer.calendars import GREGORIAN, Calendar
from semantic_layer.errors import SemanticLayerError, quoted
from semantic_layer.expressions import columns_of, has_aggregate, has_window, parse_expression, tables_of
from semantic_layer.granularity import GRANULARITIES, in_zone, start_of_period, unknown_granularity
from semantic_layer.measures import automatic_name
from semantic_layer.model import Model, bound
from semantic_layer.names import Name, split_reference
from semantic_layer.references import Reference, node_at, read_reference, rebuilt, steps_of
from semantic_layer.requests import DimensionRequest
from semantic_layer.visibility import asked_column, owner_of


@dataclass(frozen=True, slots=True)
class Dimension:
    """A column of the result that rows are grouped by.

    ``home`` is the first place of it, alphabetically; ``time`` is what a granularity cuts down.
    """

    field: str
    column: str | None
    granularity: str | None
    label: str
    tree: exp.Expr
    places: tuple[str, ...]
    home: str
    description: str | None
    time: exp.Expr | None = None

    @property
    def is_constant(self) -> bool:
        """Whether it has the same value on every row, so that there is nothing to group by."""
        return next(columns_of(self.tree), None) is None


def resolve_dimensions(
    model: Model, requests: Iterable[DimensionRequest], origin: str | None, calendar: Calendar = GREGORIAN
) -> tuple[Dimension, ...]:
    """The dimensions as asked for, each once. ``origin`` is where a missing join path would start."""
    found: dict[tuple[str, str | None], Dimension] = {}
    for request in map(_with_suffix, requests):
        start = origin or next((node_at(d.home) for d in found.values()), None)
        dimension = _truncated(_dimension(model, request, start), model, calendar)
        granularity = request.granularity.lower() if request.granularity else None
        identity = f"{dimension.home}.{dimension.column}" if dimension.column else request.field
        found.setdefault((identity, granularity), dimension)
    return _labelled(found.values())


def _dimension(model: Model, request: DimensionRequest, origin: str | None) -> Dimension:
    field = request.field.strip()
    parts = split_reference(field)
    if len(parts) == 1:
        if model.sources_with_column(parts[0]):
            return _column(model, request, Reference(owner_of(model, parts[0]), parts[0]))
    else:
        reference = read_reference(parts, model.nodes)
        place = reference.place
        if place and not reference.fields and model.source_at(place) and model.column_named(place, reference.name):
            return _column(model, request, reference)
        if model.sources_with_column(Name(field)):
            return _column(model, request, Reference(owner_of(model, Name(field)), Name(field)))
        if model.faults:
            model.refuse_left_out(parts[0].text)
    return _expression(model, request, field, origin)


def _column(model: Model, request: DimensionRequest, reference: Reference) -> Dimension:
    place = str(reference.place)
    tree = asked_column(model, reference)
    name = str(model.column_named(place, reference.name))
    return Dimension(
        field=request.field,
        column=name,
        granularity=request.granularity,
        label=name,
        tree=tree,
        places=tables_of(tree) or (place,),
        home=place,
        description=model.columns_at(place)[name].text(),
    )


def _expression(model: Model, request: DimensionRequest, field: str, origin: str | None) -> Dimension:
    try:
        parsed = parse_expression(field, model.dialect)
    except SemanticLayerError:
        # Where a colon has no other meaning, a word behind one is a granularity that does not exist.
        before, _, word = field.rpartition(":")
        if (before[-1:].isalnum() or before.endswith(("_", '"', ")"))) and word.isidentifier():
            raise unknown_granularity(word) from None
        raise
    if has_aggregate(parsed) or has_window(parsed):
        raise SemanticLayerError(
            f"Dimension '{quoted(field)}' may not contain an aggregate or window function. Ask for it as a measure."
        )
    homes: list[str] = []

    def resolve(column: exp.Column) -> exp.Expr:
        reference = model.read(column, lambda name: bool(model.sources_with_column(name)))
        if reference.place is None:
            reference = replace(reference, place=owner_of(model, reference.name))
        homes.append(str(reference.place))
        return rebuilt(asked_column(model, reference, origin=origin), reference)

    tree = bound(parsed, resolve, field)
    if not homes:
        raise SemanticLayerError(f"Dimension '{quoted(field)}' does not reference any source")
    return Dimension(
        field=request.field,
        column=None,
        granularity=request.granularity,
        label=automatic_name(field),
        tree=tree,
        places=tables_of(tree) or tuple(dict.fromkeys(homes)),
        home=min(homes),
        description=None,
    )


def _with_suffix(request: DimensionRequest) -> DimensionRequest:
    """``orders.placed_at:month`` as a field and a granularity."""
    field, _, suffix = request.field.rpartition(":")
    if request.granularity is None and suffix.lower() in GRANULARITIES and not field.endswith(":"):
        return DimensionRequest(field=field, granularity=suffix)
    return request


def _truncated(dimension: Dimension, model: Model, calendar: Calendar) -> Dimension:
    if not dimension.granularity:
        return dimension
    listed = model.columns_at(dimension.home).get(dimension.column) if dimension.column else None
    if listed is not None and listed.type in ("number", "boolean"):
        raise SemanticLayerError(
            f"'{quoted(dimension.field)}' is a {listed.type}, which has no {quoted(dimension.granularity)}",
            hint="define a column of type time that computes it, such as `expr: to_timestamp(seconds)`, or on SQLite "
            "`expr: datetime(seconds / 86400.0 + 2440587.5)`",
        )
    if listed is not None and listed.natural_granularity in _WHOLE_DAYS:
        # A date has no time of day that a zone could change.
        calendar = replace(calendar, time_zone=None)
    time = in_zone(dimension.tree, calendar, model.dialect)
    tree = start_of_period(time.copy(), dimension.granularity, model.dialect, calendar, dimension.field.strip())
    return replace(dimension, tree=tree, time=time)


_WHOLE_DAYS = ("day", "week", "month", "quarter", "year")


def _labelled(dimensions: Iterable[Dimension]) -> tuple[Dimension, ...]:
    """Labels: the last part of the field; where several share it, with as many steps in front as make them differ."""
    dimensions = tuple(dimensions)
    names = [dimension.label for dimension in dimensions]
    fronts = [[] if names.count(name) == 1 else steps_of(d.home) for name, d in zip(names, dimensions, strict=True)]
    shown = [min(1, len(front)) for front in fronts]
    labels = names
    while any(fronts):
        labels = [
            "_".join([*(front[-count:] if count else ()), name])
            for front, count, name in zip(fronts, shown, names, strict=True)
        ]
        uses = Counter(labels)
        short = [index for index, label in enumerate(labels) if uses[label] > 1 and shown[index] < len(fronts[index])]
        if not short:
            break
        for index in short:
            shown[index] += 1
    labels = [f"{x}_{d.granularity}" if d.granularity else x for x, d in zip(labels, dimensions, strict=True)]
    return tuple(
        dimension if label == dimension.label else replace(dimension, label=label)
        for dimension, label in zip(dimensions, labels, strict=True)
    )

"""Resolves what a query groups by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from sqlglot import exp

from semantic_layer.errors import SemanticLayerError, quoted
from semantic_layer.expressions import columns_of, has_aggregate, has_window, parse_expression, tables_of
from semantic_layer.granularity import start_of_period
from semantic_layer.measures import automatic_name
from semantic_layer.model import Model, bound
from semantic_layer.references import read_reference, rebuilt
from semantic_layer.requests import DimensionRequest
from semantic_layer.visibility import asked_column, owner_of


@dataclass(frozen=True, slots=True)
class Dimension:
    """A column of the result that rows are grouped by. ``home`` is the first source of it, alphabetically."""

    field: str
    column: str | None
    granularity: str | None
    label: str
    tree: exp.Expr
    nodes: tuple[str, ...]
    home: str
    description: str | None

    @property
    def is_constant(self) -> bool:
        """Whether it has the same value on every row, so that there is nothing to group by."""
        return next(columns_of(self.tree), None) is None


def resolve_dimensions(model: Model, requests: Iterable[DimensionRequest], origin: str | None) -> tuple[Dimension, ...]:
    """The dimensions as asked for, each once. ``origin`` is where a missing join path would start."""
    found: dict[tuple[str, str | None], Dimension] = {}
    for request in requests:
        dimension = _dimension(model, request, origin or next((d.home for d in found.values()), None))
        granularity = request.granularity.lower() if request.granularity else None
        identity = f"{dimension.home}.{dimension.column}" if dimension.column else request.field
        found.setdefault((identity, granularity), dimension)
    return _labelled(found.values())


def _dimension(model: Model, request: DimensionRequest, origin: str | None) -> Dimension:
    field = request.field.strip()
    node, _, name = field.partition(".")
    if model.source_at(node) and name in model.columns_at(node):
        return _column(model, request, node, name)
    if model.sources_with_column(field):
        return _column(model, request, owner_of(model, field), field)
    return _expression(model, request, field, origin)


def _column(model: Model, request: DimensionRequest, node: str, name: str) -> Dimension:
    tree = asked_column(model, node, name)
    definition = model.columns_at(node)[name]
    return Dimension(
        field=request.field,
        column=name,
        granularity=request.granularity,
        label=name,
        tree=_truncated(model, request, tree),
        nodes=tables_of(tree) or (node,),
        home=node,
        description=definition.text(),
    )


def _expression(model: Model, request: DimensionRequest, field: str, origin: str | None) -> Dimension:
    parsed = parse_expression(field, model.dialect)
    if has_aggregate(parsed) or has_window(parsed):
        raise SemanticLayerError(
            f"Dimension '{quoted(field)}' may not contain an aggregate or window function. Ask for it as a measure."
        )
    homes: list[str] = []

    def resolve(column: exp.Column) -> exp.Expr:
        reference = read_reference(
            column, model.graph.source_of.__contains__, lambda name: bool(model.sources_with_column(name))
        )
        node = reference.qualifier or owner_of(model, reference.name)
        homes.append(node)
        return rebuilt(asked_column(model, node, reference.name, origin=origin), reference)

    tree = bound(parsed, resolve, field)
    if not homes:
        raise SemanticLayerError(f"Dimension '{quoted(field)}' does not reference any source")
    return Dimension(
        field=request.field,
        column=None,
        granularity=request.granularity,
        label=automatic_name(field),
        tree=_truncated(model, request, tree),
        nodes=tables_of(tree) or tuple(dict.fromkeys(homes)),
        home=min(homes),
        description=None,
    )


def _truncated(model: Model, request: DimensionRequest, tree: exp.Expr) -> exp.Expr:
    return start_of_period(tree, request.granularity, model.dialect) if request.granularity else tree


def _labelled(dimensions: Iterable[Dimension]) -> tuple[Dimension, ...]:
    """Labels: the last part of the field, with the source in front where two dimensions share it."""
    dimensions = tuple(dimensions)
    uses = Counter(dimension.label for dimension in dimensions)
    labelled = []
    for dimension in dimensions:
        label = dimension.label
        if uses[label] > 1:
            label = f"{dimension.home}_{label}"
        if dimension.granularity:
            label = f"{label}_{dimension.granularity}"
        labelled.append(replace(dimension, label=label))
    return tuple(labelled)

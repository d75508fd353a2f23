"""What authors wrote in a source's measures and segments, bound to a node of the join graph.

Inside an aggregate a name is a column; outside it is another measure, of the source itself or of the one that the name
is qualified with. Names that a source does not list are
taken as physical columns of its table: authors may leave columns out of the list.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlglot import exp

from semantic_layer import sources
from semantic_layer.aggregates import with_native_helpers, yields_number
from semantic_layer.arithmetic import with_true_division
from semantic_layer.errors import SemanticLayerError, quoted
from semantic_layer.expressions import (
    copied,
    has_aggregate,
    has_nested_aggregate,
    has_window,
    is_inside_aggregate,
    parse_expression,
    visible_nodes,
)
from semantic_layer.model import Model, bound
from semantic_layer.names import Name, Vocabulary
from semantic_layer.references import Reference, place_of, place_text, rebuilt, steps_of


class MeasureRef(exp.Expression):
    """A placeholder in a tree for the value of another measure, by key. Never rendered.

    In a definition it also has the ``node`` and the ``name`` of that measure.
    """

    arg_types = {"this": True, "node": False, "name": False}  # noqa: RUF012


def measure_refs(tree: exp.Expr) -> list[MeasureRef]:
    """The references to measures in a tree, in reading order."""
    return [node for node in visible_nodes(tree) if isinstance(node, MeasureRef)]


@dataclass(frozen=True, slots=True)
class Definition:
    """A named measure at a node. ``conditions`` (filter, segments) do not restrict ``tree`` yet."""

    node: str
    measure: sources.Measure
    tree: exp.Expr
    conditions: tuple[exp.Expr, ...]
    is_numeric: bool


def define(model: Model, node: str, name: str) -> Definition:
    """The definition of a measure of the node's source, bound to the node. Kept by the model."""
    key = f"{node}.{name}"
    known = model.definitions.get(key)
    if known is None:
        known = model.definitions[key] = _define(model, node, model.measures_at(node)[name])
    return known


def _define(model: Model, node: str, measure: sources.Measure) -> Definition:
    raw = parse_measure(model, measure.expr)
    is_opaque = not has_aggregate(raw) and raw.find(exp.Anonymous) is not None

    def resolve(column: exp.Column) -> exp.Expr:
        reference = own_reference(model, node, column)
        is_inside = is_opaque or is_inside_aggregate(column)
        owner = reference.place or node
        if owner in model.nodes and not reference.fields:
            known = model.measure_named(owner, reference.name)
            if known is not None and not is_inside:
                return MeasureRef(this=f"{owner}.{known}", node=owner, name=known)
            if known is not None and model.column_named(owner, reference.name) is None:
                raise nested_aggregation(measure.expr)
        if not is_inside:
            raise not_a_measure(reference.name.text, node)
        return bind_own(model, node, reference)

    tree = bound(raw, resolve, f"{node}.{measure.name}")
    if not measure_refs(tree) and not is_opaque and not has_aggregate(tree):
        raise not_a_measure(measure.expr, node)
    conditions = []
    if measure.filter and measure.filter.strip():
        conditions.append(condition(model, node, measure.filter, f"filter of measure '{node}.{measure.name}'"))
    segments = Vocabulary(model.segments_at(node))
    for name in measure.segments:
        segment = segments.find(Name(name))
        if segment is None:
            raise SemanticLayerError(
                f"Measure '{measure.name}' on source '{node}' references unknown segment '{name}'. "
                f"Available segments: {', '.join(segments)}"
            )
        conditions.append(segment_condition(model, node, segment))
    is_numeric = yields_number(raw, lambda column: _type_of(model, node, column))
    return Definition(node, measure, tree, tuple(conditions), is_numeric)


def parse_measure(model: Model, text: str) -> exp.Expr:
    """A measure's expression with helper functions in the dialect's form. The caller owns the tree."""
    tree = parse_expression(text, model.dialect)
    if has_window(tree):
        raise SemanticLayerError(
            f"Window functions are not supported in measures: '{quoted(text)}'. "
            "Compute them in a source defined by SQL."
        )
    if has_nested_aggregate(tree):
        raise nested_aggregation(text)
    return with_true_division(with_native_helpers(copied(tree), model.dialect), model.dialect)


def condition(model: Model, node: str, text: str, what: str) -> exp.Expr:
    """A condition on the node's rows, bound. It may read parents of the node, but not aggregate."""
    tree = parse_expression(text, model.dialect)
    if has_aggregate(tree) or has_window(tree):
        raise SemanticLayerError(
            f"The {what} may not aggregate: '{quoted(text)}'. It restricts single rows before they are aggregated."
        )
    return bound(tree, lambda column: bind_own(model, node, own_reference(model, node, column)), what)


def segment_condition(model: Model, node: str, segment: str) -> exp.Expr:
    """The condition of a segment of the node's source."""
    return condition(model, node, model.segments_at(node)[segment].expr, f"segment '{node}.{segment}'")


def own_reference(model: Model, node: str, column: exp.Column) -> Reference:
    """What a column in a definition refers to. A role's definitions speak of their source by its own name."""
    reference = model.read(column, lambda name: model.column_named(node, name) is not None)
    source = model.graph.source_of[node].name
    if reference.place is None or source == node:
        return reference
    first, *later = steps_of(reference.place)
    return replace(reference, place=place_of([node, *later])) if first == source else reference


def bind_own(model: Model, node: str, reference: Reference) -> exp.Expr:
    """The column of a definition at a node: the node's own first, then the nearest parent that lists it."""
    place = reference.place
    if place is None:
        place = node
        if model.column_named(node, reference.name) is None:
            place = _nearest_parent_with(model, node, reference.name) or node
    elif model.source_at(place) is None:
        raise model.unknown_source(place_text(place), origin=node)
    listed = model.column_named(place, reference.name)
    if listed is None and reference.fields and len(steps_of(place)) > 1:
        raise model.unknown_column(place, reference.name.text)
    return rebuilt(model.column(place, listed or reference.name.text), reference)


def _nearest_parent_with(model: Model, node: str, column: Name) -> str | None:
    reached = {node}
    level = [node]
    while level:
        onward = dict.fromkeys(
            step.target
            for origin in level
            for step in model.graph.ways_from(origin)
            if step.is_to_one and step.target not in reached
        )
        owners = [target for target in onward if model.column_named(target, column) is not None]
        if len(owners) > 1:
            raise SemanticLayerError(
                f"Column '{column.text}' is ambiguous: it exists in multiple sources ({', '.join(sorted(owners))}). "
                f"Use a qualified name like '{sorted(owners)[0]}.{column.text}' to disambiguate."
            )
        if owners:
            return owners[0]
        reached.update(onward)
        level = list(onward)
    return None


def _type_of(model: Model, node: str, column: exp.Column) -> str | None:
    reference = own_reference(model, node, column)
    place = reference.place or node
    if model.source_at(place) is None:
        return None
    return model.type_of(place, model.column_named(place, reference.name) or reference.name.text)


def nested_aggregation(text: str) -> SemanticLayerError:
    """The refusal of an aggregate of an aggregate."""
    return SemanticLayerError(
        f"Nested aggregation is not supported: '{quoted(text)}'. Aggregate once, or use a source defined by SQL."
    )


def not_a_measure(text: str, source: str) -> SemanticLayerError:
    """The refusal of something that has a source but does not aggregate."""
    text = quoted(text)
    return SemanticLayerError(
        f"Measure '{text}' is not a pre-defined measure on source '{source}' and has no aggregate function. "
        f"Use an aggregate like sum({text}), count({text}), avg({text}), etc."
    )

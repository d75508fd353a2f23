"""Builds the SELECT of one group: its joins, conditions, groups and measures as sqlglot nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from sqlglot import exp

from semantic_layer.definitions import MeasureRef, measure_refs
from semantic_layer.dimensions import Dimension
from semantic_layer.expressions import all_of, grouped
from semantic_layer.joins import Step
from semantic_layer.model import Model
from semantic_layer.padding import aggregating_rows_of, presence_of, with_computed_columns
from semantic_layer.planning import Group

TableOf = Callable[[str], exp.Expr]


def select_group(
    group: Group,
    dimensions: Sequence[Dimension],
    columns: Iterable[tuple[str, exp.Expr]],
    having: Sequence[exp.Expr],
    table_of: TableOf,
    model: Model,
) -> exp.Select:
    """The group's SELECT. ``columns`` are labelled trees to use up; ``table_of`` gives a node's FROM item."""
    presence = presence_of(group, model)
    groups = [with_computed_columns(dimension.tree.copy(), presence) for dimension in dimensions]
    select = exp.Select()
    selected = [
        _labelled(tree.copy(), dimension.label, model) for tree, dimension in zip(groups, dimensions, strict=True)
    ]
    selected += [_labelled(tree, label, model) for label, tree in columns]
    select.set("expressions", selected)
    select.set("from_", exp.From(this=table_of(group.root)))
    select.set("joins", [_join(planned.step, planned.is_outer, table_of, model) for planned in group.joins])
    if group.filters:
        conditions = [with_computed_columns(row_filter.tree.copy(), presence) for row_filter in group.filters]
        select.set("where", exp.Where(this=all_of(conditions)))
    if not group.measures:
        select.set("distinct", exp.Distinct())
        return select
    keys = [tree for tree, dimension in zip(groups, dimensions, strict=True) if not dimension.is_constant]
    if keys:
        select.set("group", exp.Group(expressions=keys))
    if having:
        conditions = [with_computed_columns(tree, presence) for tree in having]
        select.set("having", exp.Having(this=all_of(conditions)))
    return select


def measure_trees(group: Group, model: Model) -> dict[str, exp.Expr]:
    """Each measure of the group by key, as an expression over the rows of the group's joins."""
    presence = presence_of(group, model)
    trees: dict[str, exp.Expr] = {}
    for measure in group.measures:
        tree = measure.tree.copy()
        if measure.rows is None:
            tree = with_measures(tree, trees)
        else:
            tree = aggregating_rows_of(measure.rows, tree, presence, model.dialect)
            tree = with_computed_columns(tree, presence)
        trees[measure.key] = tree
    return trees


def with_measures(tree: exp.Expr, values: Mapping[str, exp.Expr]) -> exp.Expr:
    """The tree with each measure reference replaced by a copy of its value. Changes the tree it is given."""
    if isinstance(tree, MeasureRef):
        return values[tree.this].copy()
    for reference in measure_refs(tree):
        value = values[reference.this].copy()
        in_call = isinstance(reference.parent, (exp.Func, exp.Paren)) and not isinstance(reference.parent, exp.Binary)
        reference.replace(value if in_call else grouped(value))
    return tree


def _join(step: Step, is_outer: bool, table_of: TableOf, model: Model) -> exp.Join:
    equalities: list[exp.Expr] = [
        exp.EQ(
            this=model.column(step.origin, left),
            expression=model.column(step.target, right),
        )
        for left, right in step.columns
    ]
    return exp.Join(this=table_of(step.target), side="LEFT" if is_outer else None, on=all_of(equalities))


def _labelled(tree: exp.Expr, label: str, model: Model) -> exp.Alias:
    return exp.Alias(this=tree.unnest(), alias=model.dialect.identifier(label))

"""Builds the SELECT of one group: its joins, conditions, groups and measures as sqlglot nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from sqlglot import exp

from semantic_layer.aggregates import arguments, restricted
from semantic_layer.definitions import MeasureRef
from semantic_layer.dialects import SqlDialect
from semantic_layer.dimensions import Dimension
from semantic_layer.expressions import LARGEST_TREE, all_of, grouped, outermost_aggregates
from semantic_layer.joins import Step
from semantic_layer.measures import too_large
from semantic_layer.model import Model
from semantic_layer.nullability import is_null_without
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
    dialect = model.dialect
    select = exp.Select()
    selected = [_labelled(dimension.tree.copy(), dimension.label, dialect) for dimension in dimensions]
    selected += [_labelled(tree, label, dialect) for label, tree in columns]
    select.set("expressions", selected)
    select.set("from_", exp.From(this=table_of(group.root)))
    select.set("joins", [_join(planned.step, planned.is_outer, table_of, model) for planned in group.joins])
    if group.filters:
        select.set("where", exp.Where(this=all_of([row_filter.tree.copy() for row_filter in group.filters])))
    if not group.measures:
        select.set("distinct", exp.Distinct())
        return select
    keys = [dimension.tree.copy() for dimension in dimensions if not dimension.is_constant]
    if keys:
        select.set("group", exp.Group(expressions=keys))
    if having:
        select.set("having", exp.Having(this=all_of(list(having))))
    return select


def measure_trees(group: Group, model: Model) -> dict[str, exp.Expr]:
    """Each measure of the group by key, as an expression over the rows of the group's joins."""
    presence = _presence(group, model)
    trees: dict[str, exp.Expr] = {}
    sizes: dict[str, int] = {}
    for measure in group.measures:
        tree = measure.tree.copy()
        if measure.rows is None:
            tree = with_measures(tree, trees)
        elif (key := presence.get(measure.rows)) is not None:
            tree = _without_padding(tree, measure.rows, key, model.dialect)
        sizes[measure.key] = sum(sizes.get(part, 0) for part in measure.depends_on) + 1
        if sizes[measure.key] > LARGEST_TREE:
            raise too_large(measure.name)
        trees[measure.key] = tree
    return trees


def with_measures(tree: exp.Expr, values: Mapping[str, exp.Expr]) -> exp.Expr:
    """The tree with each measure reference replaced by a copy of its value. Changes the tree it is given."""
    if isinstance(tree, MeasureRef):
        return values[tree.this].copy()
    for reference in list(tree.find_all(MeasureRef)):
        value = values[reference.this].copy()
        in_call = isinstance(reference.parent, (exp.Func, exp.Paren)) and not isinstance(reference.parent, exp.Binary)
        reference.replace(value if in_call else grouped(value))
    return tree


def _presence(group: Group, model: Model) -> dict[str, exp.Expr]:
    """For each node that outer joins may pad: a column that is NULL only on padded rows."""
    padded: dict[str, exp.Expr] = {}
    for planned in group.joins:
        step = planned.step
        if planned.is_outer or step.origin in padded:
            padded[step.target] = model.column_tree(step.target, step.columns[0][1])
    return padded


def _without_padding(tree: exp.Expr, node: str, key: exp.Expr, dialect: SqlDialect) -> exp.Expr:
    """Aggregates that could see a padded row are made to see only rows that ``node`` really has."""
    for call in list(outermost_aggregates(tree)):
        values = arguments(call)
        if not values and isinstance(call, exp.Count):
            call.set("this", key.copy())
        elif not values or not is_null_without(node, values[0]):
            present = exp.Not(this=exp.Is(this=key.copy(), expression=exp.Null()))
            replacement = restricted(call.copy(), [present], dialect)
            tree = replacement if call is tree else tree
            if call.parent:
                call.replace(replacement)
    return tree


def _join(step: Step, is_outer: bool, table_of: TableOf, model: Model) -> exp.Join:
    equalities: list[exp.Expr] = [
        exp.EQ(
            this=model.column_tree(step.origin, left).copy(),
            expression=model.column_tree(step.target, right).copy(),
        )
        for left, right in step.columns
    ]
    return exp.Join(this=table_of(step.target), side="LEFT" if is_outer else None, on=all_of(equalities))


def _labelled(tree: exp.Expr, label: str, dialect: SqlDialect) -> exp.Alias:
    return exp.Alias(this=tree.unnest() if isinstance(tree, exp.Paren) else tree, alias=dialect.identifier(label))

"""Keeps rows that an outer join padded with NULLs from passing for rows of the padded node.

A padded row is no row of its node: no aggregate over that node may see it, and a computed column of the node has no
value on it, even where the expression of the column would make one up.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from semantic_layer.aggregates import arguments, keeps_nulls, restrict_call
from semantic_layer.dialects import SqlDialect
from semantic_layer.expressions import outermost_aggregates
from semantic_layer.model import Model
from semantic_layer.nullability import is_null_without
from semantic_layer.planning import Group

Presence = Mapping[str, exp.Expr]


def presence_of(group: Group, model: Model) -> Presence:
    """For each node that the group's joins may pad: a column that is NULL only on padded rows."""
    return {
        planned.step.target: model.column_tree(planned.step.target, planned.step.columns[0][1])
        for planned in group.joins
        if planned.is_outer
    }


def aggregating_rows_of(node: str, tree: exp.Expr, presence: Presence, dialect: SqlDialect) -> exp.Expr:
    """The measure with aggregates that see only rows which ``node`` really has. Uses up the given tree."""
    key = presence.get(node)
    if key is None:
        return tree
    for call in list(outermost_aggregates(tree)):
        values = arguments(call)
        if not values and isinstance(call, exp.Count):
            call.set("this", key.copy())
        elif not values or keeps_nulls(call) or not is_null_without(node, values[0]):
            replacement = restrict_call(call, _is_present(key), dialect)
            tree = replacement if call is tree else tree
    return tree


def with_computed_columns(tree: exp.Expr, presence: Presence) -> exp.Expr:
    """The expression with computed columns as SQL: NULL on padded rows, in parentheses where they matter.

    Uses up the given tree.
    """
    for computed in [paren for paren in tree.find_all(exp.Paren) if "node" in paren.args]:
        node, value = computed.args["node"], computed.this
        replacement: exp.Expr | None = None
        if node in presence and not is_null_without(node, computed):
            replacement = exp.Case(ifs=[exp.If(this=_is_present(presence[node]), true=value.copy())])
        elif computed is tree or _encloses(computed.parent):
            replacement = value
        if replacement is not None:
            tree = replacement if computed is tree else tree
            if computed.parent:
                computed.replace(replacement)
    return tree


def _encloses(parent: exp.Expr | None) -> bool:
    """Whether the parent's own syntax keeps its operands apart, as the brackets of a call do."""
    if isinstance(parent, (exp.Binary, exp.Cast, exp.Interval)):
        return False
    return isinstance(parent, (exp.Func, exp.Distinct))


def _is_present(key: exp.Expr) -> exp.Expr:
    return exp.Not(this=exp.Is(this=key.copy(), expression=exp.Null()))

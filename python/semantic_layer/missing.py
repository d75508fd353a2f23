"""What a measure is where a fact has no rows: in an empty group, or on the side of a fact that lacks a group."""

from __future__ import annotations

from enum import Enum

from sqlglot import exp

from semantic_layer.expressions import is_aggregate, outermost_aggregates
from semantic_layer.nullability import is_null_where

_COUNTS = frozenset({"count_if", "count_big", "count_distinct", "approx_count_distinct", "regr_count"})


class OverNoRows(Enum):
    """The value of a measure over no rows."""

    ZERO = "it counts"
    NULL = "it is surely NULL"
    COMPUTED = "its expression says"


def over_no_rows(tree: exp.Expr) -> OverNoRows:
    """The value of an aggregate expression over no rows."""
    if _is_count(_plain(tree)):
        return OverNoRows.ZERO
    return OverNoRows.NULL if is_null_where(_is_null_aggregate, tree) else OverNoRows.COMPUTED


def counts_as_zero(tree: exp.Expr) -> bool:
    """Whether arithmetic takes a missing value for 0: where all aggregates are sums or counts."""
    return all(_is_count(call) or isinstance(call, exp.Sum) for call in outermost_aggregates(tree))


def ignores_repeats(tree: exp.Expr) -> bool:
    """Whether rows that occur several times give the same value: count distinct, min and max alone."""
    return all(
        isinstance(call, (exp.Min, exp.Max)) or (isinstance(call, exp.Count) and isinstance(call.this, exp.Distinct))
        for call in outermost_aggregates(tree)
    )


def _plain(tree: exp.Expr) -> exp.Expr:
    tree = tree.unnest()
    return tree.this if isinstance(tree, exp.Filter) else tree


def _is_null_aggregate(node: exp.Expr) -> bool | None:
    if isinstance(node, exp.Filter):
        return _is_null_aggregate(node.this)
    if not is_aggregate(node):
        return None
    return not (_is_count(node) or (isinstance(node, exp.Anonymous) and node.name.lower() == "total"))


def _is_count(call: exp.Expr) -> bool:
    if isinstance(call, (exp.Count, exp.CountIf, exp.ApproxDistinct)):
        return True
    return isinstance(call, exp.Anonymous) and call.name.lower() in _COUNTS

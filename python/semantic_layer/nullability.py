"""What an expression is on a row that an outer join had to pad with NULLs, or as a measure over no rows at all.

Aggregates must not see padded rows. Most skip them by themselves, because what they aggregate is NULL there; the
questions answered here tell for which that is certain.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

_STRICT = (
    exp.Add,
    exp.Sub,
    exp.Mul,
    exp.Div,
    exp.IntDiv,
    exp.Mod,
    exp.Neg,
    exp.Paren,
    exp.Cast,
    exp.Lower,
    exp.Upper,
    exp.Abs,
    exp.Round,
    exp.EQ,
    exp.NEQ,
    exp.GT,
    exp.GTE,
    exp.LT,
    exp.LTE,
    exp.Like,
    exp.ILike,
    exp.Not,
    exp.Trim,
)

IsNull = Callable[[exp.Expr], bool | None]
"""Whether a node is NULL by itself; None where its parts decide."""


def is_null_without(alias: str, tree: exp.Expr) -> bool:
    """Whether the expression is surely NULL where all columns of a table are."""
    return is_null_where(_column_of(alias), tree)


def is_null_where(is_null: IsNull, tree: exp.Expr) -> bool:
    """Whether the expression is surely NULL, given which of its nodes are."""
    known = is_null(tree)
    if known is not None:
        return known
    if isinstance(tree, exp.Case):
        if tree.this is not None or tree.args.get("default") is not None:
            return False
        return all(
            is_null_where(is_null, branch.args["true"]) or _is_not_true_where(is_null, branch.this)
            for branch in tree.args["ifs"]
        )
    if isinstance(tree, (exp.Between, exp.In, exp.Nullif)):
        return is_null_where(is_null, tree.this)
    if isinstance(tree, _STRICT):
        return any(is_null_where(is_null, part) for part in (tree.this, tree.args.get("expression")) if part)
    return isinstance(tree, exp.Null)


def _is_not_true_where(is_null: IsNull, condition: exp.Expr) -> bool:
    if isinstance(condition, exp.Paren):
        return _is_not_true_where(is_null, condition.this)
    if isinstance(condition, exp.And):
        return any(_is_not_true_where(is_null, part) for part in (condition.this, condition.expression))
    if isinstance(condition, exp.Or):
        return all(_is_not_true_where(is_null, part) for part in (condition.this, condition.expression))
    if isinstance(condition, exp.Not) and isinstance(condition.this, exp.Is):
        test = condition.this
        return isinstance(test.expression, exp.Null) and is_null_where(is_null, test.this)
    return is_null_where(is_null, condition)


def _column_of(alias: str) -> IsNull:
    return lambda node: node.table == alias if isinstance(node, exp.Column) else None

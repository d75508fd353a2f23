"""What an expression is on a row that an outer join had to pad with NULLs for one node.

Aggregates must not see such rows. Most skip them by themselves, because what they aggregate is NULL there;
the questions answered here tell for which that is certain.
"""

from __future__ import annotations

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


def is_null_without(node: str, tree: exp.Expr) -> bool:
    """Whether the expression is surely NULL where all columns of ``node`` are."""
    if isinstance(tree, exp.Column):
        return tree.table == node
    if isinstance(tree, exp.Case):
        if tree.this is not None or tree.args.get("default") is not None:
            return False
        return all(
            is_null_without(node, branch.args["true"]) or is_not_true_without(node, branch.this)
            for branch in tree.args["ifs"]
        )
    if isinstance(tree, (exp.Between, exp.In)):
        return is_null_without(node, tree.this)
    if isinstance(tree, _STRICT):
        return any(is_null_without(node, part) for part in (tree.this, tree.args.get("expression")) if part)
    return isinstance(tree, exp.Null)


def is_not_true_without(node: str, condition: exp.Expr) -> bool:
    """Whether the condition surely does not hold where all columns of ``node`` are NULL."""
    if isinstance(condition, exp.Paren):
        return is_not_true_without(node, condition.this)
    if isinstance(condition, exp.And):
        return any(is_not_true_without(node, part) for part in (condition.this, condition.expression))
    if isinstance(condition, exp.Or):
        return all(is_not_true_without(node, part) for part in (condition.this, condition.expression))
    if isinstance(condition, exp.Not) and isinstance(condition.this, exp.Is):
        test = condition.this
        return isinstance(test.expression, exp.Null) and is_null_without(node, test.this)
    return is_null_without(node, condition)

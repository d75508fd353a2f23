"""Arithmetic in measures: true division, NULL where a divisor is 0 or NULL, and any numbers on every engine."""

from __future__ import annotations

from sqlglot import exp

from semantic_layer.dialects import SqlDialect
from semantic_layer.expressions import visible_nodes


def with_true_division(tree: exp.Expr, dialect: SqlDialect) -> exp.Expr:
    """``a / b`` and ``a % b`` so that integers divide exactly and 0 divides to NULL. Changes the given tree."""
    if dialect.name in _WITHOUT_FLOATS:
        _cast_floats(tree)
    for node in [node for node in visible_nodes(tree) if isinstance(node, (exp.Div, exp.Mod))]:
        divisor = node.expression
        if not _is_constant(divisor):
            slot = exp.Placeholder()
            divisor.replace(slot)
            slot.replace(exp.Nullif(this=divisor.unnest(), expression=exp.Literal.number("0")))
        if isinstance(node, exp.Div) and dialect.grammar.TYPED_DIVISION and not _has_fraction(node.this):
            dividend = node.this
            slot = exp.Placeholder()
            dividend.replace(slot)
            slot.replace(_fractional(dividend, dialect))
    return tree


# `%`, ROUND to digits and TRUNC to digits do not know double precision there, which columns of type number may be.
_WITHOUT_FLOATS = frozenset({"postgres", "redshift", "materialize"})


def _cast_floats(tree: exp.Expr) -> None:
    for node in list(visible_nodes(tree)):
        operands: list[exp.Expr] = []
        if isinstance(node, exp.Mod):
            operands = [node.this, node.expression]
        elif isinstance(node, (exp.Round, exp.Trunc)) and node.args.get("decimals") is not None:
            operands = [node.this]
        for operand in operands:
            if not isinstance(operand.unnest(), (exp.Literal, exp.Count)):
                slot = exp.Placeholder()
                operand.replace(slot)
                slot.replace(exp.Cast(this=operand.unnest(), to=exp.DataType.build("numeric")))


def quotient(dividend: exp.Expr, divisor: exp.Expr, dialect: SqlDialect) -> exp.Expr:
    """The quotient of two numbers, exact also of integers. The trees are used up."""
    zero = exp.Literal.number("0")
    return exp.Div(this=_fractional(dividend, dialect), expression=exp.Nullif(this=divisor, expression=zero))


def _fractional(dividend: exp.Expr, dialect: SqlDialect) -> exp.Expr:
    if dialect.name == "sqlite":
        return exp.Cast(this=dividend.unnest(), to=exp.DataType.build("real"))
    return exp.Mul(this=dividend, expression=exp.Literal.number("1.0"))


def _is_constant(tree: exp.Expr) -> bool:
    """Whether it is a literal number other than 0."""
    return isinstance(tree, exp.Literal) and not tree.is_string and float(tree.name) != 0


def _has_fraction(tree: exp.Expr) -> bool:
    """Whether it surely divides exactly already: the result of a division, or of a product with a fraction."""
    tree = tree.unnest()
    if isinstance(tree, exp.Literal):
        return not tree.is_string and "." in tree.name
    if isinstance(tree, (exp.Mul, exp.Add, exp.Sub)):
        return _has_fraction(tree.this) or _has_fraction(tree.expression)
    return isinstance(tree, exp.Div) or (isinstance(tree, exp.Cast) and tree.to.is_type(*_FRACTIONS))


_FRACTIONS = (exp.DataType.Type.FLOAT, exp.DataType.Type.DOUBLE)

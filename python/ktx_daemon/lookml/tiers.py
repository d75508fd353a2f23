"""`type: tier`: numbers in ranges, labelled in the four styles of Looker."""

from decimal import Decimal, InvalidOperation
from itertools import pairwise

from ktx_daemon.lookml.elements import Field
from ktx_daemon.lookml.references import Unresolvable, operand, quote

_UNDEFINED = "Undefined"


def tier_expression(item: Field, expression: str) -> str:
    """A CASE over the number, with the bounds as they are written."""
    bounds = item.texts("tiers") or item.texts("bins")
    try:
        values = [Decimal(bound) for bound in bounds]
    except InvalidOperation:
        raise Unresolvable("tiers must be numbers") from None
    if values != sorted(set(values)):
        raise Unresolvable("tiers must rise")
    style = item.text("style") or "classic"
    number = operand(expression)
    branches = [f"WHEN {number} < {bounds[0]} THEN {quote(_label(style, 0, None, bounds[0]))}"]
    for position, (low, high) in enumerate(pairwise(bounds), start=1):
        branches.append(
            f"WHEN {number} >= {low} AND {number} < {high} THEN {quote(_label(style, position, low, high))}"
        )
    last = _label(style, len(bounds), bounds[-1], None)
    undefined = f"T{len(bounds) + 1:02d} {_UNDEFINED}" if style == "classic" else _UNDEFINED
    return f"CASE {' '.join(branches)} WHEN {number} >= {bounds[-1]} THEN {quote(last)} ELSE {quote(undefined)} END"


def _label(style: str, position: int, low: str | None, high: str | None) -> str:
    if style == "integer":
        if low is None:
            return f"Below {high}"
        return f"{low} or Above" if high is None else f"{low} to {Decimal(high) - 1}"
    if style == "relational":
        if low is None:
            return f"< {high}"
        return f">= {low}" if high is None else f">= {low} and < {high}"
    interval = f"{'(-inf' if low is None else f'[{low}'},{'inf' if high is None else high})"
    return interval if style == "interval" else f"T{position:02d} {interval}"

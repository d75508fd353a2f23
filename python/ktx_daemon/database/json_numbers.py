"""Numbers as JSON has them: a number while every reader gets it right, text beyond that."""

from decimal import Decimal

LARGEST_EXACT_INTEGER = 2**53 - 1
"""RFC 8259: beyond it, readers that use doubles would change an integer."""


def integer(value: int) -> int | str:
    """Return a number, or text where a double would change it."""
    return value if abs(value) <= LARGEST_EXACT_INTEGER else str(value)


def decimal(text: str) -> int | float | str:
    """Return a number where a double keeps the value, else the text. JSON has no NaN and no infinity."""
    exact = Decimal(text)
    if not exact.is_finite():
        return text
    if exact == exact.to_integral_value():
        return int(exact) if abs(exact) <= LARGEST_EXACT_INTEGER else text
    return float(text) if Decimal(repr(float(text))) == exact else text


def double(text: str) -> float | str:
    """Return a number; NaN and the infinities are text, which JSON cannot say otherwise."""
    value = float(text)
    if value != value:
        return "NaN"
    return value if abs(value) != float("inf") else ("Infinity" if value > 0 else "-Infinity")

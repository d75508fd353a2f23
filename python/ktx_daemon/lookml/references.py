"""`${…}` in LookML SQL: own columns, other fields, and what cannot be resolved."""

import re
from collections.abc import Callable

_REFERENCE = re.compile(r"\$\{\s*([\w.]+)\s*\}")
_TABLE_COLUMN = re.compile(r"\$\{\s*TABLE\s*\}\s*\.\s*")
_DIRECT = re.compile(r"""\s*\$\{\s*TABLE\s*\}\s*\.\s*(?:([A-Za-z_]\w*)|"([^"]+)"|`([^`]+)`)\s*""")
_SIMPLE = re.compile(r"[\w.]+|\w+\([^()]*\)")

LIQUID = re.compile(r"\{%|\{\{")
LIQUID_REASON = "Liquid templating not supported"

MAX_DEPTH = 50
"""Fields that refer to each other deeper than this are taken for a circle."""


class Unresolvable(Exception):
    """A reference that has no meaning inside the view."""


def direct_column(sql: str) -> str | None:
    """Return the column when the SQL is exactly `${TABLE}.column`."""
    match = _DIRECT.fullmatch(sql)
    return next((name for name in match.groups() if name), None) if match else None


def resolve(sql: str, lookup: Callable[[str], str]) -> str:
    """Replace `${TABLE}.c` by `c` and `${name}` by what `lookup` makes of the name.

    `lookup` raises `Unresolvable` for what it does not know.
    """
    bare = _TABLE_COLUMN.sub("", sql)
    return _REFERENCE.sub(lambda match: lookup(match[1]), bare).strip()


def without_parentheses(sql: str, expression: str) -> str:
    """Undo `operand` where the whole SQL is one reference, as in `sql: ${net} ;;`."""
    if _REFERENCE.fullmatch(sql.strip()) and expression.startswith("(") and expression.endswith(")"):
        return expression[1:-1]
    return expression


def referenced_names(sql: str) -> list[str]:
    """Return the names between `${` and `}`, in their order."""
    return [match[1] for match in _REFERENCE.finditer(sql)]


def operand(expression: str) -> str:
    """Put an expression in parentheses unless it holds together by itself."""
    return expression if _SIMPLE.fullmatch(expression) else f"({expression})"

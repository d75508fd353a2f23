"""`${…}` in LookML SQL: own columns, other fields, and what cannot be resolved."""

import re
from collections.abc import Callable

from semantic_layer.identifiers import written

_REFERENCE = re.compile(r"\$\{\s*([\w.]+)\s*\}")
_COLUMN = r"""(?:([A-Za-z_]\w*)|"([^"]+)"|`([^`]+)`|\[([^\]]+)\])"""
_TABLE_COLUMN = re.compile(rf"\$\{{\s*TABLE\s*\}}\s*\.\s*{_COLUMN}")
_DIRECT = re.compile(rf"\s*\$\{{\s*TABLE\s*\}}\s*\.\s*{_COLUMN}\s*")
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


def physical_columns(sql: str) -> list[str]:
    """Return the columns that `${TABLE}.column` names, in their order."""
    return [next(name for name in match.groups() if name) for match in _TABLE_COLUMN.finditer(sql)]


def resolve(sql: str, lookup: Callable[[str], str], dialect: str = "postgres") -> str:
    """Replace `${TABLE}.c` by `c` and `${name}` by what `lookup` makes of the name.

    `lookup` raises `Unresolvable` for what it does not know.
    """

    def column(match: re.Match[str]) -> str:
        plain = match[1]
        return written(plain, dialect) if plain else match[0].partition(".")[2].strip()

    def field(match: re.Match[str]) -> str:
        if match[1] == "TABLE":
            raise Unresolvable("it uses the row of `${TABLE}` as a whole")
        return lookup(match[1])

    return _REFERENCE.sub(field, _TABLE_COLUMN.sub(column, sql)).strip()


def without_parentheses(sql: str, expression: str) -> str:
    """Undo `operand` where the whole SQL is one reference, as in `sql: ${net} ;;`."""
    if _REFERENCE.fullmatch(sql.strip()) and expression.startswith("(") and expression.endswith(")"):
        return expression[1:-1].strip()
    return expression


def referenced_names(sql: str) -> list[str]:
    """Return the names between `${` and `}`, in their order."""
    return [match[1] for match in _REFERENCE.finditer(sql)]


def operand(expression: str) -> str:
    """Put an expression in parentheses unless it holds together by itself."""
    if _SIMPLE.fullmatch(expression):
        return expression
    # A comment at its end must not swallow the parenthesis.
    return f"({expression}\n)" if "--" in expression else f"({expression})"


def quote(text: str) -> str:
    """Write a text as an SQL string."""
    return "'" + text.replace("'", "''") + "'"

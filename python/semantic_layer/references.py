"""What a column node of an expression refers to: a qualifier, a name, and fields of a structure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from sqlglot import exp

Resolver = Callable[[exp.Column], exp.Expr]


@dataclass(frozen=True, slots=True)
class Reference:
    """``qualifier.name`` or ``name``, then the fields of a nested value (``orders.payload.city``)."""

    qualifier: str | None
    name: str
    is_quoted: bool
    fields: tuple[exp.Identifier, ...]

    def __str__(self) -> str:
        """The reference as an author would write it."""
        parts = [self.qualifier, self.name, *(part.name for part in self.fields)]
        return ".".join(part for part in parts if part)


def read_reference(
    column: exp.Column,
    is_node: Callable[[str], bool],
    is_column: Callable[[str], bool] = lambda _: False,
) -> Reference:
    """The reference that a column node spells. A name that is no node may be a column with fields."""
    parts = cast("list[exp.Identifier]", column.parts)
    first = parts[0]
    if len(parts) == 1 or (not is_node(first.name) and is_column(first.name)):
        return Reference(None, first.name, _is_quoted(first), tuple(parts[1:]))
    return Reference(first.name, parts[1].name, _is_quoted(parts[1]), tuple(parts[2:]))


def rebuilt(column: exp.Expr, reference: Reference) -> exp.Expr:
    """The resolved column as the author spelt it: with its quotes, and its fields behind it."""
    if reference.is_quoted and isinstance(column, exp.Column):
        column.this.set("quoted", True)
    for part in reference.fields:
        column = exp.Dot(this=column, expression=part.copy())
    return column


def _is_quoted(part: exp.Expr) -> bool:
    return bool(part.args.get("quoted"))

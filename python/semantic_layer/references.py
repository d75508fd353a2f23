"""What a reference refers to: a place (the sources and roles it names on its way), a column, and fields of a value.

A *place* is relative to the fact: ``crane.port`` is the port that the fact's crane leads to. In trees it is the table
of a column, as one text; what it is for a fact is decided by `paths`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from sqlglot import exp

from semantic_layer.names import Name, Vocabulary, written

Resolver = Callable[[exp.Column], exp.Expr]

# Joins the steps of a place. No name has it.
_STEP = "\x1f"


def place_of(steps: Sequence[str]) -> str:
    """The place behind the steps."""
    return steps[0] if len(steps) == 1 else _STEP.join(steps)


def steps_of(place: str) -> list[str]:
    """The steps of a place, each a source or a role."""
    return place.split(_STEP)


def node_at(place: str) -> str:
    """The source or role at the end of a place."""
    return place.rpartition(_STEP)[2]


def place_text(place: str) -> str:
    """A place as a reference spells it."""
    return ".".join(written(step) for step in steps_of(place))


@dataclass(frozen=True, slots=True)
class Reference:
    """``place.name`` or ``name``, then the fields of a nested value (``orders.payload.city``)."""

    place: str | None
    name: Name
    fields: tuple[Name, ...] = ()

    def __str__(self) -> str:
        """The reference as an author would write it."""
        parts = [self.place and place_text(self.place), self.name.text, *(part.text for part in self.fields)]
        return ".".join(part for part in parts if part)


class Nodes(Vocabulary):
    """The names of sources and roles, and for each those that a join leads to."""

    def __init__(self, nodes: Mapping[str, object], neighbours: Callable[[str], Sequence[str]]) -> None:
        super().__init__(nodes)
        self._neighbours = neighbours

    def step(self, node: str, name: Name) -> str | None:
        """The neighbour of a node that a reference names."""
        return Vocabulary(self._neighbours(node)).find(name)


def read_reference(
    parts: Sequence[Name], nodes: Nodes, is_column: Callable[[Name], bool] = lambda _: False
) -> Reference:
    """The reference that the parts spell. A first part that is not a node may be a column with fields."""
    first = nodes.find(parts[0]) if len(parts) > 1 else None
    if first is None:
        if len(parts) == 1 or is_column(parts[0]):
            return Reference(None, parts[0], tuple(parts[1:]))
        return Reference(parts[0].text, parts[1], tuple(parts[2:]))
    steps = [first]
    position = 1
    while position < len(parts) - 1 and (step := nodes.step(steps[-1], parts[position])) is not None:
        steps.append(step)
        position += 1
    return Reference(place_of(steps), parts[position], tuple(parts[position + 1 :]))


def parts_of(column: exp.Column) -> list[Name]:
    """The names that a column node of a parsed expression spells."""
    identifiers = cast("list[exp.Identifier]", [*(column.args.get("more") or ()), *column.parts])
    return [Name(part.name, bool(part.args.get("quoted"))) for part in identifiers]


def rebuilt(column: exp.Expr, reference: Reference) -> exp.Expr:
    """The resolved column as the author spelt it: with its quotes, and its fields behind it."""
    if reference.name.is_quoted and isinstance(column, exp.Column):
        column.this.set("quoted", True)
    for part in reference.fields:
        column = exp.Dot(this=column, expression=exp.Identifier(this=part.text, quoted=part.is_quoted))
    return column

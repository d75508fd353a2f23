"""Models, rows and queries in a form that plain Python can evaluate, and their spelling for the compiler.

Everything here exists twice: as a function over rows and as the text that the semantic layer is given. The oracle
only uses the functions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]
# A source or role, or a named path to one.
Place = tuple[str, ...]
Joined = dict[Place, Row | None]


@dataclass(frozen=True)
class Value:
    """An expression over the rows of one or two places."""

    text: str
    compute: Callable[[Joined], Any]
    places: tuple[Place, ...]


@dataclass(frozen=True, eq=False)
class Condition:
    """A three-valued condition on joined rows."""

    text: str
    test: Callable[[Joined], bool | None]
    places: tuple[Place, ...]


@dataclass(frozen=True, eq=False)
class Aggregate:
    """An aggregate over the rows of ``node``. ``function`` is one of ``AGGREGATES``; ``value`` None means ``*``."""

    name: str
    node: str
    function: str
    value: Value | None
    condition: Condition | None
    request: Any

    @property
    def key(self) -> tuple[str, str]:
        return (self.node, self.name)


@dataclass(frozen=True, eq=False)
class Derived:
    """``left op right`` over two aggregates or derived measures."""

    name: str
    operator: str
    left: Aggregate | Derived
    right: Aggregate | Derived
    request: Any

    @property
    def key(self) -> tuple[str, str]:
        return ("", self.name)


@dataclass(frozen=True)
class Dimension:
    """A column to group by; ``granularity`` is None or ``month``."""

    place: Place
    column: str
    granularity: str | None
    compute: Callable[[Joined], Any]


@dataclass(frozen=True)
class AggregateCondition:
    """``measure operator constant`` on groups."""

    text: str
    measure: Aggregate | Derived
    operator: str
    constant: int


@dataclass(frozen=True)
class Question:
    """A query in both forms."""

    dimensions: tuple[Dimension, ...]
    measures: tuple[Aggregate | Derived, ...]
    row_conditions: tuple[Condition, ...]
    aggregate_conditions: tuple[AggregateCondition, ...]
    segments: tuple[tuple[str, Condition], ...]
    segment_names: tuple[str, ...]
    include_empty: bool
    descending: bool
    limit: int

    def labels(self) -> list[str]:
        """The output names of the dimensions: columns of one name get the fewest steps that tell them apart."""
        labels = []
        for dimension in self.dimensions:
            alike = [other for other in self.dimensions if other.column == dimension.column]
            count = 0
            if len(alike) > 1:
                count = next(
                    (
                        n
                        for n in range(1, len(dimension.place) + 1)
                        if all(other is dimension or _end(other, n) != _end(dimension, n) for other in alike)
                    ),
                    len(dimension.place),
                )
            name = "_".join((*dimension.place[len(dimension.place) - count :], dimension.column))
            labels.append(f"{name}_{dimension.granularity}" if dimension.granularity else name)
        return labels

    def request(self) -> dict[str, Any]:
        """The query as the semantic layer is asked."""
        fields = [".".join((*dimension.place, dimension.column)) for dimension in self.dimensions]
        query: dict[str, Any] = {
            "measures": [measure.request for measure in self.measures],
            "dimensions": [
                {"field": name, "granularity": dimension.granularity} if dimension.granularity else name
                for name, dimension in zip(fields, self.dimensions, strict=True)
            ],
            "filters": [
                *(condition.text for condition in self.row_conditions),
                *(condition.text for condition in self.aggregate_conditions),
            ],
            "segments": list(self.segment_names),
            "include_empty": self.include_empty,
            "limit": self.limit,
        }
        if self.descending:
            query["order_by"] = [{"field": name, "direction": "DESC"} for name in self.labels()]
        return query


def _end(dimension: Dimension, count: int) -> Place:
    return dimension.place[max(0, len(dimension.place) - count) :]


@dataclass(frozen=True)
class Edge:
    """Many rows of the table ``child`` to one of the node ``parent``, or one to one."""

    child: str
    parent: str
    pairs: tuple[tuple[str, str], ...]
    is_unique: bool


@dataclass(frozen=True)
class Way:
    """An edge seen from one of its ends, or from a role of it."""

    edge: Edge
    target: str
    is_forward: bool

    @property
    def is_to_one(self) -> bool:
        return self.is_forward or self.edge.is_unique

    def partners(self, row: Row | None, rows: list[Row]) -> list[Row]:
        """The rows of the target that a row meets."""
        if row is None:
            return []
        pairs = self.edge.pairs if self.is_forward else tuple((b, a) for a, b in self.edge.pairs)
        return [other for other in rows if all(row[a] is not None and row[a] == other[b] for a, b in pairs)]


@dataclass
class World:
    """A model with its data. ``tables`` is keyed by table, ``table_of`` by node: tables and roles of them."""

    tables: dict[str, list[Row]]
    columns: dict[str, list[str]]
    table_of: dict[str, str]
    edges: list[Edge]
    sources: list[dict[str, Any]] = field(default_factory=list)

    def ways(self, node: str) -> list[Way]:
        """The ways out of a node. A role has those of its table, and the one back to where it was declared."""
        table = self.table_of[node]
        found = [Way(edge, edge.parent, True) for edge in self.edges if edge.child == table]
        for edge in self.edges:
            is_role = edge.parent != self.table_of[edge.parent]
            if edge.parent == node or (not is_role and edge.parent == table):
                found.append(Way(edge, edge.child, False))
                # Roles of the child, to which only ways to many lead back.
                roles = [role for role, of in self.table_of.items() if of == edge.child and role != of]
                found += [Way(edge, role, False) for role in roles if not edge.is_unique and role != node]
        return found

    def rows(self, node: str) -> list[Row]:
        """The rows of a node's table."""
        return self.tables[self.table_of[node]]

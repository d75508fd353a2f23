"""Models, rows and queries in a form that plain Python can evaluate, and their spelling for the compiler.

Everything here exists twice: as a function over rows and as the text that the semantic layer is given. The oracle
only uses the functions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]
Joined = dict[str, Row | None]


@dataclass(frozen=True)
class Value:
    """An expression over the rows of one or two nodes. ``text`` has ``{node}`` where a node's name goes."""

    text: str
    compute: Callable[[Joined], Any]
    nodes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Condition:
    """A three-valued condition on joined rows."""

    text: str
    test: Callable[[Joined], bool | None]
    nodes: tuple[str, ...]


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

    node: str
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
        """The output names of the dimensions."""
        columns = [dimension.column for dimension in self.dimensions]
        labels = []
        for dimension in self.dimensions:
            is_shared = columns.count(dimension.column) > 1
            name = f"{dimension.node}_{dimension.column}" if is_shared else dimension.column
            labels.append(f"{name}_{dimension.granularity}" if dimension.granularity else name)
        return labels

    def request(self) -> dict[str, Any]:
        """The query as the semantic layer is asked."""
        fields = [f"{dimension.node}.{dimension.column}" for dimension in self.dimensions]
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


@dataclass(frozen=True)
class Edge:
    """Many rows of ``child`` to one of ``parent``, or one to one."""

    child: str
    parent: str
    pairs: tuple[tuple[str, str], ...]
    is_unique: bool


@dataclass
class World:
    """A model with its data. ``tables`` is keyed by table, ``table_of`` and ``edges`` speak of nodes."""

    tables: dict[str, list[Row]]
    columns: dict[str, list[str]]
    table_of: dict[str, str]
    edges: list[Edge]
    sources: list[dict[str, Any]] = field(default_factory=list)

    def neighbours(self, node: str) -> list[tuple[Edge, str, bool]]:
        """(edge, other node, whether going there cannot multiply rows) for each edge of a node."""
        found = []
        for edge in self.edges:
            if edge.child == node:
                found.append((edge, edge.parent, True))
            if edge.parent == node:
                found.append((edge, edge.child, edge.is_unique))
        return found

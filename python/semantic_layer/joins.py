"""The join graph: sources and roles as nodes, declared joins as edges that work both ways.

A node is a name that SQL can use as a table alias: a source, or a role that a join's ``alias`` gave to one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from semantic_layer.dialects import SqlDialect
from semantic_layer.errors import SemanticLayerError, quoted
from semantic_layer.expressions import conjuncts, parse_expression
from semantic_layer.sources import Join, Source

_NAME = r"(?:([A-Za-z_]\w*)\.)?([A-Za-z_]\w*)"
_PLAIN_EQUALITY = re.compile(rf"\s*{_NAME}\s*=\s*{_NAME}\s*", re.ASCII)
_AND = re.compile(r"\s+AND\s+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Edge:
    """One join. Many rows of ``child`` may share a row of ``parent``; at most one the other way.

    ``is_unique`` says that a parent has at most one child: declared one_to_one, or the child's columns are
    its grain.
    """

    child: str
    parent: str
    pairs: tuple[tuple[str, str], ...]
    is_one_to_one: bool
    is_unique: bool


@dataclass(frozen=True, slots=True)
class Step:
    """An edge walked in one direction."""

    edge: Edge
    origin: str
    target: str

    @property
    def is_safe(self) -> bool:
        """Whether the walk cannot multiply rows."""
        return self.edge.is_unique or self.target == self.edge.parent

    @property
    def cost(self) -> int:
        """1 for a many_to_one or one_to_one step, 10 for a one_to_many step."""
        return 1 if self.edge.is_one_to_one or self.target == self.edge.parent else 10

    @property
    def relationship(self) -> str:
        """The step's own direction in the words of source definitions."""
        if self.edge.is_one_to_one:
            return "one_to_one"
        return "many_to_one" if self.target == self.edge.parent else "one_to_many"

    @property
    def columns(self) -> tuple[tuple[str, str], ...]:
        """Pairs of (column of the origin, column of the target)."""
        if self.origin == self.edge.child and self.target == self.edge.parent:
            return self.edge.pairs
        return tuple((parent, child) for child, parent in self.edge.pairs)

    def reversed(self) -> Step:
        """The way back."""
        return Step(self.edge, self.target, self.origin)


@dataclass(frozen=True, slots=True)
class JoinGraph:
    """``source_of`` maps every node to the source it reads; ``steps`` lists the ways out of a node."""

    source_of: Mapping[str, Source]
    steps: Mapping[str, tuple[Step, ...]]
    undefined: tuple[tuple[str, str], ...] = field(default=())

    def ways_from(self, node: str) -> tuple[Step, ...]:
        """The steps that leave a node, in order of declaration."""
        return self.steps.get(node, ())


def build_graph(sources: Mapping[str, Source], dialect: SqlDialect) -> JoinGraph:
    """The graph of a model. Joins to undefined sources are listed, not followed."""
    source_of = dict(sources)
    steps: dict[str, list[Step]] = {}
    undefined = []
    seen: set[frozenset[frozenset[tuple[str, str]]]] = set()
    for source in sources.values():
        for join in source.joins:
            if join.to not in sources:
                undefined.append((source.name, join.to))
                continue
            target = _node_of(source, join, source_of, sources)
            edge = _edge(source, join, target, source_of, dialect)
            key = frozenset(frozenset({(edge.child, child), (edge.parent, parent)}) for child, parent in edge.pairs)
            if key in seen or edge.child == edge.parent:
                continue
            seen.add(key)
            for step in (Step(edge, edge.child, edge.parent), Step(edge, edge.parent, edge.child)):
                steps.setdefault(step.origin, []).append(step)
    return JoinGraph(source_of, {node: tuple(ways) for node, ways in steps.items()}, tuple(undefined))


def _node_of(source: Source, join: Join, source_of: dict[str, Source], sources: Mapping[str, Source]) -> str:
    if join.alias is None or join.alias == join.to != source.name:
        return join.to
    if join.alias in sources:
        raise SemanticLayerError(
            f"Join alias '{join.alias}' on source '{source.name}' is also the name of a source. Choose another alias."
        )
    role = source_of.setdefault(join.alias, sources[join.to])
    if role.name != join.to:
        raise SemanticLayerError(
            f"Join alias '{join.alias}' stands for both '{role.name}' and '{join.to}'. Choose different aliases."
        )
    return join.alias


def _edge(source: Source, join: Join, target: str, source_of: Mapping[str, Source], dialect: SqlDialect) -> Edge:
    pairs = join_columns(source.name, join, dialect)
    child, parent = source.name, target
    if join.relationship == "one_to_many":
        child, parent = target, source.name
        pairs = tuple((right, left) for left, right in pairs)
    is_one_to_one = join.relationship == "one_to_one"
    is_unique = is_one_to_one or {column for column, _ in pairs} == set(source_of[child].grain)
    return Edge(child, parent, pairs, is_one_to_one, is_unique)


def join_columns(source: str, join: Join, dialect: SqlDialect) -> tuple[tuple[str, str], ...]:
    """Pairs of (column of the declaring source, column of the target) that a join's ``on`` equates."""
    pairs = tuple(_equalities(join.on, dialect))
    targets = {join.to, join.alias} - {source}
    return tuple(
        (right, left) if left_table in targets and right_table not in targets else (left, right)
        for (left_table, left), (right_table, right) in pairs
    )


_Side = tuple[str | None, str]


def _equalities(on: str, dialect: SqlDialect) -> Iterator[tuple[_Side, _Side]]:
    plain = [_PLAIN_EQUALITY.fullmatch(part) for part in _AND.split(on)]
    if all(plain):
        for left_table, left, right_table, right in (match.groups() for match in plain if match):
            yield (left_table, left), (right_table, right)
        return
    try:
        clauses = list(conjuncts(parse_expression(on, dialect)))
    except SemanticLayerError:
        raise _invalid(on) from None
    for clause in clauses:
        equality = clause.unnest()
        sides = (equality.this, equality.expression) if isinstance(equality, exp.EQ) else ()
        if not all(isinstance(side, exp.Column) for side in sides) or not sides:
            raise _invalid(on)
        left, right = sides
        yield (left.table or None, left.name), (right.table or None, right.name)


def _invalid(on: str) -> SemanticLayerError:
    return SemanticLayerError(f"Invalid join condition: '{quoted(on)}'")


def neighbours_by_unique_edges(graph: JoinGraph, nodes: Iterable[str]) -> list[frozenset[str]]:
    """The nodes in groups: two are together when unique edges connect them, through any others."""
    remaining = list(dict.fromkeys(nodes))
    groups = []
    while remaining:
        reached = {remaining[0]: None}
        frontier = [remaining[0]]
        while frontier:
            for step in graph.ways_from(frontier.pop()):
                if step.edge.is_unique and step.target not in reached:
                    reached[step.target] = None
                    frontier.append(step.target)
        groups.append(frozenset(node for node in remaining if node in reached))
        remaining = [node for node in remaining if node not in reached]
    return groups

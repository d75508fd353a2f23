"""The join graph: sources and roles as nodes, declared joins as edges that work both ways.

A role is what a join's ``alias`` makes of its target: a node of its own, from which the same joins lead on. Sources
that were left out of the model for a fault keep their edges apart, so that a path through them is known for what it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from sqlglot import exp

from semantic_layer.dialects import SqlDialect
from semantic_layer.errors import SemanticLayerError, quoted
from semantic_layer.expressions import conjuncts, parse_expression
from semantic_layer.names import Name, Vocabulary, split_reference
from semantic_layer.sources import Join, Source

_WORD = r"""[A-Za-z_]\w*|"(?:[^"]|"")+"|`[^`]+`"""
_NAME = rf"(?:({_WORD})\.)?({_WORD})"
_PLAIN_EQUALITY = re.compile(rf"\s*{_NAME}\s*=\s*{_NAME}\s*", re.ASCII)
_AND = re.compile(r"\s+AND\s+", re.IGNORECASE)

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """A join walked in one direction. ``pairs`` are (column of the origin, column of the target).

    ``is_to_one`` says that a row of the origin meets at most one row of the target.
    """

    origin: str
    target: str
    pairs: Pairs
    is_to_one: bool
    relationship: str

    def leaving(self, role: str) -> Step:
        """The same step out of a role of its origin."""
        return Step(role, self.target, self.pairs, self.is_to_one, self.relationship)

    def reaching(self, role: str) -> Step:
        """The same step into a role of its target."""
        return Step(self.origin, role, self.pairs, self.is_to_one, self.relationship)


@dataclass(frozen=True)
class JoinGraph:
    """``source_of`` maps every node to the source it reads; ``steps`` lists the ways out of a node."""

    source_of: Mapping[str, Source]
    steps: Mapping[str, tuple[Step, ...]]
    with_left_out: JoinGraph | None = field(default=None)
    """The graph with the sources that were left out, where there are any."""

    def ways_from(self, node: str) -> tuple[Step, ...]:
        """The steps that leave a node, in order of declaration."""
        return self.steps.get(node, ())

    def neighbours(self, node: str) -> tuple[str, ...]:
        """The nodes that a step leads to."""
        return self._neighbours.get(node, ())

    @cached_property
    def _neighbours(self) -> dict[str, tuple[str, ...]]:
        return {node: tuple(dict.fromkeys(step.target for step in ways)) for node, ways in self.steps.items()}


def build_graph(
    sources: Mapping[str, Source], dialect: SqlDialect, left_out: Mapping[str, Source] | None = None
) -> JoinGraph:
    """The graph of a model. Joins to sources that were left out are only in ``with_left_out``."""
    graph = _graph(sources, dialect)
    if not left_out:
        return graph
    return JoinGraph(graph.source_of, graph.steps, _graph({**sources, **left_out}, dialect))


def _graph(sources: Mapping[str, Source], dialect: SqlDialect) -> JoinGraph:
    source_of = dict(sources)
    steps: dict[str, list[Step]] = {name: [] for name in sources}
    ways_back: dict[Step, Step] = {}
    roles: dict[str, list[Step]] = {}
    seen: set[frozenset[frozenset[tuple[str, str]]]] = set()
    for source in sources.values():
        for join in source.joins:
            node = node_of(source, join)
            if join.to not in sources or node == source.name:
                continue
            pairs = join_columns(source.name, join, dialect)
            own_names, other_names = columns_of_source(source), columns_of_source(sources[join.to])
            pairs = tuple((listed(own_names, own), listed(other_names, other)) for own, other in pairs)
            key = frozenset(frozenset({(source.name, own), (node, other)}) for own, other in pairs)
            if key in seen:
                continue
            seen.add(key)
            there, back = _both_ways(source, node, sources[join.to], join, pairs)
            ways_back |= {there: back, back: there}
            steps[source.name].append(there)
            source_of.setdefault(node, sources[join.to])
            (steps if node == join.to else roles).setdefault(node, []).append(back)
    behind = {role: tuple(steps[source_of[role].name]) for role in roles}
    for role, own in roles.items():
        steps[role] = [step.leaving(role) for step in behind[role]] + own
    for role in roles:
        # Ways to many lead back to roles as well. Ways to one would make a role of every row.
        for step in behind[role]:
            way_back = ways_back[step]
            if not way_back.is_to_one and step.target != role:
                steps[step.target].append(way_back.reaching(role))
    return JoinGraph(source_of, {node: tuple(ways) for node, ways in steps.items()})


def columns_of_source(source: Source) -> Vocabulary:
    """The names of a source's columns."""
    return Vocabulary(column.name for column in source.columns)


def listed(columns: Vocabulary, name: str) -> str:
    """The listed column that a join names, or the name itself: authors may leave columns out of the list."""
    return columns.find(Name(name)) or name


def node_of(source: Source, join: Join) -> str:
    """The node that a join leads to: its target, or the role that it makes of it."""
    return join.to if join.alias is None or join.alias == join.to != source.name else join.alias


def _both_ways(source: Source, node: str, target: Source, join: Join, pairs: Pairs) -> tuple[Step, Step]:
    """The join as steps. What is declared holds, unless the grains say otherwise."""
    turned = tuple((other, own) for own, other in pairs)
    there = join.relationship != "one_to_many"
    back = join.relationship != "many_to_one"
    if join.relationship == "many_to_one":
        there, back = _by_grain(source, target, pairs)
    elif join.relationship == "one_to_many":
        back, there = _by_grain(target, source, turned)
    return (
        Step(source.name, node, pairs, there, _relationship(there, back)),
        Step(node, source.name, turned, back, _relationship(back, there)),
    )


def _by_grain(many: Source, one: Source, pairs: Pairs) -> tuple[bool, bool]:
    """Whether a many_to_one join is to-one, and whether its way back is."""
    own = {column for column, _ in pairs}
    other = {column for _, column in pairs}
    grain = set(one.grain)
    is_onto_part = other < grain and not has_no_key(one)
    return not is_onto_part, own == set(many.grain) and not has_no_key(many)


def has_no_key(source: Source) -> bool:
    """Whether the grain is all columns, which a table without a key gets: it says nothing of uniqueness."""
    return set(source.grain) >= {column.name for column in source.columns if column.expr is None} and bool(
        source.columns
    )


def _relationship(is_to_one: bool, is_back_to_one: bool) -> str:
    return f"{'one' if is_back_to_one else 'many'}_to_{'one' if is_to_one else 'many'}"


def join_columns(source: str, join: Join, dialect: SqlDialect) -> Pairs:
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
        for names in (match.groups() for match in plain if match):
            left_table, left, right_table, right = (name and split_reference(name)[0].text for name in names)
            yield (left_table, left or ""), (right_table, right or "")
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

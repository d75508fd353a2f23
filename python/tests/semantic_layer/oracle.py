"""A slow, plain evaluation of queries over rows in memory, written from the documented semantics alone.

Paths are found by trying all of them, joins are nested loops, groups are dictionaries, and nothing is shared with the
compiler.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.semantic_layer.oracle_model import Aggregate, Condition, Derived, Joined, Place, Question, Row, Way, World

_OPERATORS = {"+": operator.add, "-": operator.sub, "*": operator.mul, ">": operator.gt, "<=": operator.le}
_REPEATABLE = {"min", "max", "count_distinct"}
Measure = Aggregate | Derived
Group = tuple[Any, ...]
Route = tuple[Way, ...]


class Refused(Exception):
    """The question has no right answer and must be refused."""


@dataclass
class Fact:
    """A node whose rows are aggregated, with the way to every place, and the rows of each group."""

    node: str
    measures: list[Aggregate]
    conditions: list[Condition] = field(default_factory=list)
    routes: dict[Place, Route] = field(default_factory=dict)
    groups: dict[Group, list[Joined]] = field(default_factory=dict)

    @property
    def crosses(self) -> bool:
        """Whether repeated rows change nothing."""
        return all(measure.function in _REPEATABLE for measure in self.measures)


def answer(world: World, question: Question) -> tuple[list[str], list[Group]]:
    """Column names and ordered rows."""
    shown = _with_dependencies(question.measures)
    hidden = _with_dependencies([condition.measure for condition in question.aggregate_conditions])
    facts: dict[str, Fact] = {}
    for measure in shown:
        if isinstance(measure, Aggregate):
            facts.setdefault(_home(world, measure), Fact(_home(world, measure), [])).measures.append(measure)
    if not facts:
        root = _root(world, question)
        facts[root] = Fact(root, [])
    asked = list(facts.values())
    known = {measure.key for measure in shown}
    for measure in hidden:
        if isinstance(measure, Aggregate) and measure.key not in known:
            known.add(measure.key)
            facts.setdefault(_home(world, measure), Fact(_home(world, measure), [])).measures.append(measure)
    _share_conditions(world, question, list(facts.values()))
    for fact in facts.values():
        _group(world, question, fact)
    empty = _empty_groups(world, question, asked) if question.include_empty and question.dimensions else []
    if question.include_empty or not question.dimensions:
        groups = dict.fromkeys([*(group for fact in asked for group in fact.groups), *empty])
    else:
        first, *others = asked
        groups = dict.fromkeys(group for group in first.groups if all(group in fact.groups for fact in others))
    values = _Values(world, question, facts)
    rows = [
        (*group, *(values.output(measure, group) for measure in shown))
        for group in groups
        if all(_holds(values.output(c.measure, group), c) for c in question.aggregate_conditions)
    ]
    for index in reversed(range(len(question.dimensions))):
        present = [row for row in rows if row[index] is not None]
        present.sort(key=lambda row: row[index], reverse=question.descending)
        rows = [*present, *(row for row in rows if row[index] is None)]
    return [*question.labels(), *_measure_labels(shown)], rows[: question.limit]


def _holds(value: Any, condition: Any) -> bool:
    return value is not None and _OPERATORS[condition.operator](value, condition.constant)


def _with_dependencies(measures: Iterable[Measure]) -> list[Measure]:
    found: dict[Any, Measure] = {}

    def add(measure: Measure) -> None:
        if isinstance(measure, Derived):
            add(measure.left)
            add(measure.right)
        found.setdefault(measure.key, measure)

    for measure in measures:
        add(measure)
    return list(found.values())


def _measured_places(measure: Aggregate, segments: dict[str, Condition]) -> list[Place]:
    places = list(measure.value.places) if measure.value else []
    for part in (measure.condition, segments.get(measure.node)):
        places += part.places if part else ()
    return places


def home_of(world: World, places: Iterable[Place]) -> str:
    """The source that an ad-hoc expression belongs to: the first by name that leads to all it mentions."""
    places = list(places)
    candidates = sorted({place[0] for place in places})
    return next((node for node in candidates if _leads(world, node, places)), candidates[0])


def _home(world: World, measure: Aggregate) -> str:
    """The node whose rows are aggregated."""
    places = measure.value.places if measure.value else ()
    candidates = [measure.node, *sorted({place[0] for place in places})]
    found = next((node for node in candidates if _leads(world, node, places)), None)
    if found is None:
        raise Refused
    return found


def _leads(world: World, node: str, places: Iterable[Place]) -> bool:
    return all(_paths(world, node, place, crossing=False) for place in places)


def _root(world: World, question: Question) -> str:
    places = [dimension.place for dimension in question.dimensions]
    places += [place for condition in question.row_conditions for place in condition.places]
    for candidate in dict.fromkeys(place[0] for place in places):
        if _leads(world, candidate, places):
            return candidate
    return places[0][0]


def _paths(world: World, fact: str, place: Place, *, crossing: bool) -> list[Route]:
    """The cheapest ways from a fact to a place: several when it is ambiguous, none when it cannot be reached."""
    steps = place[1:] if place[0] == fact else place
    if not steps:
        return [()]
    found: list[Route] = [()]
    if steps[0] != fact:
        found = _cheapest(_simple_paths(world, fact, steps[0], {fact}, crossing=crossing))
        steps = steps[1:]
    for target in steps:
        found = [
            (*route, way)
            for route in found
            for way in world.ways(route[-1].target if route else fact)
            if way.target == target and way.is_to_one
        ]
    return found


def _simple_paths(world: World, node: str, target: str, passed: set[str], *, crossing: bool) -> list[Route]:
    found: list[Route] = []
    for way in world.ways(node):
        if way.target in passed or not (way.is_to_one or crossing):
            continue
        if way.target == target:
            found.append((way,))
        else:
            behind = _simple_paths(world, way.target, target, passed | {way.target}, crossing=crossing)
            found += [(way, *rest) for rest in behind]
    return found


def _cheapest(routes: list[Route]) -> list[Route]:
    def cost(route: Route) -> tuple[int, int]:
        return sum(not way.is_to_one for way in route), len(route)

    least = min(map(cost, routes), default=None)
    return [route for route in routes if cost(route) == least]


def _share_conditions(world: World, question: Question, facts: list[Fact]) -> None:
    """Each condition goes to the facts that reach it; to many only when no fact reaches it to one."""
    for condition in question.row_conditions:

        def reaches(fact: Fact, *, crossing: bool, condition: Condition = condition) -> bool:
            return all(_paths(world, fact.node, place, crossing=crossing) for place in condition.places)

        reaching = [fact for fact in facts if reaches(fact, crossing=False)]
        if not reaching:
            reaching = [fact for fact in facts if fact.crosses and reaches(fact, crossing=True)]
        if not reaching:
            raise Refused
        for fact in reaching:
            fact.conditions.append(condition)


def _group(world: World, question: Question, fact: Fact) -> None:
    grouped = [dimension.place for dimension in question.dimensions]
    grouped += [place for condition in fact.conditions for place in condition.places]
    segments = dict(question.segments)
    measured = [place for measure in fact.measures for place in _measured_places(measure, segments)]
    for place in dict.fromkeys([*grouped, *measured]):
        routes = _paths(world, fact.node, place, crossing=fact.crosses and place in grouped)
        if len(routes) != 1:
            raise Refused
        fact.routes[place] = routes[0]
    needed = {} if question.include_empty else dict.fromkeys(grouped)
    for row in world.rows(fact.node):
        for joined in _joined(world, row, fact.routes, needed):
            if all(condition.test(joined) for condition in fact.conditions):
                key = tuple(dimension.compute(joined) for dimension in question.dimensions)
                fact.groups.setdefault(key, []).append(joined)
    if not question.dimensions:
        fact.groups.setdefault((), [])


def _joined(world: World, row: Row, routes: dict[Place, Route], needed: Iterable[Place]) -> list[Joined]:
    """A row with its partners; one that lacks a needed partner is left out."""
    by_route: list[dict[Route, Row | None]] = [{(): row}]
    parts = {route[:length] for route in routes.values() for length in range(1, len(route) + 1)}
    must = {routes[place][:length] for place in needed for length in range(1, len(routes[place]) + 1)}
    for part in sorted(parts, key=len):
        extended = []
        for known in by_route:
            partners = part[-1].partners(known[part[:-1]], world.rows(part[-1].target))
            extended += [{**known, part: partner} for partner in partners]
            if not partners and part not in must:
                extended.append({**known, part: None})
        by_route = extended
    return [{place: known[route] for place, route in routes.items()} for known in by_route]


def _empty_groups(world: World, question: Question, asked: list[Fact]) -> list[Group]:
    place = question.dimensions[0].place
    if any(not fact.routes[place] for fact in asked):
        return []
    behind: dict[Place, Route] = {}

    def decides(places: Iterable[Place], facts: list[Fact]) -> bool:
        rests = {}
        for other in places:
            for fact in facts:
                start = fact.routes[place]
                if fact.routes[other][: len(start)] != start:
                    return False
                if rests.setdefault(other, fact.routes[other][len(start) :]) != fact.routes[other][len(start) :]:
                    return False
        behind.update(rests)
        return True

    conditions = dict.fromkeys(condition for fact in asked for condition in fact.conditions)
    for condition in conditions:
        if not decides(condition.places, [fact for fact in asked if condition in fact.conditions]):
            return []
    decided = [decides([dimension.place], asked) for dimension in question.dimensions]
    taken = set()
    for fact in asked:
        for row in world.rows(fact.node):
            taken |= {id(joined[place]) for joined in _joined(world, row, {place: fact.routes[place]}, ())}
    groups = []
    for row in world.rows(asked[0].routes[place][-1].target):
        if id(row) not in taken:
            # Behind the row the way to a dimension may lead to many.
            groups += [
                tuple(
                    dimension.compute(joined) if is_decided else None
                    for dimension, is_decided in zip(question.dimensions, decided, strict=True)
                )
                for joined in _joined(world, row, behind, ())
                if all(condition.test(joined) for condition in conditions)
            ]
    return groups


class _Values:
    """What measures are in a group, there or missing."""

    def __init__(self, world: World, question: Question, facts: dict[str, Fact]) -> None:
        self._world = world
        self._segments = dict(question.segments)
        self._facts = facts

    def output(self, measure: Measure, group: Group) -> Any:
        if isinstance(measure, Aggregate):
            fact = self._facts[_home(self._world, measure)]
            if group not in fact.groups:
                return 0 if measure.function.startswith("count") else None
            return self._aggregate(measure, fact.groups[group])
        homes = self._homes(measure)
        if len(homes) == 1 and group not in self._facts[next(iter(homes))].groups:
            return None
        is_spanning = len(homes) > 1
        left, right = (
            self._operand(part, group) if is_spanning else self.output(part, group)
            for part in (measure.left, measure.right)
        )
        if left is None or right is None or (measure.operator == "/" and right == 0):
            return None
        return left / right if measure.operator == "/" else _OPERATORS[measure.operator](left, right)

    def _operand(self, measure: Measure, group: Group) -> Any:
        value = self.output(measure, group)
        if isinstance(measure, Aggregate) and measure.function == "sum":
            is_missing = group not in self._facts[_home(self._world, measure)].groups
            return 0 if is_missing else value
        return value

    def _homes(self, measure: Measure) -> set[str]:
        if isinstance(measure, Aggregate):
            return {_home(self._world, measure)}
        return self._homes(measure.left) | self._homes(measure.right)

    def _aggregate(self, measure: Aggregate, rows: list[Joined]) -> Any:
        conditions = [part for part in (measure.condition, self._segments.get(measure.node)) if part]
        rows = [row for row in rows if all(part.test(row) for part in conditions)]
        if measure.value is None:
            return len(rows)
        values = [value for row in rows if (value := measure.value.compute(row)) is not None]
        if measure.function == "count":
            return len(values)
        if measure.function == "count_distinct":
            return len(set(values))
        if not values:
            return None
        if measure.function == "avg":
            return sum(values) / len(values)
        return {"sum": sum, "min": min, "max": max}[measure.function](values)


def _measure_labels(measures: list[Measure]) -> list[str]:
    names = [measure.name for measure in measures]
    return [
        f"{measure.node}_{measure.name}"
        if names.count(measure.name) > 1 and isinstance(measure, Aggregate)
        else measure.name
        for measure in measures
    ]

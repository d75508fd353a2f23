"""A slow, plain evaluation of queries over rows in memory, written from the documented semantics alone.

Joins are nested loops, groups are dictionaries, and nothing is shared with the compiler. Join graphs here are trees,
so there is only one way between two nodes.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable
from typing import Any

from tests.semantic_layer.oracle_model import (
    Aggregate,
    Condition,
    Derived,
    Joined,
    Question,
    World,
)

_OPERATORS = {"+": operator.add, "-": operator.sub, "*": operator.mul, ">": operator.gt, "<=": operator.le}
Measure = Aggregate | Derived
Group = tuple[Any, ...]


class Refused(Exception):
    """The question has no right answer and must be refused."""


def answer(world: World, question: Question) -> tuple[list[str], list[Group]]:
    """Column names and ordered rows."""
    shown = _with_dependencies(question.measures)
    hidden = _with_dependencies([condition.measure for condition in question.aggregate_conditions])
    everything = {measure.key: measure for measure in [*shown, *hidden]}
    aggregates = [measure for measure in everything.values() if isinstance(measure, Aggregate)]
    facts = list(dict.fromkeys(_row_node(world, measure) for measure in aggregates))
    clusters = _clusters(world, facts)
    if len(clusters) > 1:
        values = _several_facts(world, question, aggregates, clusters)
    else:
        values = _one_fact(world, question, aggregates, facts)
    rows = []
    for group, by_key in values.items():
        table = {**by_key}
        if all(_holds(_value(c.measure, table, clusters, world, True), c) for c in question.aggregate_conditions):
            rows.append((*group, *(_value(m, table, clusters, world, False) for m in shown)))
    count = len(question.dimensions)
    rows.sort(key=lambda row: [(cell is not None, cell) for cell in row[:count]], reverse=question.descending)
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


def _row_node(world: World, measure: Aggregate) -> str:
    """Of all nodes that the value mentions, the one from which the others are at most one row away."""
    nodes = {measure.node, *(measure.value.nodes if measure.value else ())}
    return next(node for node in sorted(nodes) if nodes <= _safe_from(world, node))


def _safe_from(world: World, node: str) -> set[str]:
    found = {node}
    frontier = [node]
    while frontier:
        for _, other, is_safe in world.neighbours(frontier.pop()):
            if is_safe and other not in found:
                found.add(other)
                frontier.append(other)
    return found


def _clusters(world: World, facts: list[str]) -> list[list[str]]:
    clusters: list[list[str]] = []
    for fact in facts:
        for cluster in clusters:
            if _unique_path(world, cluster[0], fact):
                cluster.append(fact)
                break
        else:
            clusters.append([fact])
    return clusters


def _unique_path(world: World, start: str, end: str) -> bool:
    found = {start}
    frontier = [start]
    while frontier:
        for edge, other, _ in world.neighbours(frontier.pop()):
            if edge.is_unique and other not in found:
                found.add(other)
                frontier.append(other)
    return end in found


def _needed(question: Question, aggregates: Iterable[Aggregate]) -> tuple[set[str], set[str], set[str]]:
    dimensions = {dimension.node for dimension in question.dimensions}
    conditions = {node for condition in question.row_conditions for node in condition.nodes}
    segments = dict(question.segments)
    measured: set[str] = set()
    for measure in aggregates:
        restrictions = [measure.condition, segments.get(measure.node)]
        measured |= {node for part in restrictions if part for node in part.nodes}
        measured |= set(measure.value.nodes) if measure.value else set()
    return dimensions, conditions, measured


def _one_fact(
    world: World, question: Question, aggregates: list[Aggregate], facts: list[str]
) -> dict[Group, dict[Any, Any]]:
    dimensions, conditions, measured = _needed(question, aggregates)
    needed = dimensions | conditions | measured | set(facts)
    is_grouped = question.dimensions and (question.include_empty or not facts)
    anchor = question.dimensions[0].node if is_grouped else facts[0]
    for fact in facts:
        if not needed <= _safe_from(world, fact):
            raise Refused
    rows = _join(world, anchor, needed, outer=needed if question.include_empty else set())
    rows = [row for row in rows if all(condition.test(row) for condition in question.row_conditions)]
    return _grouped(world, question, rows, aggregates)


def _several_facts(
    world: World, question: Question, aggregates: list[Aggregate], clusters: list[list[str]]
) -> dict[Group, dict[Any, Any]]:
    results = []
    used = set()
    for cluster in clusters:
        own = [measure for measure in aggregates if _row_node(world, measure) in cluster]
        reachable = _safe_from(world, cluster[0])
        applied = [c for c in question.row_conditions if set(c.nodes) <= reachable]
        used.update(applied)
        dimensions, _, measured = _needed(question, own)
        if not (dimensions | measured) <= reachable:
            raise Refused
        inner = dimensions | {node for condition in applied for node in condition.nodes}
        needed = inner | measured | set(cluster)
        rows = _join(world, cluster[0], needed, outer=needed - _path_nodes(world, cluster[0], inner))
        rows = [row for row in rows if all(condition.test(row) for condition in applied)]
        results.append((own, _grouped(world, question, rows, own)))
    if set(question.row_conditions) - used:
        raise Refused
    groups = list(dict.fromkeys(group for _, result in results for group in result))
    if not question.include_empty:
        groups = [group for group in groups if all(group in result for _, result in results)]
    return {
        group: {measure.key: result.get(group, {}).get(measure.key) for own, result in results for measure in own}
        for group in groups
    }


def _path_nodes(world: World, root: str, targets: set[str]) -> set[str]:
    parents = dict(_steps(world, root, targets))
    return set(parents)


def _steps(world: World, root: str, needed: set[str]) -> list[tuple[str, Any]]:
    """(node, (edge, node it is joined to)) for every node on the way from root to a needed one, in order."""
    came_from: dict[str, Any] = {root: None}
    order = [root]
    for node in order:
        for edge, other, _ in world.neighbours(node):
            if other not in came_from:
                came_from[other] = (edge, node)
                order.append(other)
    wanted = set()
    for node in needed:
        if node not in came_from:
            raise Refused
        while node != root:
            wanted.add(node)
            node = came_from[node][1]
    return [(node, came_from[node]) for node in order if node in wanted]


def _join(world: World, root: str, needed: set[str], outer: set[str]) -> list[Joined]:
    rows: list[Joined] = [{root: row} for row in world.tables[world.table_of[root]]]
    is_all_outer = outer == needed
    for node, (edge, origin) in _steps(world, root, needed):
        joined = []
        for row in rows:
            partners = [other for other in world.tables[world.table_of[node]] if _match(row[origin], other, edge, node)]
            joined += [{**row, node: other} for other in partners]
            if not partners and (is_all_outer or node in outer):
                joined.append({**row, node: None})
        rows = joined
    return rows


def _match(left: Any, right: Any, edge: Any, node: str) -> bool:
    pairs = edge.pairs if edge.parent == node else [(b, a) for a, b in edge.pairs]
    return left is not None and all(left[a] is not None and left[a] == right[b] for a, b in pairs)


def _grouped(
    world: World, question: Question, rows: list[Joined], aggregates: list[Aggregate]
) -> dict[Group, dict[Any, Any]]:
    groups: dict[Group, list[Joined]] = {}
    for row in rows:
        groups.setdefault(tuple(dimension.compute(row) for dimension in question.dimensions), []).append(row)
    if not question.dimensions:
        groups.setdefault((), [])
    segments = dict(question.segments)
    return {
        group: {
            measure.key: _aggregate(measure, segments.get(measure.node), _row_node(world, measure), members)
            for measure in aggregates
        }
        for group, members in groups.items()
    }


def _aggregate(measure: Aggregate, segment: Condition | None, fact: str, rows: list[Joined]) -> Any:
    conditions = [part for part in (measure.condition, segment) if part]
    rows = [row for row in rows if row[fact] is not None and all(part.test(row) for part in conditions)]
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


def _value(measure: Measure, values: dict[Any, Any], clusters: list[list[str]], world: World, counts: bool) -> Any:
    """A measure of a group. ``counts`` says that a missing side counts as 0, as it does in conditions."""
    is_several = len(clusters) > 1
    if isinstance(measure, Aggregate):
        value = values[measure.key]
        return 0 if value is None and counts and is_several else value
    spans = is_several and len(_spanned(measure, clusters, world)) > 1
    left, right = (_operand(part, values, clusters, world, spans) for part in (measure.left, measure.right))
    if measure.operator == "/":
        result = None if left is None or right in (None, 0) else left * 1.0 / right
    else:
        result = None if left is None or right is None else _OPERATORS[measure.operator](left, right)
    if measure.operator == "/" and spans and right == 0:
        result = None
    return 0 if result is None and counts and is_several and not spans else result


def _operand(part: Measure, values: dict[Any, Any], clusters: list[list[str]], world: World, spans: bool) -> Any:
    value = _value(part, values, clusters, world, False)
    is_itself_spanning = len(_spanned(part, clusters, world)) > 1
    return 0 if value is None and spans and not is_itself_spanning else value


def _spanned(measure: Measure, clusters: list[list[str]], world: World) -> set[int]:
    if isinstance(measure, Derived):
        return _spanned(measure.left, clusters, world) | _spanned(measure.right, clusters, world)
    node = _row_node(world, measure)
    return {index for index, cluster in enumerate(clusters) if node in cluster}


def _measure_labels(measures: list[Measure]) -> list[str]:
    names = [measure.name for measure in measures]
    return [
        f"{measure.node}_{measure.name}"
        if names.count(measure.name) > 1 and isinstance(measure, Aggregate)
        else measure.name
        for measure in measures
    ]

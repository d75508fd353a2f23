"""Decides how a resolved query is computed: which facts apart, along which joins, with which filters.

One fact (or several that map one to one) makes one SELECT. Facts that do not are aggregated each on their
own rows and combined by the values of the dimensions. A plan whose joins would multiply a fact's rows is
refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from semantic_layer.errors import SemanticLayerError
from semantic_layer.filters import RowFilter
from semantic_layer.joins import Step, neighbours_by_unique_edges
from semantic_layer.measures import Measure
from semantic_layer.model import Model, no_join_path
from semantic_layer.paths import Tree, cheapest_tree, is_safe_from, rerooted
from semantic_layer.resolution import ResolvedQuery


@dataclass(frozen=True, slots=True)
class PlannedJoin:
    """A step of the join tree. An outer join keeps the rows of the step's origin that find no partner."""

    step: Step
    is_outer: bool


@dataclass(frozen=True, slots=True)
class Group:
    """One SELECT: a tree of joins from ``root``, the filters on its rows, and the measures it aggregates."""

    name: str
    root: str
    joins: tuple[PlannedJoin, ...]
    filters: tuple[RowFilter, ...]
    measures: tuple[Measure, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """One group, or several whose rows are combined by the values of all dimensions."""

    anchor: str
    groups: tuple[Group, ...]

    @property
    def is_combined(self) -> bool:
        """Whether facts are aggregated apart."""
        return len(self.groups) > 1


def make_plan(model: Model, resolved: ResolvedQuery) -> Plan:
    """The plan of a resolved query, or the reason why its rows could not be right."""
    facts = [measure for measure in resolved.measures.values() if measure.rows is not None]
    rows = list(dict.fromkeys(str(measure.rows) for measure in facts))
    together = neighbours_by_unique_edges(model.graph, rows) if len(rows) > 1 else [frozenset(rows)]
    anchor = _anchor(resolved, rows)
    if len(together) <= 1:
        return Plan(anchor, (_only_group(model, resolved, anchor, rows, facts),))
    return Plan(anchor, _separate_groups(model, resolved, facts, rows, together))


def _anchor(resolved: ResolvedQuery, rows: list[str]) -> str:
    """The source whose rows are kept: the first dimension's, or the first measure's."""
    if resolved.dimensions and (resolved.query.include_empty or not rows):
        return resolved.dimensions[0].home
    return rows[0]


def _only_group(model: Model, resolved: ResolvedQuery, anchor: str, rows: list[str], facts: list[Measure]) -> Group:
    needed = dict.fromkeys(
        [
            *rows,
            *(node for dimension in resolved.dimensions for node in dimension.nodes),
            *(node for measure in facts for node in measure.nodes),
            *(node for row_filter in resolved.row_filters for node in row_filter.nodes),
        ]
    )
    tree, missing = cheapest_tree(model.graph, anchor, needed)
    if missing:
        raise _unconnected(model, rows[0] if rows else anchor, anchor, missing)
    if rows and not all(is_safe_from(tree, anchor, node) for node in rows):
        tree = rerooted(_safe_tree(model, resolved, rows, needed), rows[0], anchor)
    joins = tuple(PlannedJoin(step, resolved.query.include_empty) for step in tree.values())
    return Group(rows[0] if rows else anchor, anchor, joins, resolved.row_filters, tuple(resolved.measures.values()))


def _unconnected(model: Model, origin: str, anchor: str, missing: list[str]) -> SemanticLayerError:
    """From the fact's point of view: its own connection to the anchor may be what is missing."""
    target = next((node for node in missing if node != origin), None)
    if target is None or origin in missing:
        target = anchor if origin in missing else target
    if model.source_at(str(target)) is None:
        return model.unknown_source(str(target), origin=origin)
    return no_join_path(origin, str(target))


def _safe_tree(model: Model, resolved: ResolvedQuery, rows: list[str], needed: Iterable[str]) -> Tree:
    """Joins from the fact that cannot multiply its rows, or a refusal that says what it cannot reach."""
    fact = rows[0]
    tree, unsafe = cheapest_tree(model.graph, fact, needed, safe_only=True)
    if not unsafe:
        return tree
    unreachable = set(unsafe)
    for dimension in resolved.dimensions:
        for node in dimension.nodes:
            if node in unreachable:
                raise _unsafe_dimension(node, rows)
    for row_filter in resolved.row_filters:
        for node in row_filter.nodes:
            if node in unreachable:
                raise _unsafe_filter(node, fact)
    raise _unsafe_filter(unsafe[0], fact)


def _separate_groups(
    model: Model,
    resolved: ResolvedQuery,
    facts: list[Measure],
    rows: list[str],
    together: list[frozenset[str]],
) -> tuple[Group, ...]:
    dimension_nodes = dict.fromkeys(node for dimension in resolved.dimensions for node in dimension.nodes)
    members = [[node for node in rows if node in group] for group in together]
    _check_dimensions_reachable(model, dimension_nodes, members)
    filters_of = _filters_by_group(model, resolved.row_filters, members)
    groups = []
    for nodes, filters in zip(members, filters_of, strict=True):
        own = [measure for measure in facts if measure.rows in nodes]
        inner = [*dimension_nodes, *(node for row_filter in filters for node in row_filter.nodes)]
        outer = [*nodes, *(node for measure in own for node in measure.nodes)]
        tree, unsafe = cheapest_tree(model.graph, nodes[0], [*inner, *outer], safe_only=True)
        if unsafe:
            raise _unsafe_filter(unsafe[0], nodes[0])
        on_inner_path = _ancestors(tree, inner)
        joins = tuple(PlannedJoin(step, node not in on_inner_path) for node, step in tree.items())
        groups.append(Group(nodes[0], nodes[0], joins, filters, _with_derived(resolved, own)))
    return tuple(groups)


def _with_derived(resolved: ResolvedQuery, own: list[Measure]) -> tuple[Measure, ...]:
    """The group's measures, with the derived ones that need no other group, in order of dependency."""
    available = {measure.key for measure in own}
    measures = []
    for key, measure in resolved.measures.items():
        if measure.is_derived and available.issuperset(measure.depends_on):
            available.add(key)
        if key in available:
            measures.append(measure)
    return tuple(measures)


def _ancestors(tree: Tree, nodes: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for node in nodes:
        current = node
        while current in tree and current not in found:
            found.add(current)
            current = tree[current].origin
    return found


def _check_dimensions_reachable(model: Model, nodes: Iterable[str], members: list[list[str]]) -> None:
    names = [group[0] for group in members]
    for node in nodes:
        reaching = [group[0] for group in members if _reaches(model, group[0], [node])]
        if not reaching:
            _check_connected(model, names[0], node)
            raise _unsafe_dimension(node, names)
        if len(reaching) < len(names):
            stuck = next(name for name in names if name not in reaching)
            raise SemanticLayerError(
                f"Asymmetric dimension grain in chasm trap: '{node}' can be reached from {', '.join(reaching)} "
                f"but not from {stuck} without traversing one_to_many edges. Group by dimensions that all measures "
                "share, or ask for the measures in separate queries."
            )


def _filters_by_group(
    model: Model, filters: tuple[RowFilter, ...], members: list[list[str]]
) -> list[tuple[RowFilter, ...]]:
    """For each group the filters whose sources it can all reach; a filter that none can reach is refused."""
    of_group: list[list[RowFilter]] = [[] for _ in members]
    for row_filter in filters:
        reaching = [index for index, group in enumerate(members) if _reaches(model, group[0], row_filter.nodes)]
        if not reaching:
            names = [group[0] for group in members]
            unreached = [node for node in row_filter.nodes if not any(_reaches(model, name, [node]) for name in names)]
            node = (unreached or list(row_filter.nodes))[0]
            _check_connected(model, names[0], node)
            raise SemanticLayerError(
                f"Filter on '{node}' is not reachable via many_to_one/one_to_one edges from any measure source "
                f"({', '.join(names)}). Filter on a source that a measure's source leads to."
            )
        for index in reaching:
            of_group[index].append(row_filter)
    return [tuple(filters) for filters in of_group]


def _reaches(model: Model, origin: str, nodes: Iterable[str]) -> bool:
    return not cheapest_tree(model.graph, origin, nodes, safe_only=True)[1]


def _check_connected(model: Model, origin: str, node: str) -> None:
    if cheapest_tree(model.graph, origin, [node])[1]:
        raise no_join_path(origin, node)


def _unsafe_dimension(node: str, rows: Iterable[str]) -> SemanticLayerError:
    return SemanticLayerError(
        f"Aggregate locality cannot safely reach '{node}' from any measure source ({', '.join(sorted(rows))}) "
        "without traversing one_to_many edges"
    )


def _unsafe_filter(node: str, fact: str) -> SemanticLayerError:
    return SemanticLayerError(
        f"Filter on '{node}' requires a one_to_many join from measure source '{fact}', which would cause "
        "incorrect aggregation (fanout). Filter on a column that the measure's source leads to, or measure the "
        "other source."
    )

"""Empty groups: rows of the first dimension's source that no fact has, as groups of their own.

Such a row decides a dimension or a filter when the path to it runs through the row's source, by the same joins for
every fact. Dimensions that it does not decide are NULL; a filter that it does not decide leaves no empty groups.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from semantic_layer.dimensions import Dimension
from semantic_layer.expressions import columns_of
from semantic_layer.filters import RowFilter
from semantic_layer.join_trees import JoinTree
from semantic_layer.paths import Route


@dataclass(frozen=True, slots=True)
class EmptyGroups:
    """Rows of ``node``, to which ``routes`` lead from each fact.

    ``behind`` has the way on from there to the places of ``decided`` dimensions and of ``filters``.
    """

    node: str
    routes: Mapping[str, Route]
    behind: Mapping[str, Route]
    decided: tuple[Dimension, ...]
    filters: tuple[RowFilter, ...]


def plan_empty_groups(
    dimensions: Sequence[Dimension],
    trees: Mapping[str, JoinTree],
    filters: Mapping[str, Sequence[RowFilter]],
) -> EmptyGroups | None:
    """The empty groups of facts by their join trees and filters, or None when there can be none."""
    if not dimensions:
        return None
    routes = _routes_to_source(dimensions[0], trees)
    if routes is None or not all(routes.values()):
        return None
    behind: dict[str, Route] = {}
    own_filters = dict.fromkeys(row_filter for own in filters.values() for row_filter in own)
    for row_filter in own_filters:
        facts = [fact for fact in trees if row_filter in filters[fact]]
        if any(not column.table for column in columns_of(row_filter.tree)):
            return None
        if not _decides(row_filter.places, facts, trees, routes, behind):
            return None
    decided = tuple(
        dimension for dimension in dimensions if _decides(dimension.places, list(trees), trees, routes, behind)
    )
    node = next(iter(routes.values()))[-1].target
    return EmptyGroups(node, routes, behind, decided, tuple(own_filters))


def _routes_to_source(dimension: Dimension, trees: Mapping[str, JoinTree]) -> dict[str, Route] | None:
    """The routes to the first dimension's source: of several sources, the one that leads to the others."""
    for place in dimension.places:
        routes = {fact: tree.routes[place] for fact, tree in trees.items()}
        if all(
            tree.routes[other][: len(routes[fact])] == routes[fact]
            for fact, tree in trees.items()
            for other in dimension.places
        ):
            return routes
    return None


def _decides(
    places: Sequence[str],
    facts: Sequence[str],
    trees: Mapping[str, JoinTree],
    routes: Mapping[str, Route],
    behind: dict[str, Route],
) -> bool:
    onward: dict[str, Route] = {}
    for place in places:
        for fact in facts:
            route, start = trees[fact].routes[place], routes[fact]
            if route[: len(start)] != start:
                return False
            if onward.setdefault(place, route[len(start) :]) != route[len(start) :]:
                return False
    behind.update(onward)
    return True

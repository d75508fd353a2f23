"""The joins of one fact: a tree of steps from the fact's rows, and the table alias that each place has in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from semantic_layer.joins import Step
from semantic_layer.paths import Route


class Side(Enum):
    """Which rows without a partner a join keeps."""

    INNER = None
    LEFT = "LEFT"
    FULL = "FULL"


@dataclass(frozen=True, slots=True)
class PlannedJoin:
    """A step between two tables of the statement, by their aliases."""

    step: Step
    origin: str
    alias: str
    side: Side


class JoinTree:
    """The tree that routes from one node make, parents before children."""

    def __init__(self, root: str, taken: Iterable[str] = ()) -> None:
        self._taken = {alias.lower() for alias in taken}
        self._aliases: dict[Route, str] = {}
        self._aliases[()] = self._free(root, ())
        self._of_place: dict[str, Route] = {}

    @property
    def root(self) -> str:
        """The alias of the fact."""
        return self._aliases[()]

    @property
    def routes(self) -> Mapping[str, Route]:
        """The route of each place that was added."""
        return self._of_place

    @property
    def aliases(self) -> Iterable[str]:
        """All table aliases, the root's first."""
        return self._aliases.values()

    def add(self, place: str, route: Route) -> None:
        """Joins what the route passes."""
        self._of_place[place] = route
        for length in range(1, len(route) + 1):
            part = route[:length]
            if part not in self._aliases:
                self._aliases[part] = self._free(route[length - 1].target, part)

    def alias(self, place: str) -> str:
        """The table alias of a place that was added."""
        return self._aliases[self._of_place[place]]

    def alias_at(self, route: Route) -> str:
        """The table alias at the end of a route that was added."""
        return self._aliases[route]

    def joins(self, inner: Iterable[str], full: Route | None = None) -> tuple[PlannedJoin, ...]:
        """The joins in order. Those on the way to ``inner`` places lose rows without a partner, others keep them.

        The table at ``full`` keeps its own rows without a partner, too. Behind it come those that its rows lead to.
        """
        kept_inner = {
            self._of_place[place][:length] for place in inner for length in range(1, len(self._of_place[place]) + 1)
        }
        routes = [route for route in self._aliases if route]
        if full is not None:
            routes.sort(key=lambda route: route[: len(full)] == full)
        return tuple(
            PlannedJoin(
                route[-1],
                self._aliases[route[:-1]],
                self._aliases[route],
                Side.FULL if route == full else Side.INNER if route in kept_inner else Side.LEFT,
            )
            for route in routes
        )

    def _free(self, node: str, route: Route) -> str:
        """An alias that no other table has: the node's name, with as many steps in front as it needs."""
        alias = node
        for step in reversed(route[:-1]):
            if alias.lower() not in self._taken:
                break
            alias = f"{step.target}_{alias}"
        free, number = alias, 2
        while free.lower() in self._taken:
            free, number = f"{alias}_{number}", number + 1
        self._taken.add(free.lower())
        return free

"""Decides by which joins a fact reaches a place: along the fewest edges, or not at all when two ways are equal.

A *path* is a chain of steps in which no node occurs twice; a place may name steps that it must take. Measures that
repeated rows would change go along to-one steps alone; the others prefer the fewest to-many steps. What is found is
kept, and finding all paths from one fact takes time in proportion to the edges.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from heapq import heappop, heappush
from itertools import islice

from semantic_layer.errors import SemanticLayerError
from semantic_layer.joins import JoinGraph, Step
from semantic_layer.names import written
from semantic_layer.references import place_text, steps_of

Route = tuple[Step, ...]

# A to-many step costs more than all to-one steps of a path together.
_TO_MANY = 1_000_000
_MOST_SHOWN = 5


@dataclass(frozen=True, slots=True)
class _Reach:
    """For every node that a fact reaches: the cost, and the last steps of all paths that cost no more."""

    cost: dict[str, int]
    last_steps: dict[str, list[Step]]


class AmbiguousPath(SemanticLayerError):
    """A place that a fact reaches in several equally short ways."""


class ToManyStep(SemanticLayerError):
    """A named path that takes a to-many step."""


class Paths:
    """The paths of one join graph."""

    def __init__(self, graph: JoinGraph, faults: Mapping[str, str] | None = None) -> None:
        self._graph = graph
        self._faults = faults or {}
        self._complete = graph.with_left_out
        self._reaches: dict[tuple[bool, str, bool], _Reach] = {}
        self._routes: dict[tuple[str, str, bool], Route | None] = {}
        self._longer: dict[tuple[str, str], tuple[Route, ...]] = {}

    def find(self, fact: str, place: str, *, crossing: bool = False, tail: Callable[[], str] = str) -> Route | None:
        """The path from a fact to a place, or None when there is none. ``crossing`` allows to-many steps.

        ``tail`` is what follows the place in the query's own reference, for the hint of a refusal.
        """
        key = (fact, place, crossing)
        if key not in self._routes:
            self._routes[key] = self._find(fact, place, crossing, tail)
        return self._routes[key]

    def reaches(self, fact: str, place: str, *, crossing: bool = False) -> bool:
        """Whether there is a path, be it ambiguous."""
        try:
            return self.find(fact, place, crossing=crossing) is not None
        except ToManyStep:
            return False
        except SemanticLayerError:
            return True

    def root(self, candidates: Iterable[str], places: Collection[str]) -> str | None:
        """The first candidate that leads to all places along to-one steps."""
        return next((node for node in candidates if all(self.reaches(node, place) for place in places)), None)

    def longer(self, fact: str, place: str) -> tuple[Route, ...]:
        """Other to-one paths to a place, which are longer than the one that is taken."""
        first = _without(fact, steps_of(place))[:1]
        if not first:
            return ()
        key = (fact, first[0])
        if key not in self._longer:
            taken = self.find(fact, first[0])
            self._longer[key] = tuple(islice(self._others(fact, taken), _MOST_SHOWN)) if taken else ()
        return self._longer[key]

    def all_shortest(self, fact: str, node: str) -> list[Route]:
        """The shortest to-one paths to a node, if there are several at most as many as messages show."""
        reach = self._reach(self._graph, fact, crossing=False)
        return list(islice(_shortest(reach, fact, node), _MOST_SHOWN)) if node in reach.cost else []

    def _find(self, fact: str, place: str, crossing: bool, tail: Callable[[], str]) -> Route | None:
        named = _without(fact, steps_of(place))
        if not named:
            return ()
        first, *later = named
        route: Route | None = ()
        if first == fact:
            # A role of itself: the way there is a step like any other.
            later = named
        else:
            behind = [written(step) for step in later]
            route = self._shortest(fact, first, crossing, lambda: ".".join(part for part in [*behind, tail()] if part))
        for target in later:
            if route is None:
                return None
            origin = route[-1].target if route else fact
            steps = [step for step in self._graph.ways_from(origin) if step.target == target]
            to_one = [step for step in steps if step.is_to_one]
            if steps and not to_one:
                raise ToManyStep(
                    f"`{place_text(place)}` takes the one_to_many step from `{origin}` to `{target}` (fanout): "
                    "each step of a named path behind the first must be to-one"
                )
            if len(to_one) > 1:
                raise AmbiguousPath(
                    f"ambiguous path from `{origin}` to `{target}`: several joins without an alias connect them",
                    hint="give the joins different aliases",
                )
            if not to_one:
                return None
            route = (*route, to_one[0])
        return route

    def _shortest(self, fact: str, target: str, crossing: bool, tail: Callable[[], str]) -> Route | None:
        reach = self._reach(self._graph, fact, crossing=crossing)
        found = target in reach.cost
        if self._complete is not None:
            complete = self._reach(self._complete, fact, crossing=crossing)
            self._check_left_out(complete, fact, target)
        if not found:
            return None
        routes = list(islice(_shortest(reach, fact, target), _MOST_SHOWN + 1))
        if len(routes) == 1:
            return routes[0]
        spelt = [route_text(route) for route in routes[:_MOST_SHOWN]]
        if len(set(spelt)) == 1:
            hint = "give the joins different aliases"
        else:
            behind = tail()
            hint = f"name the path: {' or '.join(f'`{path}.{behind}`' if behind else f'`{path}`' for path in spelt)}"
        more = ", …" if len(routes) > _MOST_SHOWN else ""
        raise AmbiguousPath(
            f"ambiguous path from `{fact}` to `{target}`: {', '.join(f'`{path}`' for path in spelt)}{more}", hint=hint
        )

    def _check_left_out(self, complete: _Reach, fact: str, target: str) -> None:
        """Leaving a source out must not decide a path that would be ambiguous, or another, with it."""
        if target not in complete.cost:
            return
        for route in islice(_shortest(complete, fact, target), _MOST_SHOWN):
            for step in route[:-1]:
                if step.target not in self._graph.source_of:
                    raise SemanticLayerError(
                        f"The path from '{fact}' to '{target}' leads through '{step.target}', which is left out of the "
                        f"model: {self._faults.get(step.target, 'it has a fault')}"
                    )

    def _reach(self, graph: JoinGraph, fact: str, *, crossing: bool) -> _Reach:
        key = (graph is self._complete, fact, crossing)
        if key not in self._reaches:
            self._reaches[key] = _search(graph, fact, crossing=crossing)
        return self._reaches[key]

    @cached_property
    def _arriving(self) -> dict[str, list[Step]]:
        """The to-one steps that arrive at a node."""
        arriving: dict[str, list[Step]] = {}
        for ways in self._graph.steps.values():
            for step in ways:
                if step.is_to_one and step.origin != step.target:
                    arriving.setdefault(step.target, []).append(step)
        return arriving

    def _others(self, fact: str, taken: Route) -> Iterator[Route]:
        """A path for each way to leave the taken one and still arrive, found from its end backwards.

        Of the nodes that the taken path passes, only those behind the place where a path leaves it may be used, so the
        set of nodes that lead to the end without them only grows, and all edges are looked at once.
        """
        target = taken[-1].target
        on_path = [fact, *(step.target for step in taken)]
        blocked = set(on_path[:-1])
        onward: dict[str, Step | None] = {target: None}
        arriving = self._arriving
        waiting: dict[str, Step] = {}
        frontier = [target]

        def spread() -> None:
            while frontier:
                for step in arriving.get(frontier.pop(), ()):
                    if step.origin in blocked:
                        waiting.setdefault(step.origin, step)
                    elif step.origin not in onward:
                        onward[step.origin] = step
                        frontier.append(step.origin)

        for index in range(len(taken) - 1, -1, -1):
            spread()
            node = on_path[index]
            for step in self._graph.ways_from(node):
                if step.is_to_one and step is not taken[index] and step.target in onward:
                    yield (*taken[:index], step, *_followed(onward, step.target))
            blocked.discard(node)
            if node in waiting and node not in onward:
                onward[node] = waiting[node]
                frontier.append(node)


def _followed(onward: dict[str, Step | None], node: str) -> Iterator[Step]:
    while (step := onward[node]) is not None:
        yield step
        node = step.target


def _without(fact: str, steps: list[str]) -> list[str]:
    """The steps behind the fact's own name."""
    return steps[1:] if steps[0] == fact else steps


def _search(graph: JoinGraph, fact: str, *, crossing: bool) -> _Reach:
    cost = {fact: 0}
    last_steps: dict[str, list[Step]] = {}
    settled: set[str] = set()
    queue = [(0, 0, fact)]
    while queue:
        reached, _, node = heappop(queue)
        if node in settled:
            continue
        settled.add(node)
        for step in graph.ways_from(node):
            if step.target in settled or not (step.is_to_one or crossing):
                continue
            total = reached + (1 if step.is_to_one else _TO_MANY + 1)
            known = cost.get(step.target)
            if known is None or total < known:
                cost[step.target] = total
                last_steps[step.target] = [step]
                # Of nodes that cost the same the one declared first comes first.
                heappush(queue, (total, len(cost), step.target))
            elif total == known:
                last_steps[step.target].append(step)
    return _Reach(cost, last_steps)


def _shortest(reach: _Reach, fact: str, target: str) -> Iterator[Route]:
    """All cheapest paths. Every partial path leads back to the fact, so the first are found at once."""
    stack: list[tuple[str, Route]] = [(target, ())]
    while stack:
        node, behind = stack.pop()
        if node == fact:
            yield behind
        else:
            stack.extend((step.origin, (step, *behind)) for step in reversed(reach.last_steps[node]))


def route_text(route: Route) -> str:
    """A path as a reference names it."""
    return ".".join(written(step.target) for step in route)

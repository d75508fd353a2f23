"""Which sources of a model can be combined at all: its connected components."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from semantic_layer.sources import Source

_LISTED_IN_FULL = 3
_LISTED_OTHERWISE = 2


def components(sources: Mapping[str, Source]) -> list[list[str]]:
    """The connected components, the largest first; names in order. Joins to undefined sources do not count."""
    neighbours: dict[str, set[str]] = {name: set() for name in sources}
    for source in sources.values():
        for join in source.joins:
            if join.to in neighbours:
                neighbours[source.name].add(join.to)
                neighbours[join.to].add(source.name)
    found = []
    remaining = dict.fromkeys(sources)
    while remaining:
        first = next(iter(remaining))
        reached = {first}
        frontier = [first]
        while frontier:
            for neighbour in neighbours[frontier.pop()] - reached:
                reached.add(neighbour)
                frontier.append(neighbour)
        for name in reached:
            del remaining[name]
        found.append(sorted(reached))
    return sorted(found, key=lambda component: (-len(component), component))


def disconnection_warnings(parts: list[list[str]]) -> list[str]:
    """One warning that lists the components, when there are several."""
    if len(parts) < 2:
        return []
    lines = [
        f"Model has {len(parts)} disconnected components. "
        "Queries that span components will fail with 'No join path' errors:"
    ]
    lines += [f"  - Component {number} ({len(part)} sources): {_listed(part)}" for number, part in enumerate(parts, 1)]
    return ["\n".join(lines)]


def singleton_warnings(parts: list[list[str]], touched: Iterable[str]) -> dict[str, list[str]]:
    """For each touched source that nothing connects to any other."""
    alone = {part[0] for part in parts if len(part) == 1} if len(parts) > 1 else set()
    return {
        name: [
            f"Source '{name}' is now a singleton component (no joins to any other source). "
            "Queries cannot combine it with other sources until a join is declared."
        ]
        for name in dict.fromkeys(touched)
        if name in alone
    }


def _listed(names: list[str]) -> str:
    if len(names) <= _LISTED_IN_FULL:
        return ", ".join(names)
    shown = names[:_LISTED_OTHERWISE]
    return f"{', '.join(shown)}, ... (+{len(names) - len(shown)} more)"

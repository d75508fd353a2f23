"""Finding ways through the join graph, and turning a tree of ways around.

A tree is a mapping from each node but the root to the step that leads to it, parents before children.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from heapq import heappop, heappush

from semantic_layer.joins import JoinGraph, Step

_LOG = logging.getLogger(__name__)

Tree = dict[str, Step]


def cheapest_tree(
    graph: JoinGraph, root: str, targets: Iterable[str], *, safe_only: bool = False
) -> tuple[Tree, list[str]]:
    """The cheapest ways from ``root`` to the targets, and the targets that no way leads to.

    Of ways that cost the same the first declared wins. Looks no further than the farthest target.
    """
    wanted = dict.fromkeys(target for target in targets if target != root)
    missing = set(wanted)
    best: dict[str, tuple[int, Step | None]] = {root: (0, None)}
    settled: dict[str, None] = {}
    queue = [(0, 0, root)]
    pushed = 0
    while queue and missing:
        cost, _, node = heappop(queue)
        if node in settled:
            continue
        settled[node] = None
        missing.discard(node)
        for step in graph.ways_from(node):
            if step.target in settled or (safe_only and not step.is_safe):
                continue
            known = best.get(step.target)
            total = cost + step.cost
            if known is None or total < known[0]:
                best[step.target] = (total, step)
                pushed += 1
                heappush(queue, (total, pushed, step.target))
            elif total == known[0] and step.target in wanted:
                _LOG.warning(
                    "several join paths from %r to %r cost the same; the first declared is taken",
                    root,
                    step.target,
                )
    return _branches_to(wanted, best, settled), [node for node in wanted if node in missing]


def _branches_to(wanted: Iterable[str], best: Mapping[str, tuple[int, Step | None]], settled: Iterable[str]) -> Tree:
    """Only the steps that some wanted node needs, in the order in which nodes were settled."""
    needed: set[str] = set()
    order = list(settled)
    for target in wanted:
        node = target
        while node in best and node not in needed and (step := best[node][1]) is not None:
            needed.add(node)
            node = step.origin
    return {node: step for node in order if node in needed and (step := best[node][1]) is not None}


def rerooted(tree: Tree, root: str, new_root: str) -> Tree:
    """The same tree seen from another of its nodes."""
    if root == new_root:
        return tree
    ways: dict[str, list[Step]] = {}
    for step in tree.values():
        ways.setdefault(step.origin, []).append(step)
        ways.setdefault(step.target, []).append(step.reversed())
    turned: Tree = {}
    frontier = [new_root]
    while frontier:
        node = frontier.pop(0)
        for step in ways.get(node, ()):
            if step.target != new_root and step.target not in turned:
                turned[step.target] = step
                frontier.append(step.target)
    return turned


def is_safe_from(tree: Tree, root: str, node: str) -> bool:
    """Whether no step of the tree, walked away from ``node``, can multiply rows."""
    return all(step.is_safe for step in rerooted(tree, root, node).values())

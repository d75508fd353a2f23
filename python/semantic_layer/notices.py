"""The notices of an answer: sources that are left out of the model, and longer paths that were not taken."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from semantic_layer.model import Model
from semantic_layer.paths import route_text
from semantic_layer.planning import Plan
from semantic_layer.references import place_text, steps_of
from semantic_layer.resolution import ResolvedQuery
from semantic_layer.tails import tail_of


def path_descriptions(model: Model, plan: Plan) -> list[dict[str, Any]]:
    """For each fact and each source that it reads: the path taken, and longer ones that were not."""
    return [
        {
            "fact": group.fact,
            "source": place_text(place),
            "path": route_text(route),
            "longer": [route_text(other) for other in model.paths.longer(group.fact, place)],
        }
        for group in plan.groups
        for place, route in group.tree.routes.items()
        if route
    ]


def warnings_of(model: Model, resolved: ResolvedQuery, plan: Plan) -> list[dict[str, str]]:
    """Warnings with a stable ``code``, a ``message``, and where something can be done a ``hint``."""
    return [*_left_out(model), *_longer_paths(model, resolved, plan)]


def _left_out(model: Model) -> Iterator[dict[str, str]]:
    for name, fault in model.faults.items():
        yield {"code": "source-left-out", "message": f"source `{name}` is left out of the model: {fault}"}


def _longer_paths(model: Model, resolved: ResolvedQuery, plan: Plan) -> Iterator[dict[str, str]]:
    for group in plan.groups:
        for place, route in group.tree.routes.items():
            # A path with a name was chosen.
            if not route or len(steps_of(place)) > 1:
                continue
            longer = [route_text(other) for other in model.paths.longer(group.fact, place)]
            if longer:
                tail = tail_of(place, resolved)
                named = " or ".join(f"`{path}.{tail}`" for path in longer)
                yield {
                    "code": "longer-path",
                    "message": f"`{place_text(place)}` is reached from `{group.fact}` by `{route_text(route)}`, not by "
                    f"{', '.join(f'`{path}`' for path in longer)}",
                    "hint": f"for a longer path name it: {named}",
                }

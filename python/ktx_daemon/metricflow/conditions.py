"""Filters of metrics: `{{ Dimension(…) }}`, `{{ TimeDimension(…) }}` and `{{ Entity(…) }}` as references."""

import ast
import re
from collections.abc import Callable, Mapping

from ktx_daemon.lookml.references import Unresolvable
from ktx_daemon.lookml.timeframes import at_timeframe, is_timeframe
from ktx_daemon.metricflow.joins import Join, Unsayable, path_to
from ktx_daemon.metricflow.project import SemanticModel
from semantic_layer.dialects import SqlDialect

_TEMPLATE = re.compile(r"\{\{([^{}]*)\}\}")
_GRAINS = {"day": "date", "week": "week", "month": "month", "quarter": "quarter", "year": "year", "hour": "hour"}


class Conditions:
    """Turns the filters of metrics into conditions on the rows of a model."""

    def __init__(
        self, models: Mapping[str, SemanticModel], joins: Mapping[str, list[Join]], dialect: SqlDialect
    ) -> None:
        self._models = models
        self._joins = joins
        self._dialect = dialect

    def all_of(self, filters: tuple[str, ...], model: SemanticModel, time_dimension: str | None) -> str | None:
        """The conditions joined with AND; None when there are none. Raises `Unsayable`."""
        parts = [self._condition(text, model, time_dimension) for text in filters]
        return " AND ".join(parts if len(parts) == 1 else [f"({part})" for part in parts]) or None

    def _condition(self, text: str, model: SemanticModel, time_dimension: str | None) -> str:
        def reference(match: re.Match[str]) -> str:
            return self._reference(match[1].strip(), model, time_dimension)

        condition = _TEMPLATE.sub(reference, text).strip()
        if "{%" in condition or "{{" in condition:
            raise Unsayable(f"its filter is a template: `{' '.join(text.split())[:80]}`")
        return condition

    def _reference(self, call: str, model: SemanticModel, time_dimension: str | None) -> str:
        name, arguments, grain = _parsed(call)
        written = str(arguments.get("name", ""))
        path = arguments.get("entity_path") or []
        if name == "Metric" or not isinstance(path, list):
            raise Unsayable(f"its filter uses `{call}`")
        if written == "metric_time":
            if time_dimension is None:
                raise Unsayable("its time dimension is unknown")
            return self._at(time_dimension, grain)
        *entities, last = [*(str(step) for step in path), *written.split("__")]
        if name == "Entity":
            entities = [*entities, last] if not any(entity.name == last for entity in model.entities) else entities
        steps, target = path_to(model, entities, self._joins)
        known = self._models[target]
        names = {item.name for item in known.dimensions} | {entity.name for entity in known.entities}
        if last not in names:
            raise Unsayable(f"`{target}` has no dimension `{last}`")
        return self._at(".".join([*steps, last]), grain)

    def _at(self, column: str, grain: str | None) -> str:
        if grain is None:
            return column
        timeframe = _GRAINS.get(grain.lower(), "")
        if not is_timeframe(timeframe):
            raise Unsayable(f"its filter uses the grain `{grain}`")
        try:
            return at_timeframe(column, timeframe, self._dialect)
        except Unresolvable as error:
            raise Unsayable(str(error)) from None


_PARAMETERS: Mapping[str, tuple[str, ...]] = {
    "Dimension": ("name", "entity_path"),
    "TimeDimension": ("name", "time_granularity_name", "entity_path"),
    "Entity": ("name", "entity_path"),
    "Metric": ("name", "group_by"),
}


def _parsed(call: str) -> tuple[str, dict[str, object], str | None]:
    """The function, its arguments by name, and the grain that `.grain(…)` or the function itself asks for."""
    try:
        tree = ast.parse(call, mode="eval").body
        grain = None
        if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Attribute):
            if tree.func.attr != "grain":
                raise Unsayable(f"its filter uses `{call}`")
            grain, tree = str(ast.literal_eval(tree.args[0])), tree.func.value
        if not isinstance(tree, ast.Call) or not isinstance(tree.func, ast.Name) or tree.func.id not in _PARAMETERS:
            raise Unsayable(f"its filter uses `{call}`")
        read: Callable[[ast.expr], object] = ast.literal_eval
        arguments = dict(zip(_PARAMETERS[tree.func.id], map(read, tree.args), strict=False))
        arguments |= {keyword.arg or "": read(keyword.value) for keyword in tree.keywords}
    except (SyntaxError, ValueError, IndexError, RecursionError):
        raise Unsayable(f"its filter uses `{call}`") from None
    granularity = arguments.get("time_granularity_name")
    return tree.func.id, arguments, grain or (str(granularity) if granularity else None)

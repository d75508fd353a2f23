"""Metrics as measures of the source that owns their first input."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ktx_daemon.metricflow.conditions import Conditions
from ktx_daemon.metricflow.joins import Unsayable
from ktx_daemon.metricflow.project import Aggregate, DbtProject, Metric, SemanticModel, filters_of

_AGGREGATES = {
    "sum": "sum({0})",
    "min": "min({0})",
    "max": "max({0})",
    "count": "count({0})",
    "count_distinct": "count(distinct {0})",
    "average": "avg({0})",
    "avg": "avg({0})",
    "median": "median({0})",
    "sum_boolean": "sum(CASE WHEN {0} THEN 1 ELSE 0 END)",
}
_UNSAYABLE_SETTINGS = {
    "offset_window": "it compares with another time (offset_window)",
    "offset_to_grain": "it compares with another time (offset_to_grain)",
    "join_to_timespine": "it is joined to a time spine",
}
_UNSAYABLE_KINDS = {
    "cumulative": "cumulative metrics add up over time, which a measure cannot",
    "conversion": "conversion metrics follow events in time, which a measure cannot",
}
_WORD = re.compile(r"\b[A-Za-z_]\w*\b")


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure of a source."""

    source: str
    name: str
    expr: str
    filter: str | None
    description: str | None
    is_simple: bool

    def definition(self) -> dict[str, str]:
        """The measure as a source has it."""
        written = {"name": self.name, "expr": self.expr, "filter": self.filter, "description": self.description}
        return {key: value for key, value in written.items() if value}


class MetricBuilder:
    """Makes the measures of a project's metrics."""

    def __init__(self, project: DbtProject, conditions: Conditions) -> None:
        self._project = project
        self._conditions = conditions
        self._made: dict[str, Measure] = {}
        self._open: list[str] = []

    def measure(self, name: str) -> Measure:
        """The measure of a metric. Raises `Unsayable` with the reason why there is none."""
        if name in self._made:
            return self._made[name]
        metric = self._project.metrics.get(name)
        if metric is None:
            raise Unsayable(f"the metric `{name}` is not there")
        if name in self._open:
            raise Unsayable(f"the metric `{name}` is made of itself")
        self._open.append(name)
        try:
            measure = self._made[name] = self._build(metric)
        finally:
            self._open.pop()
        return measure

    def _build(self, metric: Metric) -> Measure:
        if reason := _UNSAYABLE_KINDS.get(metric.kind):
            raise Unsayable(reason)
        if metric.kind == "simple":
            return self._simple(metric, metric.settings.get("measure"), metric.filters)
        if metric.kind == "ratio":
            sides = [self._input(metric, metric.settings.get(side), metric.filters)
                     for side in ("numerator", "denominator")]  # fmt: skip
            return self._combined(metric, sides, f"{_operand(sides[0].expr)} / {_operand(sides[1].expr)}")
        if metric.kind == "derived":
            return self._derived(metric)
        raise Unsayable(f"unknown type of metric: {metric.kind}")

    def _simple(self, metric: Metric, written: object, filters: tuple[str, ...]) -> Measure:
        settings: Mapping[str, Any] = written if isinstance(written, Mapping) else {"name": written}
        _refuse(metric.settings)
        _refuse(settings)
        aggregate, model = self._aggregate(str(settings.get("name")), settings.get("model"))
        conditions = (*filters_of(settings), *filters)
        condition = self._conditions.all_of(conditions, model, aggregate.time_dimension)
        words = metric.description or aggregate.description
        return Measure(model.name, metric.name, expression(aggregate), condition, words, is_simple=True)

    def _aggregate(self, name: str, of: object) -> tuple[Aggregate, SemanticModel]:
        for model in self._project.models.values():
            if name in model.aggregates and of in (None, model.name):
                return model.aggregates[name], model
        raise Unsayable(f"the measure `{name}` is not there")

    def _derived(self, metric: Metric) -> Measure:
        inputs: dict[str, Measure] = {}
        for written in metric.settings.get("metrics") or []:
            named = written if isinstance(written, Mapping) else {"name": written}
            inputs[str(named.get("alias") or named.get("name"))] = self._input(metric, named, metric.filters)
        expr = str(metric.settings.get("expr") or "")
        if not inputs or not expr:
            raise Unsayable("it has no inputs or no expr")
        written_out = _WORD.sub(lambda word: _operand(inputs[word[0]].expr) if word[0] in inputs else word[0], expr)
        return self._combined(metric, list(inputs.values()), written_out)

    def _input(self, metric: Metric, written: object, filters: tuple[str, ...]) -> Measure:
        """An input with its filters inside its aggregates. Unfiltered, it is named."""
        settings: Mapping[str, Any] = written if isinstance(written, Mapping) else {"name": written}
        _refuse(settings)
        name = str(settings.get("name"))
        own = self.measure(name)
        more = (*filters_of(settings), *filters)
        if not more:
            return Measure(own.source, name, name, None, None, is_simple=False)
        known = self._project.metrics[name]
        if not own.is_simple:
            raise Unsayable(f"it filters `{name}`, which is made of other metrics")
        filtered = self._simple(known, known.settings.get("measure"), (*known.filters, *more))
        helper = f"{metric.name}__{settings.get('alias') or name}"
        self._made[helper] = Measure(own.source, helper, filtered.expr, filtered.filter, None, is_simple=True)
        return Measure(own.source, helper, helper, None, None, is_simple=False)

    def _combined(self, metric: Metric, inputs: list[Measure], expr: str) -> Measure:
        sources = list(dict.fromkeys(measure.source for measure in inputs))
        if len(sources) > 1:
            example = expr if " " in expr else f"{inputs[0].expr} …"
            raise Unsayable(f"its inputs are of several sources ({', '.join(sources)}): ask for `{example}` in a query")
        return Measure(sources[0], metric.name, expr, None, metric.description, is_simple=False)

    def made(self) -> list[Measure]:
        """Everything that was made, with what metrics needed for themselves."""
        return list(self._made.values())


def expression(aggregate: Aggregate) -> str:
    """The aggregate as a measure's expression. Raises `Unsayable`."""
    if aggregate.refusal is not None:
        raise Unsayable(aggregate.refusal)
    if aggregate.agg == "percentile":
        if aggregate.percentile is None:
            raise Unsayable("a percentile without its number")
        return f"percentile({aggregate.expr}, {aggregate.percentile:g})"
    if aggregate.agg not in _AGGREGATES:
        raise Unsayable(f"unknown aggregate: {aggregate.agg}")
    return _AGGREGATES[aggregate.agg].format(aggregate.expr)


def _refuse(settings: Mapping[str, Any]) -> None:
    for key, reason in _UNSAYABLE_SETTINGS.items():
        if settings.get(key):
            raise Unsayable(reason)


def _operand(expression: str) -> str:
    return expression if re.fullmatch(r"\w+", expression) else f"({expression})"

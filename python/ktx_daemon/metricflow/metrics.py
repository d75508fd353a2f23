"""Metrics as measures of the source that owns their first input."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ktx_daemon.metricflow.aggregates import expression
from ktx_daemon.metricflow.conditions import Conditions
from ktx_daemon.metricflow.joins import Unsayable
from ktx_daemon.metricflow.project import Aggregate, DbtProject, Metric, SemanticModel, filters_of
from semantic_layer.spans import parse_span

_CONVERSION = "conversion metrics follow events in time, which a measure cannot"
_TO_GRAIN = "it compares with the start of a period (offset_to_grain)"
_NOT_LAST = "by periods longer than a day it is the value at their end; dbt's is the {} of their days"
_OF_MONTHS = "on the last days of a month, the window may begin up to three days later or earlier than dbt's"
_LONGEST = 10_000
_MISSING = "where {} has no rows, its sums and counts are 0 in this expression, not NULL"
_WORD = re.compile(r"'(?:[^']|'')*'|\b[A-Za-z_]\w*\b")


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure of a source. `span` has the keys of one that counts other rows than those of its own period."""

    source: str
    name: str
    expr: str
    time_dimension: str | None
    filter: str | None = None
    description: str | None = None
    span: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[tuple[str, str], ...] = ()
    """Settings whose meaning is not kept, and what is different."""
    is_simple: bool = True
    """Whether it aggregates rows, rather than combining other measures."""

    @property
    def is_of_other_periods(self) -> bool:
        """Whether it adds up over time, or is of an earlier time."""
        return "type" in self.span or "offset" in self.span

    def definition(self) -> dict[str, Any]:
        """The measure as a source has it."""
        written = {"name": self.name, "expr": self.expr, "filter": self.filter, "description": self.description}
        return {key: value for key, value in written.items() if value} | dict(self.span)


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

    def made(self) -> list[Measure]:
        """Everything that was made, with what metrics needed for themselves."""
        return list(self._made.values())

    def _build(self, metric: Metric) -> Measure:
        if metric.kind == "simple":
            return self._simple(metric)
        if metric.kind == "cumulative":
            return self._cumulative(metric)
        if metric.kind == "ratio":
            sides = [self._input(metric, metric.settings.get(side)) for side in ("numerator", "denominator")]
            return self._combined(metric, sides, f"{sides[0].name} / {sides[1].name}")
        if metric.kind == "derived":
            return self._derived(metric)
        raise Unsayable(_CONVERSION if metric.kind == "conversion" else f"unknown type of metric: {metric.kind}")

    def _simple(self, metric: Metric) -> Measure:
        measure = self._aggregated(metric, ())
        return replace(measure, span={"fill": True}) if _setting(metric, "join_to_timespine") else measure

    def _aggregated(self, metric: Metric, more: tuple[str, ...]) -> Measure:
        """The aggregate that a metric is of, with the filters of both and some more."""
        settings = _named(metric.settings.get("measure"))
        aggregate, model = self._aggregate(str(settings.get("name")), settings.get("model"))
        filters = (*filters_of(settings), *metric.filters, *more)
        condition = self._conditions.all_of(filters, model, aggregate.time_dimension)
        expr = expression(aggregate, is_filtered=condition is not None)
        default = _setting(metric, "fill_nulls_with")
        if default is not None:
            expr = f"coalesce({expr}, {default})"
        words = metric.description or aggregate.description
        return Measure(model.name, metric.name, expr, aggregate.time_dimension, condition, words)

    def _aggregate(self, name: str, of: object) -> tuple[Aggregate, SemanticModel]:
        for model in self._project.models.values():
            if name in model.aggregates and of in (None, model.name):
                return model.aggregates[name], model
        raise Unsayable(f"the measure `{name}` is not there")

    def _cumulative(self, metric: Metric) -> Measure:
        settings = metric.settings
        if any("metric_time" in text for text in metric.filters):
            raise Unsayable("its filter is about the time over which it adds up")
        of = settings.get("input_metric") or settings.get("metric")
        if of is None:
            measure = self._aggregated(metric, ())
        else:
            own = self.measure(str(_named(of).get("name")))
            if own.is_of_other_periods:
                raise Unsayable(f"it adds up `{own.name}` over time, which is of other times itself")
            measure = self._restricted(own, (*filters_of(_named(of)), *metric.filters))
            measure = replace(measure, name=metric.name, description=metric.description)
        window, to_date = settings.get("window"), settings.get("grain_to_date")
        span = {"window": window} if window else {"grain_to_date": to_date} if to_date else {}
        period_agg = str(settings.get("period_agg") or "first").lower()
        notes = [] if period_agg == "last" else [("period_agg", _NOT_LAST.format(period_agg))]
        if window and "day" not in str(window) and "week" not in str(window):
            notes.append(("window", _OF_MONTHS))
        return replace(measure, span=_checked({"type": "cumulative", **span}), notes=tuple(notes))

    def _derived(self, metric: Metric) -> Measure:
        inputs: dict[str, Measure] = {}
        for written in metric.settings.get("metrics") or []:
            named = _named(written)
            alias = str(named.get("alias") or named.get("name"))
            inputs[alias] = self._input(metric, named)
        expr = str(metric.settings.get("expr") or "")
        if not inputs or not expr:
            raise Unsayable("it has no inputs or no expr")
        if len(expr) > _LONGEST:
            raise Unsayable(f"its expr has more than {_LONGEST} characters")
        written_out = _WORD.sub(lambda word: inputs[word[0]].name if word[0] in inputs else word[0], expr)
        return self._combined(metric, list(inputs.values()), written_out)

    def _input(self, metric: Metric, written: object) -> Measure:
        """An input by its own name, or as a measure for this metric alone when its rows are others."""
        settings = _named(written)
        if settings.get("offset_to_grain"):
            raise Unsayable(_TO_GRAIN)
        own = self.measure(str(settings.get("name")))
        filters = (*filters_of(settings), *metric.filters)
        offset = settings.get("offset_window")
        if not filters and not offset:
            return own
        measure = self._restricted(own, filters)
        if offset:
            if own.is_of_other_periods:
                raise Unsayable(f"it compares `{own.name}` with another time, which is of other times itself")
            if any("metric_time" in text for text in filters):
                raise Unsayable("it filters the time that it compares with another")
            measure = replace(measure, span=_checked({"offset": str(offset)}))
        helper = replace(measure, name=f"{metric.name}__{settings.get('alias') or own.name}", description=None)
        for made in self._made.values():
            if made.expr == helper.expr and replace(made, name=helper.name, description=None) == helper:
                return made
        self._made[helper.name] = helper
        return helper

    def _restricted(self, own: Measure, filters: tuple[str, ...]) -> Measure:
        """A measure with conditions on the rows of all that it is made of."""
        known = self._project.metrics[own.name]
        if own.is_simple and known.kind == "simple":
            return replace(self._aggregated(known, filters), span=own.span)
        condition = self._conditions.all_of(filters, self._project.models[own.source], own.time_dimension)
        if own.is_of_other_periods:
            both = f"({own.filter}) AND ({condition})" if own.filter and condition else condition or own.filter
            return replace(own, filter=both)
        return replace(own, expr=own.name, filter=condition, span={}, is_simple=False)

    def _combined(self, metric: Metric, inputs: list[Measure], expr: str) -> Measure:
        """Arithmetic over measures, of the source of the first."""
        first = inputs[0]
        notes = [note for measure in inputs for note in measure.notes]
        if any("offset" in measure.span for measure in inputs):
            notes.append(("offset_window", _MISSING.format("an earlier time")))
        if any(measure.source != first.source for measure in inputs):
            notes.append(("expr", _MISSING.format("a source")))
        written = _WORD.sub(lambda word: self._qualified(word[0], first, inputs), expr)
        time = first.time_dimension if len({measure.time_dimension for measure in inputs}) == 1 else None
        return Measure(
            first.source,
            metric.name,
            written,
            time,
            description=metric.description,
            notes=tuple(dict.fromkeys(notes)),
            is_simple=False,
        )

    def _qualified(self, name: str, first: Measure, inputs: list[Measure]) -> str:
        measure = next((measure for measure in inputs if measure.name == name), first)
        return name if measure.source == first.source else f"{measure.source}.{name}"


def _setting(metric: Metric, key: str) -> Any:
    """What a metric says of its input, or in the old form the input of itself."""
    of_input = _named(metric.settings.get("measure")).get(key)
    return metric.settings.get(key) if of_input is None else of_input


def _named(written: object) -> Mapping[str, Any]:
    return written if isinstance(written, Mapping) else {"name": written}


def _checked(span: dict[str, Any]) -> dict[str, Any]:
    try:
        parse_span(span.get("type"), span.get("window"), span.get("grain_to_date"), span.get("offset"))
    except ValueError as error:
        raise Unsayable(str(error)) from None
    return span

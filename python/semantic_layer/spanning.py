"""The measures of a span as WITH entries: one that aggregates small groups of rows by the time, and one over those.

Every row counts for many periods, so rows are not joined to periods. Small groups end where spans can begin or end. For
running totals they are read once, in order; a span with a beginning is joined to the times of the small groups that it
takes in, while what it counts once is counted apart. What has no parts, such as a median, is computed from the rows of
those groups.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from sqlglot import exp

from semantic_layer.calendars import Calendar
from semantic_layer.dialects import SqlDialect
from semantic_layer.distinct_counts import DistinctCounts
from semantic_layer.filters import RowFilter
from semantic_layer.granularity import start_of_period
from semantic_layer.partial_aggregates import PartialAggregates, partial_aggregates
from semantic_layer.running_totals import RunningTotals, Since
from semantic_layer.spans import Span, bounds, granule_of
from semantic_layer.statement import Rows
from semantic_layer.tables import Tables, with_entry

if TYPE_CHECKING:
    from semantic_layer.result_groups import ResultGroups


class Spanning:
    """The entries of one fact's measures with one span. ``columns`` has the measures by the names of their columns."""

    def __init__(
        self,
        rows: Rows,
        filters: Sequence[RowFilter],
        columns: Mapping[str, exp.Expr],
        span: Span,
        result: ResultGroups,
        dialect: SqlDialect,
        tables: Tables,
    ) -> None:
        self._rows = rows
        self._filters = filters
        self._columns = columns
        self._span = span
        self._result = result
        self._dialect = dialect
        self._tables = tables
        self._taken = {label.lower() for label in (*columns, *result.labels)}

    def entries(self, name: str) -> list[exp.CTE]:
        """What computes the measures, the last under that name. It may have groups that the result has not."""
        parts = partial_aggregates(self._columns, self._free, self._dialect)
        table = self._tables.name(f"{name}_parts")
        if parts is None:
            return self._of_rows(table, name)
        if not self._span.has_no_beginning_of_its_own(self._result.periods.granularity):
            return self._within(parts, table, name)
        return [
            with_entry(table, self._parts(parts.keys, parts.values), self._dialect),
            with_entry(name, self._running(parts, table), self._dialect),
        ]

    def _of_rows(self, table: str, name: str) -> list[exp.CTE]:
        """Every row of the fact beside every period that it counts for."""
        spans, period, time = self._tables.name(f"{name}_spans"), self._free("period"), self._free("time_of_part")
        keys = self._group_keys()
        label = self._result.periods.time.label
        on = exp.EQ(this=keys[label], expression=self._dialect.column(spans, time))
        keys[label] = self._dialect.column(spans, period)
        columns = [*((key, tree.copy()) for key, tree in keys.items()), *self._columns.items()]
        whole = self._rows.select(columns, self._filters, self._tables)
        join = exp.Join(this=self._dialect.table(spans), on=on)
        whole.set("joins", [*(whole.args.get("joins") or ()), join])
        varying = [tree for key, tree in keys.items() if not self._result.is_constant(key)]
        whole.set("group", exp.Group(expressions=varying))
        pairs = self._spans(period, time, table)
        # They are distinct, and saying so keeps planners from joining every row to every period first.
        pairs.set("distinct", exp.Distinct())
        return [
            with_entry(table, self._parts({}, {}), self._dialect),
            with_entry(spans, pairs, self._dialect),
            with_entry(name, whole, self._dialect),
        ]

    def _parts(self, keys: Mapping[str, exp.Expr], values: Mapping[str, exp.Expr]) -> exp.Select:
        """The small groups: by the other dimensions, a time and what is counted once."""
        trees = self._group_keys() | dict(keys)
        columns = [*((label, tree.copy()) for label, tree in trees.items()), *values.items()]
        select = self._rows.select(columns, self._timed, self._tables)
        varying = [tree for label, tree in trees.items() if not self._result.is_constant(label)]
        select.set("group", exp.Group(expressions=varying))
        return select

    def _running(self, parts: PartialAggregates, table: str) -> exp.Select:
        """The measures at the end of each period: of all before it, or since the longer period began."""
        time = self._dialect.bare_column(self._result.periods.time.label)
        lower, upper = self._bounds(time.copy())
        since = None
        if self._span.to_date and lower is not None:
            since = Since(start_of_period(time, self._span.to_date, self._dialect, self._zoneless), lower)
        totals = RunningTotals(table, [*parts.values], [*parts.keys], self._result, self._dialect, self._free)
        return totals.select({key: partial(parts.whole, key) for key in self._columns}, upper, since)

    def _within(self, parts: PartialAggregates, table: str, name: str) -> list[exp.CTE]:
        """The measures over spans with a beginning: small groups joined to spans, and what is counted apart."""
        keys = {key: tree for key, tree in parts.keys.items() if key not in parts.counted}
        occurrences = {key: self._occurrences(key, tree) for key, tree in parts.keys.items() if key in parts.counted}
        added = [*keys, *parts.values]
        entries = [with_entry(table, self._parts(keys, parts.values), self._dialect)]
        branches: list[exp.Query] = []
        if added or not occurrences:
            spans, period, time = self._tables.name(f"{name}_spans"), self._free("period"), self._free("time_of_part")
            entries.append(with_entry(spans, self._spans(period, time, table), self._dialect))
            columns: list[exp.Expr] = [self._dialect.column(table, key) for key in added]
            columns += [self._dialect.named(exp.Null(), key) for key in occurrences]
            branches.append(self._in_spans(spans, period, time, table, columns))
        if occurrences:
            counts = self._tables.name(f"{name}_counts")
            entries += self._counts(occurrences, table, counts, there := self._free("is_there"))
            columns = [self._dialect.bare_column(label) for label in self._result.labels]
            columns += [exp.Null() for _ in added]
            columns += [self._dialect.bare_column(key) for key in occurrences]
            is_there = exp.GT(this=self._dialect.bare_column(there), expression=_number(0))
            branches.append(self._dialect.select(columns, counts, where=exp.Where(this=is_there)))
        small_groups = (
            branches[0] if len(branches) == 1 else exp.Union(this=branches[0], expression=branches[1], distinct=False)
        )
        return [*entries, with_entry(name, self._whole(parts, small_groups), self._dialect)]

    def _counts(self, occurrences: Mapping[str, exp.Select], table: str, name: str, there: str) -> list[exp.CTE]:
        """Each distinct count, and whether there are rows at all: those without a value to count are a group, too."""
        row = self._dialect.named(_number(1), there)
        rows = self._dialect.select([*map(self._dialect.bare_column, self._result.labels), row], table)
        distinct = DistinctCounts(
            {**occurrences, there: rows}, table, self._limits, self._result, self._dialect, self._tables, self._free
        )
        return distinct.entries(name)

    def _whole(self, parts: PartialAggregates, small_groups: exp.Query) -> exp.Select:
        """The measures, over what counts for each group of the result."""

        def merged(call: exp.Expr) -> exp.Expr:
            if not isinstance(call.this, exp.Distinct) or call.this.expressions[0].name not in parts.counted:
                return call
            return exp.Coalesce(this=exp.Max(this=call.this.expressions[0]), expressions=[_number(0)])

        labels = [self._dialect.bare_column(label) for label in self._result.labels]
        return exp.Select(
            expressions=[*labels, *(self._dialect.named(parts.whole(key, merged), key) for key in self._columns)],
            from_=exp.From(this=self._dialect.derived_table(small_groups, self._free("in_spans"))),
            group=exp.Group(expressions=[label.copy() for label in labels]),
        )

    def _spans(self, period: str, time: str, table: str) -> exp.Select:
        """Each period beside the times of small groups that its span takes in."""
        label = self._result.periods.time.label
        periods, times = self._dialect.column("periods", label), self._dialect.column("times", label)
        lower, upper = self._bounds(periods)
        is_taken_in: list[exp.Expr] = [exp.LT(this=times, expression=upper)]
        if lower is not None:
            is_taken_in.append(exp.GTE(this=times.copy(), expression=lower))
        return exp.Select(
            expressions=[self._dialect.named(periods.copy(), period), self._dialect.named(times.copy(), time)],
            from_=exp.From(this=self._distinct(self._result.name, label, "periods")),
            joins=[exp.Join(this=self._distinct(table, label, "times"), on=exp.and_(*is_taken_in, copy=False))],
        )

    def _in_spans(self, spans: str, period: str, time: str, table: str, columns: Sequence[exp.Expr]) -> exp.Select:
        """The small groups, once for each period that counts them."""
        on = exp.EQ(
            this=self._dialect.column(table, self._result.periods.time.label),
            expression=self._dialect.column(spans, time),
        )
        labels = [
            self._dialect.named(self._dialect.column(spans, period), label)
            if self._is_time(label)
            else self._dialect.column(table, label)
            for label in self._result.labels
        ]
        select = self._dialect.select([*labels, *columns], table)
        select.set("joins", [exp.Join(this=self._dialect.table(spans), on=on)])
        return select

    def _occurrences(self, name: str, value: exp.Expr) -> exp.Select:
        """In which small groups each value is."""
        select = self._rows.select([*self._group_keys().items(), (name, value)], self._timed, self._tables)
        select.set("distinct", exp.Distinct())
        return select

    def _group_keys(self) -> dict[str, exp.Expr]:
        """The dimensions by label, with the beginning of a small group as the time."""
        return {
            dimension.label: self._granule() if self._is_time(label) else self._rows.value(dimension.tree)
            for label, dimension in zip(self._result.labels, self._result.dimensions, strict=True)
        }

    @property
    def _timed(self) -> list[RowFilter | exp.Expr]:
        return [*self._filters, exp.Not(this=exp.Is(this=self._time(), expression=exp.Null()))]

    def _bounds(self, period: exp.Expr) -> tuple[exp.Expr | None, exp.Expr]:
        periods = self._result.periods
        return bounds(self._span, period, periods.granularity, self._dialect, periods.calendar)

    def _limits(self, period: exp.Expr) -> tuple[exp.Expr, exp.Expr]:
        """The bounds of a span that has a beginning."""
        lower, upper = self._bounds(period)
        assert lower is not None
        return lower, upper

    def _time(self) -> exp.Expr:
        time = self._result.periods.time
        return self._rows.value(time.time or time.tree)

    def _granule(self) -> exp.Expr:
        periods = self._result.periods
        unit = granule_of(self._span, periods.granularity)
        return start_of_period(self._time(), unit, self._dialect, self._zoneless, periods.time.field.strip())

    @property
    def _zoneless(self) -> Calendar:
        """The calendar for times that are in its zone already."""
        calendar = self._result.periods.calendar
        return Calendar(calendar.week_start, calendar.fiscal_start)

    def _is_time(self, label: str) -> bool:
        return label == self._result.periods.time.label

    def _distinct(self, table: str, label: str, alias: str) -> exp.Subquery:
        select = self._dialect.select([self._dialect.bare_column(label)], table, distinct=exp.Distinct())
        return self._dialect.derived_table(select, alias)

    def _free(self, wanted: str) -> str:
        """A name that no column has."""
        name, number = wanted, 2
        while name.lower() in self._taken:
            name, number = f"{wanted}_{number}", number + 1
        self._taken.add(name.lower())
        return name


def _number(value: int) -> exp.Expr:
    return exp.Literal.number(str(value))

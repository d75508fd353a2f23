"""The measures of a span as WITH entries: one that aggregates small groups of rows by the time, and one over those.

Every row counts for many periods, so rows are not joined to periods. Small groups end where spans can begin or end. For
running totals they are read once, in order; a span with a beginning is joined to the times of the small groups that it
takes in. What has no parts, such as a median, is computed from the rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from sqlglot import exp

from semantic_layer.calendars import Calendar
from semantic_layer.dialects import SqlDialect
from semantic_layer.filters import RowFilter
from semantic_layer.granularity import start_of_period
from semantic_layer.partial_aggregates import PartialAggregates, partial_aggregates
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
        if parts is None:
            return [with_entry(name, self._of_rows(), self._dialect)]
        table = self._tables.name(f"{name}_parts")
        whole = (
            self._running(parts, table)
            if self._span.has_no_beginning_of_its_own(self._result.periods.granularity)
            else self._joined(parts, table)
        )
        return [
            with_entry(table, self._parts(parts), self._dialect),
            with_entry(name, whole, self._dialect),
        ]

    def _of_rows(self) -> exp.Select:
        """Every row of the fact beside every period that it counts for."""
        labels = [(label, self._dialect.column(self._result.name, label)) for label in self._result.labels]
        select = self._rows.select([*labels, *self._columns.items()], self._filters, self._tables)
        keys = [self._rows.value(dimension.tree) for dimension in self._result.dimensions]
        join = self._result.matches(self._span, keys, self._time())
        select.set("joins", [*(select.args.get("joins") or ()), join])
        select.set("group", exp.Group(expressions=[column.copy() for _, column in labels]))
        return select

    def _parts(self, parts: PartialAggregates) -> exp.Select:
        """The small groups: by the other dimensions, a time and what is counted once."""
        keys = {
            dimension.label: self._granule() if self._is_time(label) else self._rows.value(dimension.tree)
            for label, dimension in zip(self._result.labels, self._result.dimensions, strict=True)
        } | dict(parts.keys)
        select = self._rows.select(
            [*((label, tree.copy()) for label, tree in keys.items()), *parts.values.items()],
            [*self._filters, exp.Not(this=exp.Is(this=self._time(), expression=exp.Null()))],
            self._tables,
        )
        varying = [tree for label, tree in keys.items() if not self._result.is_constant(label)]
        select.set("group", exp.Group(expressions=varying))
        return select

    def _joined(self, parts: PartialAggregates, table: str) -> exp.Select:
        """The small groups beside the periods whose spans take in their times."""
        spans, period, time = self._free("spans"), self._free("period"), self._free("time_of_part")
        label = self._result.periods.time.label
        lower, upper = self._bounds(self._dialect.column("periods", label))
        taken_in: list[exp.Expr] = [exp.LT(this=self._dialect.column("times", label), expression=upper)]
        if lower is not None:
            taken_in.append(exp.GTE(this=self._dialect.column("times", label), expression=lower))
        pairs = exp.Select(
            expressions=[
                self._named(self._dialect.column("periods", label), period),
                self._named(self._dialect.column("times", label), time),
            ],
            from_=exp.From(this=self._distinct(self._result.name, label, "periods")),
            joins=[exp.Join(this=self._distinct(table, label, "times"), on=exp.and_(*taken_in, copy=False))],
        )
        on = exp.EQ(this=self._dialect.column(table, label), expression=self._dialect.column(spans, time))
        keys = [
            self._dialect.column(spans, period) if self._is_time(other) else self._dialect.column(table, other)
            for other in self._result.labels
        ]
        measures = [self._named(parts.whole(key), key) for key in self._columns]
        return exp.Select(
            expressions=[
                *(self._named(key.copy(), other) for key, other in zip(keys, self._result.labels, strict=True)),
                *measures,
            ],
            from_=exp.From(this=self._table(table)),
            joins=[exp.Join(this=self._subquery(pairs, spans), on=on)],
            group=exp.Group(expressions=keys),
        )

    def _running(self, parts: PartialAggregates, table: str) -> exp.Select:
        """The small groups and the ends of the periods in order, and at each end what came before."""
        is_end, since, period = self._free("is_end"), self._free("since"), self._free("period")
        label = self._result.periods.time.label
        period_column = self._column(label)
        lower, upper = self._bounds(period_column.copy())
        to_date = self._span.to_date
        since_part = start_of_period(self._column(label), to_date, self._dialect, self._zoneless) if to_date else None
        within = [self._column(other) for other in self._result.labels if not self._is_time(other)]
        first = [self._first(key, [*within, since_part] if since_part is not None else within) for key in parts.keys]
        of_parts: list[exp.Expr] = [*map(self._column, (*self._result.labels, *parts.values)), *first]
        ends: list[exp.Expr] = [upper if self._is_time(other) else self._column(other) for other in self._result.labels]
        ends += [exp.Null() for _ in (*parts.values, *parts.keys)]
        for own, others, name in (
            (_number(0), _number(1), is_end),
            (exp.Null(), period_column, period),
            *([(since_part, lower, since)] if since_part is not None and lower is not None else []),
        ):
            of_parts.append(self._named(own, name))
            ends.append(others)
        there = exp.Not(this=exp.Is(this=self._column(label), expression=exp.Null()))
        union = exp.Union(
            this=exp.Select(expressions=of_parts, from_=exp.From(this=self._table(table))),
            expression=exp.Select(
                expressions=ends, from_=exp.From(this=self._table(self._result.name)), where=exp.Where(this=there)
            ),
            distinct=False,
        )
        within += [self._column(since)] if to_date else []
        # A part that begins where a period ends is not in it.
        order = [
            exp.Ordered(this=self._column(label), nulls_first=False),
            exp.Ordered(this=self._column(is_end), desc=True),
        ]

        def so_far(call: exp.Expr) -> exp.Expr:
            is_distinct = isinstance(call.this, exp.Distinct)
            return exp.Window(
                this=type(call)(this=call.this.expressions[0]) if is_distinct else call,
                partition_by=[column.copy() for column in within],
                order=exp.Order(expressions=[key.copy() for key in order]),
                spec=exp.WindowSpec(kind="ROWS", start="UNBOUNDED", start_side="PRECEDING", end="CURRENT ROW"),
            )

        keys = [self._column(period if self._is_time(other) else other) for other in self._result.labels]
        inner = exp.Select(
            expressions=[
                *(self._named(key, other) for key, other in zip(keys, self._result.labels, strict=True)),
                *(self._named(parts.whole(key, so_far), key) for key in self._columns),
                self._column(is_end),
            ],
            from_=exp.From(this=self._subquery(union, self._free("points"))),
        )
        return exp.Select(
            expressions=[self._column(name) for name in (*self._result.labels, *self._columns)],
            from_=exp.From(this=self._subquery(inner, self._free("sums"))),
            where=exp.Where(this=exp.EQ(this=self._column(is_end), expression=_number(1))),
        )

    def _first(self, key: str, within: Sequence[exp.Expr]) -> exp.Expr:
        """What is counted once, where it occurs for the first time, else NULL."""
        order = exp.Order(expressions=[self._dialect.ascending(self._column(self._result.periods.time.label))])
        number = exp.Window(
            this=exp.RowNumber(), partition_by=[*(tree.copy() for tree in within), self._column(key)], order=order
        )
        is_first = exp.EQ(this=number, expression=_number(1))
        return self._named(exp.Case(ifs=[exp.If(this=is_first, true=self._column(key))]), key)

    def _bounds(self, period: exp.Expr) -> tuple[exp.Expr | None, exp.Expr]:
        periods = self._result.periods
        return bounds(self._span, period, periods.granularity, self._dialect, periods.calendar)

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
        select = exp.Select(
            expressions=[self._column(label)], distinct=exp.Distinct(), from_=exp.From(this=self._table(table))
        )
        return self._subquery(select, alias)

    def _subquery(self, query: exp.Query, alias: str) -> exp.Subquery:
        return exp.Subquery(this=query, alias=exp.TableAlias(this=self._dialect.identifier(alias)))

    def _named(self, tree: exp.Expr, label: str) -> exp.Alias:
        return exp.Alias(this=tree, alias=self._dialect.identifier(label))

    def _column(self, label: str) -> exp.Column:
        return exp.Column(this=self._dialect.identifier(label))

    def _table(self, name: str) -> exp.Table:
        return exp.Table(this=self._dialect.identifier(name))

    def _free(self, wanted: str) -> str:
        """A name that no column has."""
        name, number = wanted, 2
        while name.lower() in self._taken:
            name, number = f"{wanted}_{number}", number + 1
        self._taken.add(name.lower())
        return name


def _number(value: int) -> exp.Expr:
    return exp.Literal.number(str(value))

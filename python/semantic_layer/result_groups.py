"""The groups of a result as its own table: for them cumulative and offset measures count, and gaps are filled in.

A *spine* has every period from the first that has rows to the last: those of the project's date table, or where it
names none all of them. Filling makes a group of each period and each
combination of the other dimensions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from semantic_layer.calendars import Calendar
from semantic_layer.date_tables import DateTable
from semantic_layer.dimensions import Dimension
from semantic_layer.granularity import start_of_period
from semantic_layer.model import Model
from semantic_layer.spans import next_period
from semantic_layer.tables import Tables, with_entry

_WITHIN_DAYS = ("hour", "minute")


@dataclass(frozen=True, slots=True)
class Periods:
    """The one dimension of a query that is a time cut down to periods."""

    time: Dimension
    is_filled: bool
    calendar: Calendar
    dates: DateTable | None = None

    @property
    def granularity(self) -> str:
        """How long the periods are."""
        return str(self.time.granularity).lower()


class ResultGroups:
    """The WITH entries that list the groups, and the conditions that match rows to them."""

    def __init__(self, model: Model, dimensions: Sequence[Dimension], periods: Periods, tables: Tables) -> None:
        self._model = model
        self._dialect = model.dialect
        self._tables = tables
        self.dimensions = dimensions
        self.periods = periods
        self.name = tables.name("result_groups")

    @property
    def labels(self) -> list[str]:
        """The columns, one for each dimension."""
        return [dimension.label for dimension in self.dimensions]

    def is_constant(self, label: str) -> bool:
        """Whether a column has the same value on every row."""
        return any(dimension.is_constant for dimension in self.dimensions if dimension.label == label)

    def entries(
        self, facts: Sequence[str], *, include_empty: bool, empty_groups: exp.Query | None = None
    ) -> list[exp.CTE]:
        """The groups that any fact has, or that all have, and with filling those between them. ``facts`` are tables.

        Empty groups are among them: what came before them counts there as well.
        """
        groups: exp.Query = self._all(facts[0])
        for fact in facts[1:]:
            kind = exp.Union if include_empty else exp.Intersect
            groups = kind(this=groups, expression=self._all(fact), distinct=True)
        if empty_groups is not None:
            groups = exp.Union(this=groups, expression=empty_groups, distinct=True)
        if not self.periods.is_filled:
            return [with_entry(self.name, groups, self._dialect)]
        given, spine = self._tables.name("given_groups"), self._tables.name("spine")
        label = self.periods.time.label
        columns = [self._dialect.column(spine if d is self.periods.time else given, d.label) for d in self.dimensions]
        # Without any group the spine is one NULL.
        is_period = exp.Not(this=exp.Is(this=self._dialect.column(spine, label), expression=exp.Null()))
        filled = self._dialect.select(columns, spine, where=exp.Where(this=is_period))
        others = [self._dialect.bare_column(d.label) for d in self.dimensions if d is not self.periods.time]
        if others:
            distinct = self._dialect.select(others, given, distinct=exp.Distinct())
            filled.set("joins", [exp.Join(this=self._dialect.derived_table(distinct, given), kind="CROSS")])
        return [
            with_entry(given, groups, self._dialect),
            with_entry(spine, self._spine(given, label, spine, self.periods.dates), self._dialect),
            with_entry(self.name, exp.Union(this=filled, expression=self._all(given), distinct=True), self._dialect),
        ]

    def _spine(self, given: str, label: str, spine: str, dates: DateTable | None) -> exp.Query:
        """Every period from the first to the last: of the date table, or by recursion."""
        if dates is not None:
            return self._listed(given, label, dates)
        last_period = "last_period" if label.lower() != "last_period" else "last_of_all"
        column, last = self._dialect.bare_column(label), self._dialect.bare_column(last_period)
        ends = [(exp.Min(this=column), label), (exp.Max(this=column), last_period)]
        first = self._dialect.select([self._dialect.named(self._typed(end), name) for end, name in ends], given)
        following = self._typed(next_period(column.copy(), self.periods.granularity, self._dialect))
        is_before_last = exp.Where(this=exp.LT(this=column.copy(), expression=last.copy()))
        onward = self._dialect.select([following, last], spine, where=is_before_last)
        return exp.Union(this=first, expression=onward, distinct=False)

    def _listed(self, given: str, label: str, dates: DateTable) -> exp.Query:
        select, date = dates.select(self._model, self._tables)
        calendar = Calendar(self.periods.calendar.week_start, self.periods.calendar.fiscal_start)
        name = f"{dates.node}.{date.name}"
        period = self._typed(start_of_period(date, self.periods.granularity, self._dialect, calendar, name))
        first, last = (
            exp.Subquery(this=self._dialect.select([call(this=self._dialect.bare_column(label))], given))
            for call in (exp.Min, exp.Max)
        )
        select.set("expressions", [self._dialect.named(period, label)])
        select.set("where", exp.Where(this=exp.Between(this=period.copy(), low=first, high=last)))
        select.set("distinct", exp.Distinct())
        return select

    def _typed(self, period: exp.Expr) -> exp.Expr:
        """Periods and their followers must be of one type, where adding to a date makes a time."""
        if self._dialect.name not in ("postgres", "duckdb"):
            return period
        kind = "timestamp" if self.periods.granularity in _WITHIN_DAYS else "date"
        return exp.Cast(this=period, to=exp.DataType.build(kind))

    def _all(self, table: str) -> exp.Select:
        columns = [self._dialect.bare_column(dimension.label) for dimension in self.dimensions]
        return self._dialect.select(columns, table)

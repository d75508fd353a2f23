"""Distinct counts in spans that have a beginning, such as the buyers of the last 28 days.

A value counts in a span that it occurs in, and there its last occurrence counts for all. So an occurrence counts from
its time until the next one, or until the last span that takes it in has ended: one more at its beginning, one less at
its end. The count of a period is the running total of these changes, and no row is looked at once for every span.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlglot import exp

from semantic_layer.dialects import SqlDialect
from semantic_layer.partial_aggregates import Merge
from semantic_layer.result_groups import ResultGroups
from semantic_layer.running_totals import RunningTotals
from semantic_layer.tables import Tables, with_entry


@dataclass(frozen=True, slots=True)
class DistinctCounts:
    """Counts by the names of their columns, each with the values to count as a SELECT.

    It has the columns of the result, its time cut down to the beginnings of small groups, and one of the count's name.
    ``parts`` is the table of small groups, and ``bounds`` gives the span of a period: from when, until when.
    """

    occurrences: Mapping[str, exp.Select]
    parts: str
    bounds: Callable[[exp.Expr], tuple[exp.Expr, exp.Expr]]
    result: ResultGroups
    dialect: SqlDialect
    tables: Tables
    free: Callable[[str], str]

    def entries(self, name: str) -> list[exp.CTE]:
        """The WITH entries, the last under that name: the groups of the result, with a column of each count."""
        ends, ended = self.tables.name(f"{name}_ends"), self.free("ended")
        entries = [with_entry(ends, self._ends(ended), self.dialect)]
        tables = {}
        for count, occurrences in self.occurrences.items():
            tables[count] = self.tables.name(f"{name}_{count}")
            entries.append(with_entry(tables[count], self._lasting(count, occurrences, ends, ended), self.dialect))
        changes = self.tables.name(f"{name}_changes")
        entries.append(with_entry(changes, self._changes(tables, ended), self.dialect))
        totals = RunningTotals(changes, list(tables), (), self.result, self.dialect, self.free)
        until = self.bounds(self.dialect.bare_column(self._time))[1]
        counts = totals.select({count: self._total(count) for count in tables}, until)
        return [*entries, with_entry(name, counts, self.dialect)]

    @property
    def _time(self) -> str:
        return self.result.periods.time.label

    def _total(self, count: str) -> Callable[[Merge], exp.Expr]:
        return lambda merge: merge(exp.Sum(this=self.dialect.bare_column(count)))

    def _ends(self, ended: str) -> exp.Select:
        """Each time of a small group, and when the last span ends that takes it in. Later spans end later."""
        column, named = self.dialect.bare_column, self.dialect.named
        is_time = self.free("is_time")
        lower, upper = self.bounds(column(self._time))
        spans = self.dialect.select(
            [named(lower, self._time), named(upper, ended), named(_number(0), is_time)],
            self.result.name,
            where=_is_there(column(self._time)),
        )
        times = self.dialect.select(
            [column(self._time), exp.Null(), _number(1)], self.parts, group=exp.Group(expressions=[column(self._time)])
        )
        # A span that begins at a time takes it in.
        order = exp.Order(expressions=[self.dialect.ascending(column(key)) for key in (self._time, is_time)])
        last = exp.Window(
            this=exp.Max(this=column(ended)),
            order=order,
            spec=exp.WindowSpec(kind="ROWS", start="UNBOUNDED", start_side="PRECEDING", end="CURRENT ROW"),
        )
        points = exp.Union(this=spans, expression=times, distinct=False)
        in_order = exp.Select(
            expressions=[column(self._time), column(is_time), named(last, ended)],
            from_=exp.From(this=self.dialect.derived_table(points, self.free("points"))),
        )
        is_taken_in = exp.and_(
            exp.EQ(this=column(is_time), expression=_number(1)),
            exp.GT(this=column(ended), expression=column(self._time)),
            copy=False,
        )
        return exp.Select(
            expressions=[column(self._time), column(ended)],
            from_=exp.From(this=self.dialect.derived_table(in_order, self.free("in_order"))),
            where=exp.Where(this=is_taken_in),
        )

    def _lasting(self, count: str, occurrences: exp.Select, ends: str, ended: str) -> exp.Select:
        """The occurrences, and until when each is the last of its value in a span that takes it in."""
        column, named = self.dialect.bare_column, self.dialect.named
        following, in_order = self.free("next_time"), self.free("in_order")
        others = [column(label) for label in self.result.labels if label != self._time]
        lead = exp.Window(
            this=exp.Lead(this=column(self._time)),
            partition_by=[*others, column(count)],
            order=exp.Order(expressions=[self.dialect.ascending(column(self._time))]),
        )
        inner = exp.Select(
            expressions=[*map(column, self.result.labels), named(lead, following)],
            from_=exp.From(this=self.dialect.derived_table(occurrences, self.free("occurrences"))),
            where=_is_there(column(count)),
        )
        end = self.dialect.column(ends, ended)
        is_sooner = exp.LT(this=column(following), expression=end)
        until = exp.Case(ifs=[exp.If(this=is_sooner, true=column(following))], default=end.copy())
        on = exp.EQ(this=self.dialect.column(in_order, self._time), expression=self.dialect.column(ends, self._time))
        labels = [self.dialect.column(in_order, label) for label in self.result.labels]
        return exp.Select(
            expressions=[*labels, named(until, ended)],
            from_=exp.From(this=self.dialect.derived_table(inner, in_order)),
            joins=[exp.Join(this=self.dialect.table(ends), on=on)],
        )

    def _changes(self, tables: Mapping[str, str], ended: str) -> exp.Query:
        """How each count changes, by the columns of the result, whose time is that of the change."""
        column, named = self.dialect.bare_column, self.dialect.named
        branches: list[exp.Query] = []
        for count, table in tables.items():
            rows = exp.Count(this=exp.Star())
            for when, change in ((self._time, rows), (ended, exp.Neg(this=rows.copy()))):
                keys = [column(when if label == self._time else label) for label in self.result.labels]
                columns = [named(key, label) for key, label in zip(keys, self.result.labels, strict=True)]
                columns += [named(change if other == count else _number(0), other) for other in tables]
                group = exp.Group(expressions=[key.copy() for key in keys])
                branches.append(self.dialect.select(columns, table, group=group))
        union, *others = branches
        for branch in others:
            union = exp.Union(this=union, expression=branch, distinct=False)
        return union


def _is_there(tree: exp.Expr) -> exp.Where:
    return exp.Where(this=exp.Not(this=exp.Is(this=tree, expression=exp.Null())))


def _number(value: int) -> exp.Expr:
    return exp.Literal.number(str(value))

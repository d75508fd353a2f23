"""Running totals: small groups of rows are read once, in the order of time, and every period takes what came before."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from semantic_layer.dialects import SqlDialect
from semantic_layer.partial_aggregates import Merge
from semantic_layer.result_groups import ResultGroups


@dataclass(frozen=True, slots=True)
class Since:
    """Where totals start again: for a small group, by the column of its time, and for a period."""

    of_part: exp.Expr
    of_period: exp.Expr


@dataclass(frozen=True, slots=True)
class RunningTotals:
    """Totals over a table of small groups, which has the columns of the result and its own.

    Those are ``values`` and ``keys``, of which only the first occurrence of each value counts.
    """

    table: str
    values: Collection[str]
    keys: Collection[str]
    result: ResultGroups
    dialect: SqlDialect
    free: Callable[[str], str]

    def select(
        self, columns: Mapping[str, Callable[[Merge], exp.Expr]], until: exp.Expr, since: Since | None = None
    ) -> exp.Select:
        """The columns, given as what to do with their aggregates, at the end of each period, ``until``."""
        column, named = self.dialect.bare_column, self.dialect.named
        labels, time = self.result.labels, self.result.periods.time.label
        is_part, since_name, period = self.free("is_part"), self.free("since"), self.free("period")
        within = [column(label) for label in labels if label != time]
        first = [self._first(key, [*within, since.of_part] if since else within) for key in self.keys]
        of_parts: list[exp.Expr] = [*map(column, (*labels, *self.values)), *first]
        ends: list[exp.Expr] = [until if label == time else column(label) for label in labels]
        ends += [exp.Null() for _ in (*self.values, *self.keys)]
        for own, others, name in (
            (_number(1), _number(0), is_part),
            (exp.Null(), column(time), period),
            *([(since.of_part, since.of_period, since_name)] if since else []),
        ):
            of_parts.append(named(own, name))
            ends.append(others)
        there = exp.Where(this=exp.Not(this=exp.Is(this=column(time), expression=exp.Null())))
        union = exp.Union(
            this=self.dialect.select(of_parts, self.table),
            expression=self.dialect.select(ends, self.result.name, where=there),
            distinct=False,
        )
        within += [column(since_name)] if since else []
        # A part that begins where a period ends is not in it.
        order = [self.dialect.ascending(column(key)) for key in (time, is_part)]

        def so_far(call: exp.Expr) -> exp.Expr:
            is_distinct = isinstance(call.this, exp.Distinct)
            return exp.Window(
                this=type(call)(this=call.this.expressions[0]) if is_distinct else call,
                partition_by=[part.copy() for part in within],
                order=exp.Order(expressions=[key.copy() for key in order]),
                spec=exp.WindowSpec(kind="ROWS", start="UNBOUNDED", start_side="PRECEDING", end="CURRENT ROW"),
            )

        keys = [column(period if label == time else label) for label in labels]
        sums = exp.Select(
            expressions=[
                *(named(key, label) for key, label in zip(keys, labels, strict=True)),
                *(named(whole(so_far), name) for name, whole in columns.items()),
                column(is_part),
            ],
            from_=exp.From(this=self.dialect.derived_table(union, self.free("points"))),
        )
        return exp.Select(
            expressions=[column(name) for name in (*labels, *columns)],
            from_=exp.From(this=self.dialect.derived_table(sums, self.free("sums"))),
            where=exp.Where(this=exp.EQ(this=column(is_part), expression=_number(0))),
        )

    def _first(self, key: str, within: Sequence[exp.Expr]) -> exp.Expr:
        """What is counted once, where it occurs for the first time, else NULL."""
        column = self.dialect.bare_column
        order = exp.Order(expressions=[self.dialect.ascending(column(self.result.periods.time.label))])
        number = exp.Window(
            this=exp.RowNumber(), partition_by=[*(tree.copy() for tree in within), column(key)], order=order
        )
        is_first = exp.EQ(this=number, expression=_number(1))
        return self.dialect.named(exp.Case(ifs=[exp.If(this=is_first, true=column(key))]), key)


def _number(value: int) -> exp.Expr:
    return exp.Literal.number(str(value))

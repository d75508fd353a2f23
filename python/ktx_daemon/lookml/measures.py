"""Measures: LookML's aggregate types as expressions of the semantic layer."""

import re
from dataclasses import dataclass

from ktx_daemon.lookml.columns import ColumnBuilder, Skipped
from ktx_daemon.lookml.elements import Field, Place, pairs_of
from ktx_daemon.lookml.filters import filter_condition
from ktx_daemon.lookml.liquid import resolved as without_liquid
from ktx_daemon.lookml.references import (
    MAX_DEPTH,
    Unresolvable,
    physical_columns,
    referenced_names,
    resolve,
    without_parentheses,
)

_AGGREGATES = {
    "count_distinct": "count_distinct",
    "sum": "sum",
    "sum_distinct": "sum",
    "average": "avg",
    "average_distinct": "avg",
    "min": "min",
    "max": "max",
    "median": "median",
    "median_distinct": "median",
}
_HAS_AGGREGATE = re.compile(r"(?i)\b(?:min|max|sum|avg|count|any_value|first_value|last_value|array_agg)\s*\(")

_WRITTEN_OUT = frozenset({"date_time", "string", "yesno"})

_PERIODS = frozenset({"day", "week", "month", "quarter", "year"})

CROSS_VIEW = "cross-view measure reference"


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure of the drafted source. `reads` are the physical columns that its own SQL names."""

    name: str
    expr: str
    filter: str | None
    description: str | None
    place: Place
    type: str
    value_format: str | None = None
    reads: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    offset: str | None = None
    """How much earlier the period is that it counts, when it is another than the group's."""

    def answer(self) -> dict[str, str | None]:
        """The measure as `/lookml/parse` gives it."""
        return {"name": self.name, "expr": self.expr, "filter": self.filter, "description": self.description}


class MeasureBuilder:
    """Makes the measures of one view."""

    def __init__(self, columns: ColumnBuilder) -> None:
        self.columns = columns
        self.view = columns.view
        self._fields = {name: item for name, item in self.view.fields.items() if item.kind == "measure"}

    def measures(self) -> tuple[list[Measure], list[Skipped]]:
        """Return the measures in the order of the fields, and those that were left out."""
        kept: list[Measure] = []
        skipped: list[Skipped] = []
        for item in self._fields.values():
            try:
                kept.append(self.measure(item))
            except Unresolvable as error:
                skipped.append(Skipped(item.name, "measure", str(error), item.place))
        return kept, skipped

    def measure(self, item: Field, depth: int = 0) -> Measure:
        """Make one measure. Raises `Unresolvable` with the reason why it cannot be made."""
        if item.type == "period_over_period":
            return self._of_earlier_period(item, depth)
        sql = without_liquid((item.sql or "").strip(), self.columns.known)
        named = referenced_names(sql)
        if any("." in name and not name.startswith(f"{self.view.name}.") for name in named):
            raise Unresolvable(CROSS_VIEW)
        filters = pairs_of(item.settings.get("filters", [])) if item.type != "number" else []
        conditions = [filter_condition(self.columns, name, value) for name, value in filters]
        kind = item.type or "string"
        own = [name.removeprefix(f"{self.view.name}.") for name in named]
        return Measure(
            name=item.name,
            expr=self._expression(item, kind, sql, depth),
            filter=" AND ".join(condition for condition in conditions if condition) or None,
            description=item.words,
            place=item.place,
            type=kind,
            value_format=item.text("value_format") or item.text("value_format_name"),
            reads=tuple(physical_columns(sql)),
            depends_on=tuple(name for name in own if name in self._fields),
        )

    def _of_earlier_period(self, item: Field, depth: int) -> Measure:
        """`period_over_period`: another measure, one period before."""
        based_on = (item.text("based_on") or "").removeprefix(f"{self.view.name}.")
        kind = item.text("kind") or "previous"
        if based_on not in self._fields or depth > MAX_DEPTH:
            raise Unresolvable(f"it is based on `{based_on}`, which is no measure of this view")
        if kind != "previous" or item.text("value_to_date") == "yes":
            told = kind if kind != "previous" else "value_to_date"
            raise Unresolvable(f"a period_over_period with {told}; ask for it in a query")
        period = item.text("period") or ""
        if period not in _PERIODS:
            raise Unresolvable(f"a period_over_period of the period `{period}`")
        base = self.measure(self._fields[based_on], depth + 1)
        if base.offset:
            raise Unresolvable(f"it is based on `{based_on}`, which is of an earlier period itself")
        return Measure(
            name=item.name,
            expr=based_on,
            filter=None,
            description=item.words,
            place=item.place,
            type="number",
            value_format=item.text("value_format") or item.text("value_format_name"),
            depends_on=(based_on,),
            offset=f"1 {period}",
        )

    def _expression(self, item: Field, kind: str, sql: str, depth: int) -> str:
        if kind == "count":
            return "count(*)"
        unresolved = f"could not resolve sql reference: {sql}"
        if kind in _AGGREGATES:
            return f"{_AGGREGATES[kind]}({self._row_expression(sql, unresolved)})"
        if kind in ("percentile", "percentile_distinct"):
            return f"percentile({self._row_expression(sql, unresolved)}, {_share(item)})"
        if kind == "date":
            expression = self._row_expression(sql, f"could not resolve sql reference for date measure: {sql}")
            if _HAS_AGGREGATE.search(expression):
                return expression
            return f"{'max' if 'max' in item.name.lower() else 'min'}({expression})"
        if kind == "number":
            return self._computed(sql, depth)
        # As of a number, its SQL is the whole measure; filters are for what Looker aggregates.
        if kind in _WRITTEN_OUT and sql and not item.settings.get("filters") and _HAS_AGGREGATE.search(sql):
            return self._computed(sql, depth)
        raise Unresolvable(f"unsupported measure type: {kind}")

    def _row_expression(self, sql: str, reason: str) -> str:
        if not sql:
            raise Unresolvable(reason)
        try:
            return without_parentheses(sql, self.columns.expression(sql))
        except Unresolvable as error:
            raise Unresolvable(reason if "could not resolve" in str(error) else str(error)) from None

    def _computed(self, sql: str, depth: int) -> str:
        """SQL over other measures, which are named bare, and over columns."""

        def reference(name: str) -> str:
            own = name.removeprefix(f"{self.view.name}.")
            if own not in self._fields:
                return self.columns.reference(name)
            if depth > MAX_DEPTH:
                raise Unresolvable(name)
            self.measure(self._fields[own], depth + 1)  # what is left out cannot be referred to
            return own

        reason = "computed measure (type: number) with unresolvable references"
        if not sql:
            raise Unresolvable(reason)
        try:
            return resolve(sql, reference, self.columns.dialect.name)
        except Unresolvable:
            raise Unresolvable(reason) from None


def _share(item: Field) -> str:
    percentile = item.text("percentile") or ""
    try:
        share = float(percentile) / 100
    except ValueError:
        raise Unresolvable("a percentile without its number") from None
    return f"{share:g}"

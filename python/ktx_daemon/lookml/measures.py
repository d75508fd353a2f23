"""Measures: LookML's aggregate types as expressions of the semantic layer."""

import re
from dataclasses import dataclass

from ktx_daemon.lookml.columns import ColumnBuilder, Skipped
from ktx_daemon.lookml.filters import filter_condition, filters_of
from ktx_daemon.lookml.model import LookmlField
from ktx_daemon.lookml.references import (
    LIQUID,
    LIQUID_REASON,
    MAX_DEPTH,
    Unresolvable,
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

CROSS_VIEW = "cross-view measure reference"


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure of the drafted source."""

    name: str
    expr: str
    filter: str | None
    description: str | None


class MeasureBuilder:
    """Makes the measures of one view."""

    def __init__(self, columns: ColumnBuilder) -> None:
        self.columns = columns
        self.view = columns.view
        self._fields = {name: field for name, (kind, field) in self.view.fields.items() if kind == "measure"}

    def measures(self) -> tuple[list[Measure], list[Skipped]]:
        """Return the measures in the order of the fields, and those that were left out."""
        kept: list[Measure] = []
        skipped: list[Skipped] = []
        for field in self._fields.values():
            try:
                kept.append(self.measure(field))
            except Unresolvable as error:
                skipped.append(Skipped(field.name, "measure", str(error)))
        return kept, skipped

    def measure(self, field: LookmlField, depth: int = 0) -> Measure:
        """Make one measure. Raises `Unresolvable` with the reason why it cannot be made."""
        sql = (field.sql or "").strip()
        if LIQUID.search(sql):
            raise Unresolvable(LIQUID_REASON)
        if any("." in name and not name.startswith(f"{self.view.name}.") for name in referenced_names(sql)):
            raise Unresolvable(CROSS_VIEW)
        conditions = [filter_condition(self.columns, name, value) for name, value in filters_of(field)]
        return Measure(
            name=field.name,
            expr=self._expression(field, sql, depth),
            filter=" AND ".join(condition for condition in conditions if condition) or None,
            description=field.description or field.label,
        )

    def _expression(self, field: LookmlField, sql: str, depth: int) -> str:
        kind = field.type or "string"
        if kind == "count":
            return "count(*)"
        if kind in _AGGREGATES:
            return f"{_AGGREGATES[kind]}({self._row_expression(sql, f'could not resolve sql reference: {sql}')})"
        if kind == "date":
            expression = self._row_expression(sql, f"could not resolve sql reference for date measure: {sql}")
            if _HAS_AGGREGATE.search(expression):
                return expression
            return f"{'max' if 'max' in field.name.lower() else 'min'}({expression})"
        if kind == "number":
            return self._computed(sql, depth)
        raise Unresolvable(f"unsupported measure type: {kind}")

    def _row_expression(self, sql: str, reason: str) -> str:
        if not sql:
            raise Unresolvable(reason)
        try:
            return without_parentheses(sql, resolve(sql, self.columns.reference))
        except Unresolvable:
            raise Unresolvable(reason) from None

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
            return resolve(sql, reference)
        except Unresolvable:
            raise Unresolvable(reason) from None

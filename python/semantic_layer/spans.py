"""Measures over other rows than those of a group's own period: cumulative ones, and those of an earlier period.

A *span* says which rows, by their time, count for a period: all until its end, those of a window that ends with it,
those since the beginning of a longer period, or those of a period some time before.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, Self

from pydantic import BaseModel, StrictBool, model_validator
from sqlglot import exp

from semantic_layer.calendars import Calendar
from semantic_layer.dialects import SqlDialect
from semantic_layer.granularity import GRANULARITIES, shifted, start_of_period

_UNITS = ("minute", "hour", "day", "week", "month", "quarter", "year")
_AMOUNT = re.compile(rf"\s*(\d{{1,5}})\s*({'|'.join(_UNITS)})s?\s*", re.IGNORECASE)
_SHORTER_THAN_DAYS = frozenset({"minute", "hour"})


@dataclass(frozen=True, slots=True)
class Amount:
    """A number of units of time."""

    count: int
    unit: str

    def __str__(self) -> str:
        """The amount as a part of a name."""
        return f"{self.count}_{self.unit}{'s' if self.count > 1 else ''}"


@dataclass(frozen=True, slots=True)
class Span:
    """At most one of the three is set; without any it is all rows until the end of the period."""

    window: Amount | None = None
    to_date: str | None = None
    offset: Amount | None = None

    def __str__(self) -> str:
        """The span as a part of a name."""
        if self.offset:
            return f"{self.offset}_ago"
        return str(self.window) if self.window else f"{self.to_date}_to_date" if self.to_date else "to_date"

    def has_no_beginning_of_its_own(self, granularity: str) -> bool:
        """Whether rows count from the beginning of time, or of a period that is no shorter than the groups' own."""
        if self.window or self.offset:
            return False
        return granularity in _SHORTER_THAN_DAYS or self.to_date not in _SHORTER_THAN_DAYS


class Periodic(BaseModel):
    """The keys by which a measure, in a source or a query, counts other rows than those of its group's period."""

    type: Literal["simple", "cumulative", "offset"] | None = None
    window: str | None = None
    grain_to_date: str | None = None
    offset: str | None = None
    fill: StrictBool = False

    @model_validator(mode="after")
    def _spans_some_time(self) -> Self:
        parse_span(self.type, self.window, self.grain_to_date, self.offset)
        return self

    @property
    def span(self) -> Span | None:
        """Which rows count for a period, when they are not its own."""
        return parse_span(self.type, self.window, self.grain_to_date, self.offset)


def parse_span(kind: str | None, window: str | None, to_date: str | None, offset: str | None) -> Span | None:
    """The span that the keys of a measure say, or None for a measure of its own period. Raises ValueError."""
    given = [key for key, value in (("window", window), ("grain_to_date", to_date), ("offset", offset)) if value]
    if len(given) > 1:
        raise ValueError(f"{' and '.join(given)} exclude each other")
    if kind == "offset" and not offset:
        raise ValueError("a measure of type offset needs `offset`, such as `offset: 1 month`")
    if (kind == "cumulative" and offset) or (kind == "offset" and (window or to_date)) or (kind == "simple" and given):
        raise ValueError(f"a measure of type {kind} has no `{given[0]}`")
    if kind != "cumulative" and not given:
        return None
    if to_date and to_date.lower() not in GRANULARITIES:
        raise ValueError(f"grain_to_date '{to_date}' is none of {', '.join(GRANULARITIES)}")
    return Span(
        _amount("window", window) if window else None,
        to_date.lower() if to_date else None,
        _amount("offset", offset) if offset else None,
    )


def bounds(
    span: Span, period: exp.Expr, granularity: str, dialect: SqlDialect, calendar: Calendar
) -> tuple[exp.Expr | None, exp.Expr]:
    """From when and until when (exclusive) rows count for a period of that granularity, given its start."""
    if span.offset:
        start = shifted(period.copy(), -span.offset.count, span.offset.unit, dialect, granularity)
        return start, next_period(start.copy(), granularity, dialect)
    end = next_period(period.copy(), granularity, dialect)
    if span.window:
        return shifted(end.copy(), -span.window.count, span.window.unit, dialect, granularity), end
    if span.to_date:
        last = period.copy()
        if granularity not in (*_SHORTER_THAN_DAYS, "day"):
            last = shifted(end.copy(), -1, "day", dialect)
        zoneless = Calendar(calendar.week_start, calendar.fiscal_start)
        return start_of_period(last, span.to_date, dialect, zoneless), end
    return None, end


def granule_of(span: Span, granularity: str) -> str:
    """The longest unit whose starts are the only times at which such periods and their spans begin and end."""
    units = {granularity.removeprefix("fiscal_")}
    units.update(amount.unit for amount in (span.window, span.offset) if amount)
    if span.to_date:
        units.add(span.to_date.removeprefix("fiscal_"))
    shortest = next((unit for unit in ("minute", "hour") if unit in units), None)
    return shortest or ("month" if units <= {"month", "quarter", "year"} else "day")


def next_period(period: exp.Expr, granularity: str, dialect: SqlDialect) -> exp.Expr:
    """The start of the period behind the one that starts there. The tree is used up."""
    return shifted(period, 1, granularity.removeprefix("fiscal_"), dialect, granularity)


def _amount(key: str, text: str) -> Amount:
    match = _AMOUNT.fullmatch(text)
    if not match or match.group(1).strip("0") == "":
        raise ValueError(f"{key} '{text[:40]}' is not an amount of time, such as `7 days` or `1 month`")
    return Amount(int(match.group(1)), match.group(2).lower())

"""Periods on SQLite, which keeps times as text. A number, or a text that is not a date, is an error of the statement.

SQLite would take a number for a Julian day, and give the year -4707. It has no way to raise an error in a query but a
function that fails and quotes its argument: the path of `JSON_EXTRACT`.
"""

from __future__ import annotations

from sqlglot import exp

from semantic_layer.calendars import Calendar

_DATE = "[0-9][0-9][0-9][0-9]-[0-9][0-9]*"


def start_of_period(time: exp.Expr, unit: str, calendar: Calendar, name: str) -> exp.Expr:
    """``time`` cut down to the unit, as text. The tree is used up; ``name`` is what an error calls it."""
    start = _start(time.copy(), unit, calendar)
    column = name.rpartition(".")[2]
    # Without quotes, which SQLite would double. 2440587.5 is the Julian day of 1970.
    problem = (
        f": `{name}` is stored as a number, or as text that is not a date. Ask for it without a granularity if it is a "
        f"year; for seconds define a column of type time with `expr: datetime({column} / 86400.0 + 2440587.5)`, for "
        f"milliseconds with `expr: datetime({column} / 86400000.0 + 2440587.5)`"
    )
    error = exp.Anonymous(this="JSON_EXTRACT", expressions=[exp.Literal.string("{}"), exp.Literal.string(problem)])
    is_date = exp.Or(
        this=exp.Is(this=time, expression=exp.Null()),
        expression=exp.Glob(this=time.copy(), expression=exp.Literal.string(_DATE)),
    )
    return exp.Case(ifs=[exp.If(this=is_date, true=start)], default=error)


def shifted(time: exp.Expr, count: int, unit: str, granularity: str) -> exp.Expr:
    """``time``, the start of a period of a granularity, some units later. The tree is used up.

    A day that the month lacks becomes its last. Only periods within days have a time of day.
    """
    amount, unit = {"week": (count * 7, "day"), "quarter": (count * 3, "month")}.get(unit, (count, unit))
    has_time = unit in _WITHIN_DAYS or granularity in _WITHIN_DAYS
    later = _call("DATETIME" if has_time else "DATE", time.copy(), f"{amount:+d} {unit}s")
    if unit not in ("month", "year"):
        return later
    last = _call("DATE", time.copy(), "start of month", f"{amount:+d} {unit}s", "+1 months", "-1 days")
    if has_time:
        last = exp.DPipe(
            this=last, expression=exp.Anonymous(this="SUBSTR", expressions=[time, _BEHIND_THE_DATE.copy()])
        )
    return exp.Min(this=later, expressions=[last])


_WITHIN_DAYS = ("hour", "minute")
_BEHIND_THE_DATE = exp.Literal.number("11")


def _start(time: exp.Expr, unit: str, calendar: Calendar) -> exp.Expr:
    fiscal = calendar.fiscal_start
    if unit == "minute":
        return _format("%Y-%m-%d %H:%M:00", time)
    if unit == "hour":
        return _format("%Y-%m-%d %H:00:00", time)
    if unit == "week":
        # To the coming last day of the week, or today if it is one, then back to the first.
        return _call("DATE", time, f"weekday {calendar.week_start}", "-6 days")
    if unit == "fiscal_year" and fiscal:
        return _call("DATE", time, "start of month", f"-{fiscal} months", "start of year", f"+{fiscal} months")
    if unit in ("quarter", "fiscal_quarter"):
        before = 1 + (fiscal if unit == "fiscal_quarter" else 0)
        month = exp.Cast(this=_format("%m", time.copy()), to=exp.DataType.build("integer"))
        # Twelve months more, so that the rest is never negative.
        counted = (
            exp.Sub(this=month, expression=exp.Literal.number("1"))
            if before == 1
            else exp.Add(this=month, expression=exp.Literal.number(str(12 - before)))
        )
        months_in = exp.Mod(this=exp.Paren(this=counted), expression=exp.Literal.number("3"))
        back = exp.Anonymous(this="PRINTF", expressions=[exp.Literal.string("-%d months"), months_in])
        return exp.Anonymous(this="DATE", expressions=[time, exp.Literal.string("start of month"), back])
    modifiers = {"year": ["start of year"], "fiscal_year": ["start of year"], "month": ["start of month"], "day": []}
    return _call("DATE", time, *modifiers[unit])


def _call(function: str, time: exp.Expr, *modifiers: str) -> exp.Expr:
    return exp.Anonymous(this=function, expressions=[time, *map(exp.Literal.string, modifiers)])


def _format(pattern: str, time: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this="STRFTIME", expressions=[exp.Literal.string(pattern), time])

"""The start of the period that contains a time, as each dialect writes it."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from semantic_layer import sqlite_times
from semantic_layer.calendars import GREGORIAN, Calendar
from semantic_layer.dialects import SqlDialect
from semantic_layer.errors import SemanticLayerError, nearest, quoted

GRANULARITIES = ("year", "quarter", "month", "week", "day", "hour", "minute", "fiscal_year", "fiscal_quarter")
_WITHIN_DAYS = frozenset({"hour", "minute"})


def unknown_granularity(granularity: str) -> SemanticLayerError:
    """The refusal of a granularity that does not exist."""
    return SemanticLayerError(
        f"Unsupported granularity '{quoted(granularity)}'. Use one of: {', '.join(GRANULARITIES)}."
        + nearest(granularity.lower(), GRANULARITIES)
    )


def start_of_period(
    time: exp.Expr, granularity: str, dialect: SqlDialect, calendar: Calendar = GREGORIAN, name: str = "the time"
) -> exp.Expr:
    """``time`` cut down to the granularity. The tree is used up; ``name`` is what messages call it."""
    unit = granularity.lower()
    if unit not in GRANULARITIES:
        raise unknown_granularity(granularity)
    if dialect.name == "sqlite":
        return sqlite_times.start_of_period(time, unit, calendar, name)
    if unit == "week" and calendar.week_start:
        return _week(time, calendar, dialect)
    if unit.startswith("fiscal_"):
        return _fiscal(time, unit.removeprefix("fiscal_"), calendar, dialect)
    start = _FORMS.get(dialect.name, _as_sqlglot_has_it)(time, unit)
    # DATE_TRUNC of a date is a time with a zone there. No period of days or longer needs one.
    return _as_date(start) if dialect.name == "postgres" and unit not in _WITHIN_DAYS else start


def shifted(time: exp.Expr, count: int, unit: str, dialect: SqlDialect, granularity: str = "day") -> exp.Expr:
    """``time``, the start of a period of a granularity, some units later; earlier when the count is negative.

    The tree is used up.
    """
    if count == 0:
        return time
    if dialect.name == "sqlite":
        return sqlite_times.shifted(time, count, unit, granularity)
    amount, unit = (count * 3, "month") if unit == "quarter" else (count, unit)
    if dialect.name in _WITH_DATE_ADD:
        function = exp.DateAdd if amount > 0 else exp.DateSub
        return function(this=time, expression=exp.Literal.number(str(abs(amount))), unit=exp.var(unit.upper()))
    kind = exp.Add if amount > 0 else exp.Sub
    interval = exp.Interval(this=exp.Literal.string(str(abs(amount))), unit=exp.var(unit.upper()))
    return kind(this=_operand(time), expression=interval)


_WITH_DATE_ADD = frozenset({"mysql", "bigquery", "tsql", "fabric", "databricks", "spark", "clickhouse"})


def _operand(time: exp.Expr) -> exp.Expr:
    return exp.Paren(this=time) if isinstance(time, exp.Binary) else time


def _as_date(time: exp.Expr) -> exp.Expr:
    return exp.Cast(this=time, to=exp.DataType.build("date"))


def _week(time: exp.Expr, calendar: Calendar, dialect: SqlDialect) -> exp.Expr:
    """The days from the week's own start to Monday are gone forward, then back."""
    days = 7 - calendar.week_start
    start = _FORMS.get(dialect.name, _as_sqlglot_has_it)(shifted(time, days, "day", dialect), "week")
    return _dated(shifted(start, -days, "day", dialect), dialect)


def _fiscal(time: exp.Expr, unit: str, calendar: Calendar, dialect: SqlDialect) -> exp.Expr:
    months = calendar.fiscal_start
    start = _FORMS.get(dialect.name, _as_sqlglot_has_it)(shifted(time, -months, "month", dialect), unit)
    return _dated(shifted(start, months, "month", dialect), dialect)


def _dated(start: exp.Expr, dialect: SqlDialect) -> exp.Expr:
    return _as_date(start) if dialect.name == "postgres" else start


def in_zone(time: exp.Expr, calendar: Calendar, dialect: SqlDialect) -> exp.Expr:
    """The clock time in the calendar's zone, if it has one. Times without a zone are taken for the session's."""
    if calendar.time_zone is None:
        return time
    name = exp.Literal.string(calendar.time_zone)
    if dialect.name in ("postgres", "duckdb", "materialize"):
        return exp.AtTimeZone(this=exp.Cast(this=time, to=exp.DataType.build("timestamptz")), zone=name)
    functions = {
        "snowflake": ("CONVERT_TIMEZONE", [name, time]),
        "redshift": ("CONVERT_TIMEZONE", [exp.Literal.string("UTC"), name, time]),
        "mysql": ("CONVERT_TZ", [time, exp.Literal.string("UTC"), name]),
        "bigquery": ("DATETIME", [time, name]),
        "clickhouse": ("toTimeZone", [time, name]),
        "databricks": ("FROM_UTC_TIMESTAMP", [time, name]),
        "spark": ("FROM_UTC_TIMESTAMP", [time, name]),
    }
    if dialect.name not in functions:
        raise SemanticLayerError(
            f"{dialect.name} has no time zones",
            hint="remove time_zone from the connection, or compute the local time in a column of the source",
        )
    function, arguments = functions[dialect.name]
    return exp.Anonymous(this=function, expressions=arguments)


def _as_sqlglot_has_it(time: exp.Expr, unit: str) -> exp.Expr:
    return exp.DateTrunc(this=time, unit=exp.Literal.string(unit.upper()))


def _date_trunc(time: exp.Expr, unit: str) -> exp.Expr:
    return exp.Anonymous(this="DATE_TRUNC", expressions=[exp.Literal.string(unit), time])


def _clickhouse(time: exp.Expr, unit: str) -> exp.Expr:
    return exp.Anonymous(this="dateTrunc", expressions=[exp.Literal.string(unit), time])


def _bigquery(time: exp.Expr, unit: str) -> exp.Expr:
    # A plain WEEK starts on Sunday there.
    part = "WEEK(MONDAY)" if unit == "week" else unit.upper()
    return exp.Anonymous(this="DATE_TRUNC", expressions=[time, exp.var(part)])


def _tsql(time: exp.Expr, unit: str) -> exp.Expr:
    # A plain WEEK starts on the day that the server's DATEFIRST says.
    part = "ISO_WEEK" if unit == "week" else unit.upper()
    return exp.Anonymous(this="DATETRUNC", expressions=[exp.var(part), time])


def _mysql(time: exp.Expr, unit: str) -> exp.Expr:
    if unit == "day":
        return exp.Anonymous(this="DATE", expressions=[time])
    if unit == "week":
        days = exp.Anonymous(this="WEEKDAY", expressions=[time.copy()])
        back = exp.Interval(this=days, unit=exp.var("DAY"))
        return exp.Anonymous(this="DATE_SUB", expressions=[exp.Anonymous(this="DATE", expressions=[time]), back])
    if unit == "quarter":
        first = exp.Anonymous(
            this="MAKEDATE",
            expressions=[exp.Anonymous(this="YEAR", expressions=[time]), exp.Literal.number("1")],
        )
        quarter = exp.Anonymous(this="QUARTER", expressions=[time.copy()])
        quarters = exp.Sub(this=quarter, expression=exp.Literal.number("1"))
        on = exp.Interval(this=exp.Paren(this=quarters), unit=exp.var("QUARTER"))
        return exp.Anonymous(this="DATE_ADD", expressions=[first, on])
    pattern, kind = {
        "year": ("%Y-01-01", "DATE"),
        "month": ("%Y-%m-01", "DATE"),
        "hour": ("%Y-%m-%d %H:00:00", "DATETIME"),
        "minute": ("%Y-%m-%d %H:%i:00", "DATETIME"),
    }[unit]
    text = exp.Anonymous(this="DATE_FORMAT", expressions=[time, exp.Literal.string(pattern)])
    return (
        exp.Anonymous(this=kind, expressions=[text])
        if kind == "DATE"
        else exp.Cast(this=text, to=exp.DataType.build("datetime"))
    )


_FORMS: dict[str, Callable[[exp.Expr, str], exp.Expr]] = {
    "postgres": _date_trunc,
    "redshift": _date_trunc,
    "snowflake": _date_trunc,
    "duckdb": _date_trunc,
    "databricks": _date_trunc,
    "spark": _date_trunc,
    "trino": _date_trunc,
    "presto": _date_trunc,
    "mysql": _mysql,
    "bigquery": _bigquery,
    "clickhouse": _clickhouse,
    "tsql": _tsql,
}

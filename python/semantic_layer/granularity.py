"""The start of the period in which a time lies, as each dialect writes it. Weeks start on Monday."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from semantic_layer.dialects import SqlDialect
from semantic_layer.errors import SemanticLayerError, quoted

GRANULARITIES = ("year", "quarter", "month", "week", "day", "hour")


def start_of_period(time: exp.Expr, granularity: str, dialect: SqlDialect) -> exp.Expr:
    """``time`` cut down to the granularity. The tree is used up."""
    unit = granularity.lower()
    if unit not in GRANULARITIES:
        raise SemanticLayerError(
            f"Unsupported granularity '{quoted(granularity)}'. Use one of: {', '.join(GRANULARITIES)}."
        )
    return _FORMS.get(dialect.name, _as_sqlglot_has_it)(time, unit)


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


def _sqlite(time: exp.Expr, unit: str) -> exp.Expr:
    if unit == "hour":
        return exp.Anonymous(this="STRFTIME", expressions=[exp.Literal.string("%Y-%m-%d %H:00:00"), time])
    by_unit: dict[str, list[exp.Expr]] = {
        "year": [exp.Literal.string("start of year")],
        "month": [exp.Literal.string("start of month")],
        # To the coming Sunday, or today if it is one, then back to the Monday before it.
        "week": [exp.Literal.string("weekday 0"), exp.Literal.string("-6 days")],
        "day": [],
        "quarter": [exp.Literal.string("start of month")],
    }
    modifiers = by_unit[unit]
    if unit == "quarter":
        month = exp.Cast(
            this=exp.Anonymous(this="STRFTIME", expressions=[exp.Literal.string("%m"), time.copy()]),
            to=exp.DataType.build("integer"),
        )
        months_in = exp.Mod(
            this=exp.Paren(this=exp.Sub(this=month, expression=exp.Literal.number("1"))),
            expression=exp.Literal.number("3"),
        )
        modifiers.append(exp.Anonymous(this="PRINTF", expressions=[exp.Literal.string("-%d months"), months_in]))
    return exp.Anonymous(this="DATE", expressions=[time, *modifiers])


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
    "sqlite": _sqlite,
    "mysql": _mysql,
    "bigquery": _bigquery,
    "clickhouse": _clickhouse,
    "tsql": _tsql,
}

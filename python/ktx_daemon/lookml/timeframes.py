"""Timeframes and durations of dimension groups as SQL of a dialect."""

from collections.abc import Callable

from sqlglot import exp

from ktx_daemon.lookml.references import Unresolvable
from semantic_layer.dialects import SqlDialect
from semantic_layer.granularity import start_of_period

_AS_IT_IS = frozenset({"raw", "time"})
_PERIODS = {
    "date": "day",
    "week": "week",
    "month": "month",
    "quarter": "quarter",
    "year": "year",
    "hour": "hour",
}
_PLACEHOLDER = "ktx_time"

INTERVALS = ("second", "minute", "hour", "day", "week", "month", "quarter", "year")
_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


def is_timeframe(name: str) -> bool:
    """Whether a timeframe can be said."""
    return name in _AS_IT_IS or name in _PERIODS


def at_timeframe(expression: str, timeframe: str, dialect: SqlDialect) -> str:
    """The time cut down to the timeframe."""
    if timeframe in _AS_IT_IS:
        return expression
    cut = start_of_period(exp.column(_PLACEHOLDER), _PERIODS[timeframe], dialect)
    return cut.sql(dialect=dialect.grammar, normalize_functions=False).replace(_PLACEHOLDER, expression)


def duration(start: str, end: str, interval: str, dialect: SqlDialect) -> str:
    """The number of whole intervals between two times."""
    if interval in _MONTHS and (form := _MONTH_FORMS.get(dialect.name)):
        return form(start, end, interval)
    if interval in _SECONDS and (seconds := _SECOND_FORMS.get(dialect.name)):
        return seconds(start, end, interval)
    raise Unresolvable(f"durations in {interval}s cannot be said in {dialect.name}")


Form = Callable[[str, str, str], str]


def _by_unit(template: str) -> Form:
    return lambda start, end, interval: template.format(start=start, end=end, unit=interval.upper())


def _by_seconds(template: str) -> Form:
    return lambda start, end, interval: template.format(start=start, end=end, size=_SECONDS[interval])


def _by_months(template: str) -> Form:
    return lambda start, end, interval: template.format(start=start, end=end, size=_MONTHS[interval])


_TIMESTAMPDIFF = _by_unit("TIMESTAMPDIFF({unit}, {start}, {end})")
_DUCKDB = _by_unit("DATE_SUB('{unit}', CAST({start} AS TIMESTAMP), CAST({end} AS TIMESTAMP))")

_SECOND_FORMS: dict[str, Form] = {
    "postgres": _by_seconds(
        "TRUNC(EXTRACT(EPOCH FROM (CAST({end} AS TIMESTAMP) - CAST({start} AS TIMESTAMP))) / {size})"
    ),
    "sqlite": _by_seconds(
        "(CAST(STRFTIME('%s', {end}) AS INTEGER) - CAST(STRFTIME('%s', {start}) AS INTEGER)) / {size}"
    ),
    "duckdb": _DUCKDB,
    "mysql": _TIMESTAMPDIFF,
    "databricks": _TIMESTAMPDIFF,
    "spark": _TIMESTAMPDIFF,
    "bigquery": _by_seconds("DIV(TIMESTAMP_DIFF({end}, {start}, SECOND), {size})"),
    "snowflake": _by_seconds("TRUNC(DATEDIFF(SECOND, {start}, {end}) / {size})"),
    "redshift": _by_seconds("DATEDIFF(SECOND, {start}, {end}) / {size}"),
    "clickhouse": _by_seconds("intDiv(dateDiff('second', {start}, {end}), {size})"),
    "tsql": _by_seconds("DATEDIFF_BIG(SECOND, {start}, {end}) / {size}"),
}
_MONTH_FORMS: dict[str, Form] = {
    "postgres": _by_months(
        "TRUNC((EXTRACT(YEAR FROM AGE({end}, {start})) * 12 + EXTRACT(MONTH FROM AGE({end}, {start}))) / {size})"
    ),
    "sqlite": _by_months(
        "((CAST(STRFTIME('%Y', {end}) AS INTEGER) - CAST(STRFTIME('%Y', {start}) AS INTEGER)) * 12"
        " + CAST(STRFTIME('%m', {end}) AS INTEGER) - CAST(STRFTIME('%m', {start}) AS INTEGER)"
        " - (STRFTIME('%d %H:%M:%S', {end}) < STRFTIME('%d %H:%M:%S', {start}))) / {size}"
    ),
    "duckdb": _DUCKDB,
    "mysql": _TIMESTAMPDIFF,
    "databricks": _TIMESTAMPDIFF,
    "spark": _TIMESTAMPDIFF,
}

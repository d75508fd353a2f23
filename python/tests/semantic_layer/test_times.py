"""Periods of time against the same worked out in Python, on SQLite, PostgreSQL and DuckDB; and what has no period."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import duckdb
import psycopg
import pytest

from semantic_layer import SemanticLayerError, run_query
from semantic_layer.calendars import parse_calendar
from semantic_layer.granularity import GRANULARITIES

_TIMES = [
    datetime(2023, 12, 31, 23, 59, 58),
    datetime(2024, 1, 1),
    datetime(2024, 2, 29, 12, 30),
    datetime(2024, 3, 3, 6, 7, 8),
    datetime(2024, 3, 4),
    datetime(2024, 3, 31, 1, 2, 3),
    datetime(2024, 7, 31, 10),
    datetime(2024, 10, 31),
    datetime(2024, 12, 30, 0, 0, 1),
]
_CALENDARS = [
    {},
    {"week_start": "sunday"},
    {"week_start": "Saturday"},
    {"fiscal_year_start": "february"},
    {"fiscal_year_start": "october"},
]
_SOURCES = [
    {
        "name": "visits",
        "table": "visits",
        "grain": ["id"],
        "columns": [
            {"name": "id", "type": "number"},
            {"name": "at", "type": "time"},
            {"name": "day", "type": "time", "natural_granularity": "day"},
            {"name": "seconds", "type": "number"},
        ],
        "measures": [{"name": "n", "expr": "count(*)"}],
    }
]


def period_of(time: datetime, granularity: str, calendar: dict[str, str]) -> datetime:
    """The beginning of the period that has the time, worked out step by step."""
    days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
    months = "january february march april may june july august september october november december".split()  # noqa: SIM905
    day = datetime(time.year, time.month, time.day)
    if granularity == "minute":
        return time.replace(second=0)
    if granularity == "hour":
        return time.replace(minute=0, second=0)
    if granularity == "day":
        return day
    if granularity == "week":
        first = days.index(calendar.get("week_start", "monday").lower())
        return next(d for d in (day - timedelta(days=back) for back in range(7)) if d.weekday() == first)
    first = months.index(calendar.get("fiscal_year_start", "january")) + 1 if "fiscal" in granularity else 1
    starts = {"month": range(1, 13), "year": [first]}.get(granularity.removeprefix("fiscal_"))
    starts = starts or [(first - 1 + 3 * number) % 12 + 1 for number in range(4)]
    month = day.replace(day=1)
    while month.month not in starts:
        month = (month - timedelta(days=1)).replace(day=1)
    return month


def _query(granularity: str, field: str = "visits.at") -> dict[str, Any]:
    return {"measures": ["visits.n"], "dimensions": [{"field": field, "granularity": granularity}]}


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value if len(value) > 10 else f"{value} 00:00:00"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    return f"{value.isoformat()} 00:00:00"


@pytest.fixture(scope="module")
def engines(postgres_server: str) -> Any:
    """Something that runs a statement, for each dialect, over the same visits."""
    lite = sqlite3.connect(":memory:")
    lite.execute("CREATE TABLE visits (id INTEGER, at TEXT, day TEXT, seconds INTEGER)")
    duck = duckdb.connect(":memory:")
    duck.execute('CREATE TABLE visits (id INTEGER, "at" TIMESTAMP, day DATE, seconds INTEGER)')
    with psycopg.connect(postgres_server) as postgres:
        postgres.execute('CREATE TEMP TABLE visits (id INTEGER, "at" TIMESTAMP, day DATE, seconds INTEGER)')
        for number, time in enumerate(_TIMES):
            row = [number, time, time.date(), 1]
            lite.execute("INSERT INTO visits VALUES (?, ?, ?, ?)", [number, str(time), str(time.date()), 1])
            duck.execute("INSERT INTO visits VALUES (?, ?, ?, ?)", row)
            postgres.execute("INSERT INTO visits VALUES (%s, %s, %s, %s)", row)
        runs: dict[str, Callable[[str], list[Any]]] = {
            "sqlite": lambda sql: lite.execute(sql).fetchall(),
            "duckdb": lambda sql: duck.execute(sql).fetchall(),
            "postgres": lambda sql: postgres.execute(sql).fetchall(),  # type: ignore[arg-type]
        }
        yield runs


@pytest.mark.parametrize("calendar", _CALENDARS, ids=str)
@pytest.mark.parametrize("granularity", GRANULARITIES)
@pytest.mark.parametrize("dialect", ["sqlite", "duckdb", "postgres"])
def test_periods(dialect: str, granularity: str, calendar: dict[str, str], engines: Any) -> None:
    expected: dict[str, int] = {}
    for time in _TIMES:
        key = _text(period_of(time, granularity, calendar))
        expected[key] = expected.get(key, 0) + 1
    sql = run_query(_SOURCES, _query(granularity), dialect, calendar=calendar)["sql"]
    assert {_text(start): count for start, count in engines[dialect](sql)} == expected, sql


def test_the_month_of_a_date_is_a_date_on_postgres(engines: Any) -> None:
    for granularity in ("year", "quarter", "month", "week", "day", "fiscal_year"):
        rows = engines["postgres"](run_query(_SOURCES, _query(granularity, "visits.day"), "postgres")["sql"])
        assert {type(start) for start, _ in rows} == {date}


def test_a_time_zone_moves_times_but_no_dates(engines: Any) -> None:
    zone = {"time_zone": "Asia/Tokyo"}
    engines["postgres"]("SELECT set_config('timezone', 'UTC', false)")
    rows = engines["postgres"](run_query(_SOURCES, _query("day"), "postgres", calendar=zone)["sql"])
    assert {str(start) for start, _ in rows} == {str((time + timedelta(hours=9)).date()) for time in _TIMES}
    rows = engines["postgres"](run_query(_SOURCES, _query("day", "visits.day"), "postgres", calendar=zone)["sql"])
    assert {str(start) for start, _ in rows} == {str(time.date()) for time in _TIMES}
    with pytest.raises(SemanticLayerError, match="sqlite has no time zones"):
        run_query(_SOURCES, _query("day"), "sqlite", calendar=zone)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"week_start": "sonntag"}, "week_start 'sonntag' is none of monday, tuesday"),
        ({"fiscal_year_start": "febuary"}, "Did you mean 'february'"),
        ({"week_begin": "sunday"}, "unknown key `week_begin` in the calendar: did you mean `week_start`?"),
        ({"time_zone": "Oslo'; DROP TABLE x"}, "is not the name of a time zone"),
    ],
)
def test_other_settings_are_refused(settings: dict[str, str], message: str) -> None:
    with pytest.raises(SemanticLayerError) as refused:
        parse_calendar(settings)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    "stored", [1704067200, 1704067200000, 2024, "2024", "1704067200", 2460310.5, "01/02/2024", "noon"]
)
@pytest.mark.parametrize("granularity", ["year", "month", "week", "hour"])
def test_what_sqlite_would_misread_is_an_error_with_the_way_out(stored: Any, granularity: str) -> None:
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE visits (id INTEGER, at, day, seconds)")
    database.execute("INSERT INTO visits VALUES (1, '2024-01-01', NULL, 1), (2, NULL, NULL, 1)")
    sql = run_query(_SOURCES, _query(granularity), "sqlite")["sql"]
    assert len(database.execute(sql).fetchall()) == 2
    database.execute("INSERT INTO visits VALUES (3, ?, NULL, 1)", [stored])
    with pytest.raises(
        sqlite3.OperationalError, match=r"`visits[.]at` is stored as a number, .*datetime\(at / 86400.0"
    ):
        database.execute(sql).fetchall()


def test_the_way_out_works() -> None:
    sources = [dict(_SOURCES[0])]
    sources[0]["columns"] = [
        *_SOURCES[0]["columns"],
        {"name": "t", "type": "time", "expr": "datetime(seconds / 86400.0 + 2440587.5)"},
    ]
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE visits (id INTEGER, at, day, seconds)")
    database.execute("INSERT INTO visits VALUES (1, NULL, NULL, 1704067200)")
    sql = run_query(sources, _query("month", "visits.t"), "sqlite")["sql"]
    assert database.execute(sql).fetchall() == [("2024-01-01", 1)]


def test_a_number_has_no_months() -> None:
    with pytest.raises(
        SemanticLayerError, match=r"'visits[.]seconds' is a number, which has no month\nhint: define a column"
    ):
        run_query(_SOURCES, _query("month", "visits.seconds"), "postgres")


def test_a_granularity_may_be_written_behind_the_reference() -> None:
    written = run_query(_SOURCES, {"measures": ["visits.n"], "dimensions": ["visits.at:month"]}, "sqlite")["sql"]
    assert written == run_query(_SOURCES, _query("month"), "sqlite")["sql"]
    query = _query("month") | {"order_by": [{"field": "visits.at:month", "direction": "desc"}]}
    assert "at_month DESC" in run_query(_SOURCES, query, "sqlite")["sql"]

"""Periods in the zone of a connection, over days on which clocks change, on the databases that have time zones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import psycopg
import pytest

from semantic_layer import run_query
from semantic_layer.granularity import GRANULARITIES
from tests.semantic_layer.test_times import period_of

Run = Callable[[str], list[Any]]
_ZONES = ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Apia", "UTC"]
# Around the changes of clocks in Europe and America, the ends of months and years, and a leap day.
_TIMES = [
    start + timedelta(minutes=37 * step)
    for start in (
        datetime(2024, 3, 10, 4, tzinfo=UTC),
        datetime(2024, 3, 30, 20, tzinfo=UTC),
        datetime(2024, 10, 26, 20, tzinfo=UTC),
        datetime(2024, 2, 28, 20, tzinfo=UTC),
        datetime(2024, 12, 31, 10, tzinfo=UTC),
    )
    for step in range(20)
]
_SOURCES = [
    {
        "name": "visits",
        "table": "visits",
        "grain": ["id"],
        "columns": [
            {"name": "id", "type": "number"},
            {"name": "zoned", "type": "time"},
            {"name": "plain", "type": "time"},
        ],
        "measures": [
            {"name": "n", "expr": "count(*)"},
            {"name": "two_days", "expr": "n", "window": "2 days"},
            {"name": "day_before", "expr": "n", "offset": "1 day"},
            {"name": "of_month", "expr": "count(distinct id)", "grain_to_date": "month"},
        ],
    }
]


@pytest.fixture(scope="module")
def engines(postgres_server: str) -> Iterator[dict[str, Run]]:
    """The same visits, with and without a zone; those without count as the session's, which is UTC."""
    duck = duckdb.connect(":memory:")
    with psycopg.connect(postgres_server) as postgres:
        runs: dict[str, Run] = {
            "duckdb": lambda sql: duck.execute(sql).fetchall(),
            "postgres": lambda sql: postgres.execute(sql).fetchall(),  # type: ignore[arg-type]
        }
        rows = ", ".join(
            f"({number}, TIMESTAMPTZ '{time:%Y-%m-%d %H:%M:%S}+00', TIMESTAMP '{time:%Y-%m-%d %H:%M:%S}')"
            for number, time in enumerate(_TIMES)
        )
        for database in (duck, postgres):
            database.execute("SET timezone = 'UTC'")
            database.execute("CREATE TEMP TABLE visits (id INTEGER, zoned TIMESTAMPTZ, plain TIMESTAMP)")
            database.execute(f"INSERT INTO visits VALUES {rows}")  # type: ignore[arg-type]
        yield runs


def _rows(run: Run, dialect: str, zone: str, query: dict[str, Any]) -> list[tuple[str, ...]]:
    sql = run_query(_SOURCES, {"limit": 10_000, **query}, dialect, calendar={"time_zone": zone})["sql"]
    return [(str(period)[:19].removesuffix(" 00:00:00"), *values) for period, *values in run(sql)]


def _shown(period: datetime) -> str:
    return str(period).removesuffix(" 00:00:00")


def _local(zone: str) -> list[datetime]:
    return [time.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for time in _TIMES]


@pytest.mark.parametrize("column", ["zoned", "plain"])
@pytest.mark.parametrize("zone", _ZONES)
@pytest.mark.parametrize("dialect", ["duckdb", "postgres"])
def test_periods_begin_by_the_clocks_of_the_zone(dialect: str, zone: str, column: str, engines: dict[str, Run]) -> None:
    for granularity in GRANULARITIES:
        query = {"measures": ["visits.n"], "dimensions": [f"visits.{column}:{granularity}"]}
        expected = Counter(_shown(period_of(time, granularity, {})) for time in _local(zone))
        assert dict(_rows(engines[dialect], dialect, zone, query)) == expected, granularity


@pytest.mark.parametrize("zone", _ZONES)
@pytest.mark.parametrize("dialect", ["duckdb", "postgres"])
def test_spans_and_filled_gaps_follow_the_clocks_of_the_zone(dialect: str, zone: str, engines: dict[str, Run]) -> None:
    times = _local(zone)
    days = sorted({period_of(time, "day", {}) for time in times})
    days = [days[0] + timedelta(days=number) for number in range((days[-1] - days[0]).days + 1)]

    def count(start: datetime, end: datetime) -> int:
        return sum(start <= time < end for time in times)

    one = timedelta(days=1)
    expected = [
        (_shown(day), count(day, day + one), count(day - one, day + one), count(day - one, day),
         count(day.replace(day=1), day + one))
        for day in days
    ]  # fmt: skip
    names = ("n", "two_days", "day_before", "of_month")
    query = {
        "measures": [f"visits.{name}" for name in names], "dimensions": ["visits.zoned:day"], "fill": True,
    }  # fmt: skip
    assert _rows(engines[dialect], dialect, zone, query) == expected

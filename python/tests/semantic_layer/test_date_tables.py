"""A project's own date table says which periods filling gives, on three engines; what it cannot be is refused."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import duckdb
import psycopg
import pytest

from semantic_layer import SemanticLayerError, run_query

Run = Callable[[str], list[Any]]
_SOLD = [date(2024, 3, 1), date(2024, 3, 1), date(2024, 3, 9), date(2024, 3, 13), date(2024, 5, 2), None]
_DAYS = [date(2024, 1, 1) + timedelta(days=number) for number in range(366)]
_WORKDAYS = [day for day in _DAYS if day.weekday() < 5]
_SOURCES: list[dict[str, Any]] = [
    {
        "name": "sales",
        "table": "sales",
        "grain": ["id"],
        "columns": [
            {"name": "id", "type": "number"},
            {"name": "sold", "type": "time"},
            {"name": "Area", "type": "string"},
        ],
        "measures": [
            {"name": "n", "expr": "count(*)"},
            {"name": "running", "expr": "n", "type": "cumulative"},
            {"name": "before", "expr": "n", "offset": "1 day"},
        ],
    },
    {
        "name": "Calendar",
        "table": "Calendar",
        "grain": ["day"],
        "columns": [
            {"name": "day", "type": "time", "natural_granularity": "day"},
            {"name": "number", "type": "number"},
        ],
    },
    {
        "name": "holidays_left_out",
        "sql": 'SELECT day FROM "Calendar" WHERE number <> 5',
        "grain": ["day"],
        "columns": [{"name": "day", "type": "time"}],
    },
    {"name": "broken", "table": "broken", "grain": [], "columns": [{"name": "day", "type": "time"}]},
]


@pytest.fixture(scope="module")
def engines(postgres_server: str) -> Iterator[dict[str, Run]]:
    lite, duck = sqlite3.connect(":memory:"), duckdb.connect(":memory:")
    with psycopg.connect(postgres_server, autocommit=True) as postgres:
        for number, connection in enumerate((lite, duck, postgres)):
            kind, mark = ("TEMP TABLE", "%s") if connection is postgres else ("TABLE", "?")
            day = "TEXT" if connection is lite else "DATE"
            connection.execute(f'CREATE {kind} sales (id INTEGER, sold {day}, "Area" TEXT)')  # type: ignore[attr-defined]
            connection.execute(f'CREATE {kind} "Calendar" (day {day}, number INTEGER)')  # type: ignore[attr-defined]
            cursor = connection.cursor()  # type: ignore[attr-defined]
            shown = str if number == 0 else (lambda value: value)
            sold = [(key, at and shown(at), "ab"[key % 2]) for key, at in enumerate(_SOLD)]
            cursor.executemany(f"INSERT INTO sales VALUES ({mark}, {mark}, {mark})", sold)
            days = [(shown(workday), workday.day) for workday in _WORKDAYS]
            cursor.executemany(f'INSERT INTO "Calendar" VALUES ({mark}, {mark})', days)
        yield {
            "sqlite": lambda sql: lite.execute(sql).fetchall(),
            "duckdb": lambda sql: duck.execute(sql).fetchall(),
            "postgres": lambda sql: postgres.execute(sql.encode()).fetchall(),
        }


def _compiled(query: dict[str, Any], dialect: str, table: str) -> dict[str, Any]:
    return run_query(_SOURCES, {"limit": 5000, "fill": True, **query}, dialect, calendar={"date_table": table})


def _rows(run: Run, query: dict[str, Any], dialect: str, table: str = "calendar.day") -> list[tuple[Any, ...]]:
    rows = run(_compiled(query, dialect, table)["sql"])
    return [tuple(str(value)[:10] if hasattr(value, "year") else value for value in row) for row in rows]


@pytest.mark.parametrize("dialect", ["sqlite", "duckdb", "postgres"])
def test_filling_gives_the_days_of_the_date_table(dialect: str, engines: dict[str, Run]) -> None:
    shown = sorted({day for day in _WORKDAYS if date(2024, 3, 1) <= day <= date(2024, 5, 2)} | {date(2024, 3, 9)})
    expected: list[tuple[str | None, int, int, int]] = [
        (
            str(day),
            _SOLD.count(day),
            sum(at is not None and at <= day for at in _SOLD),
            _SOLD.count(day - timedelta(days=1)),
        )
        for day in shown
    ]
    query = {"measures": ["sales.n", "sales.running", "sales.before"], "dimensions": ["sales.sold:day"]}
    assert _rows(engines[dialect], query, dialect) == [*expected, (None, 1, 0, 0)]
    # 9 March is a Saturday that the table does not have: it is there for its rows.
    assert ("2024-03-09", 1, 3, 0) in expected
    plan = _compiled(query, dialect, "calendar.day")["plan"]
    assert plan["sources_used"] == ["Calendar", "sales"]


@pytest.mark.parametrize("dialect", ["sqlite", "duckdb", "postgres"])
@pytest.mark.parametrize("table", ["calendar.day", "Calendar.day", '"Calendar".day', "holidays_left_out.day"])
@pytest.mark.parametrize("dimensions", [["sales.sold:month"], ["sales.sold:month", "sales.Area"], ["sales.sold:week"]])
def test_longer_periods_and_other_dimensions(
    dialect: str, table: str, dimensions: list[str], engines: dict[str, Run]
) -> None:
    """A table that has a day of each period gives what all days give."""
    query = {"measures": ["sales.n", "sales.running"], "dimensions": dimensions}
    made = engines[dialect](run_query(_SOURCES, {"fill": True, **query}, dialect)["sql"])
    listed = engines[dialect](_compiled(query, dialect, table)["sql"])
    assert len(made) > 3
    assert listed == made


def test_without_filling_the_table_is_not_read() -> None:
    query = {"measures": ["sales.running"], "dimensions": ["sales.sold:day"], "fill": False}
    assert "Calendar" not in _compiled(query, "sqlite", "calendar.day")["sql"]
    # So a setting that is wrong stops only what needs it.
    assert _compiled(query, "sqlite", "ghost.day")["sql"]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("calendar", "date_table 'calendar' of the connection is not the column of a source"),
        ("a.b.c", "is not the column of a source"),
        ("Calender.day", "names the source 'Calender', which does not exist. Did you mean 'Calendar'?"),
        ("calendar.numbr", "names the column 'numbr', which 'Calendar' does not have. Did you mean 'number'?"),
        ("calendar.number", "date_table 'calendar.number' of the connection is a number, not a date"),
        ("broken.day", "Source 'broken' cannot be queried: Source 'broken' failed to parse: grain must be non-empty"),
    ],
)
def test_what_cannot_be_a_date_table_is_refused(table: str, message: str) -> None:
    with pytest.raises(SemanticLayerError) as refused:
        _compiled({"measures": ["sales.n"], "dimensions": ["sales.sold:day"]}, "sqlite", table)
    assert message in str(refused.value)

"""Cumulative and offset measures and filled gaps, on three engines, against the same counted row by row in Python."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import duckdb
import psycopg
import pytest

from semantic_layer import SemanticLayerError, run_query, validate_sources

Row = tuple[int, date | None, str | None, int, int]
_ROWS: list[Row] = [
    (1, date(2023, 12, 30), "EU", 10, 1),
    (2, date(2024, 1, 1), "EU", 20, 2),
    (3, date(2024, 1, 31), "US", 5, 1),
    (4, date(2024, 1, 31), "EU", 7, 1),
    (5, date(2024, 2, 29), "EU", 1, 3),
    (6, date(2024, 3, 1), "US", 2, 2),
    (7, date(2024, 3, 6), "US", 4, 1),
    (8, date(2024, 3, 7), None, 8, 4),
    (9, date(2024, 3, 31), "EU", 16, 2),
    (10, None, "EU", 32, 5),
    (11, date(2024, 6, 2), "US", 64, 1),
]
_SOURCES = [
    {
        "name": "sales",
        "table": "sales",
        "grain": ["id"],
        "columns": [
            {"name": "id", "type": "number"},
            {"name": "sold", "type": "time"},
            {"name": "area", "type": "string"},
            {"name": "amount", "type": "number"},
            {"name": "buyer", "type": "number"},
        ],
        "measures": [
            {"name": "total", "expr": "sum(amount)"},
            {"name": "n", "expr": "count(*)"},
            {"name": "buyers", "expr": "count(distinct buyer)"},
            {"name": "mean", "expr": "total / n"},
            {"name": "running", "type": "cumulative", "expr": "total"},
            {"name": "running_eu", "type": "cumulative", "expr": "sum(amount)", "filter": "area = 'EU'"},
            {"name": "week_buyers", "type": "cumulative", "expr": "buyers", "window": "7 days"},
            {"name": "week_mean", "expr": "mean", "window": "7 days"},
            {"name": "quarter_total", "expr": "total", "window": "3 months"},
            {"name": "month_to_date", "expr": "total", "grain_to_date": "month"},
            {"name": "year_to_date", "expr": "n", "grain_to_date": "year"},
            {"name": "month_ago", "type": "offset", "expr": "total", "offset": "1 month"},
            {"name": "n_month_ago", "expr": "n", "offset": "1 month"},
            {"name": "year_ago", "expr": "total", "offset": "1 year"},
            {"name": "growth", "expr": "total - month_ago"},
        ],
    }
]


def _end(start: date, grain: str) -> date:
    if grain == "day":
        return start + timedelta(days=1)
    if grain == "week":
        return start + timedelta(days=7)
    return _months(start, {"month": 1, "quarter": 3, "year": 12}[grain])


def _months(day: date, count: int) -> date:
    number = day.year * 12 + day.month - 1 + count
    year, month = divmod(number, 12)
    first = date(year, month + 1, 1)
    last = (date(year + (month == 11), (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return first.replace(day=min(day.day, last))


def _start(day: date, grain: str) -> date:
    if grain == "day":
        return day
    if grain == "week":
        return day - timedelta(days=day.weekday())
    month = {"month": day.month, "quarter": (day.month - 1) // 3 * 3 + 1, "year": 1}[grain]
    return date(day.year, month, 1)


def _span(measure: str, start: date, grain: str) -> tuple[date, date]:
    end = _end(start, grain)
    if measure.startswith("running"):
        return date.min, end
    if measure.startswith("week_"):
        return end - timedelta(days=7), end
    if measure == "quarter_total":
        return _months(end, -3), end
    if measure in ("month_to_date", "year_to_date"):
        return _start(end - timedelta(days=1), measure.partition("_")[0]), end
    if "ago" in measure:
        earlier = _months(start, -12 if measure == "year_ago" else -1)
        return earlier, _end(earlier, grain)
    return start, end


def _value(measure: str, rows: list[Row]) -> Any:
    if measure == "running_eu":
        rows = [row for row in rows if row[2] == "EU"]
    if measure in ("n", "year_to_date", "n_month_ago"):
        return len(rows)
    if "buyers" in measure:
        return len({row[4] for row in rows})
    total = sum(row[3] for row in rows) if rows else None
    return total / len(rows) if "mean" in measure and total is not None else total


def _expected(measures: list[str], grain: str, *, by_area: bool, fill: bool) -> set[tuple[Any, ...]]:
    def key(row: Row) -> tuple[Any, ...]:
        start = _start(row[1], grain) if row[1] else None
        return (start, row[2]) if by_area else (start,)

    groups = {key(row) for row in _ROWS}
    if fill:
        starts = sorted(group[0] for group in groups if group[0])
        start = starts[0]
        while start <= starts[-1]:
            groups |= {(start, *group[1:]) for group in groups}
            start = _end(start, grain)
    found = set()
    for group in groups:
        values = []
        for measure in measures:
            if group[0] is None:
                own = [row for row in _ROWS if key(row) == group]
                values.append(
                    _value(
                        measure,
                        own
                        if _span(measure, date(2024, 1, 1), "day")[0] == date(2024, 1, 1)
                        and not measure.endswith("_to_date")
                        else [],
                    )
                )
                continue
            lower, upper = _span(measure, group[0], grain)
            own = [row for row in _ROWS if row[1] and lower <= row[1] < upper and (not by_area or row[2] == group[1])]
            values.append(_value(measure, own))
        found.add((str(group[0]), *group[1:], *values))
    return found


@pytest.fixture(scope="module")
def engines(postgres_server: str) -> Any:
    lite, duck = sqlite3.connect(":memory:"), duckdb.connect(":memory:")
    lite.execute("CREATE TABLE sales (id INTEGER, sold TEXT, area TEXT, amount INTEGER, buyer INTEGER)")
    duck.execute("CREATE TABLE sales (id INTEGER, sold DATE, area TEXT, amount INTEGER, buyer INTEGER)")
    with psycopg.connect(postgres_server) as postgres:
        postgres.execute(
            "CREATE TEMP TABLE sales (id INTEGER, sold TIMESTAMP, area TEXT, amount INTEGER, buyer INTEGER)"
        )
        for row in _ROWS:
            lite.execute(
                "INSERT INTO sales VALUES (?, ?, ?, ?, ?)", [str(v) if isinstance(v, date) else v for v in row]
            )
            duck.execute("INSERT INTO sales VALUES (?, ?, ?, ?, ?)", row)
            postgres.execute("INSERT INTO sales VALUES (%s, %s, %s, %s, %s)", row)
        runs: dict[str, Callable[[str], list[Any]]] = {
            "sqlite": lambda sql: lite.execute(sql).fetchall(),
            "duckdb": lambda sql: duck.execute(sql).fetchall(),
            "postgres": lambda sql: postgres.execute(sql).fetchall(),  # type: ignore[arg-type]
        }
        yield runs


def _rows(run: Callable[[str], list[Any]], dialect: str, query: dict[str, Any]) -> list[tuple[Any, ...]]:
    sql = run_query(_SOURCES, query, dialect)["sql"]
    return [tuple(_plain(value) for value in row) for row in run(sql)]


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return str(value)[:10]
    return float(value) if value is not None and not isinstance(value, str) else value


_SPANNING = [
    ["running", "running_eu"], ["total", "running"], ["week_buyers", "week_mean"], ["n", "quarter_total"],
    ["month_to_date", "year_to_date"], ["total", "month_ago", "n_month_ago"], ["year_ago"],
]  # fmt: skip


@pytest.mark.parametrize("fill", [False, True])
@pytest.mark.parametrize("by_area", [False, True])
@pytest.mark.parametrize("grain", ["day", "week", "month", "quarter", "year"])
@pytest.mark.parametrize("measures", _SPANNING, ids="-".join)
@pytest.mark.parametrize("dialect", ["sqlite", "duckdb", "postgres"])
def test_measures_over_other_rows_than_those_of_their_period(
    dialect: str, measures: list[str], grain: str, by_area: bool, fill: bool, engines: Any
) -> None:
    query = {
        "measures": [f"sales.{measure}" for measure in measures],
        "dimensions": [{"field": "sales.sold", "granularity": grain}, *(["sales.area"] if by_area else [])],
        "fill": fill,
    }
    expected = {
        tuple(None if v == "None" else float(v) if isinstance(v, int) else v for v in row)
        for row in _expected(measures, grain, by_area=by_area, fill=fill)
    }
    found = _rows(engines[dialect], dialect, query)
    assert len(found) == len(expected)
    assert set(found) == expected


def test_a_derived_measure_compares_periods(engines: Any) -> None:
    query = {
        "measures": ["sales.growth"],
        "dimensions": ["sales.sold:month"],
        "filters": ["sales.sold >= '2024-02-01'"],
    }
    for dialect, run in engines.items():
        # What it compares comes first.
        assert _rows(run, dialect, query) == [
            ("2024-02-01", 32, 1, -31),
            ("2024-03-01", 1, 30, 29),
            ("2024-06-01", None, 64, 64),
        ]


def test_a_filter_on_the_time_shows_periods_and_one_on_rows_restricts_them(engines: Any) -> None:
    query = {
        "measures": ["sales.running"],
        "dimensions": ["sales.sold:month"],
        "filters": ["sales.sold >= '2024-03-01'"],
    }
    for dialect, run in engines.items():
        assert _rows(run, dialect, query) == [("2024-03-01", 73), ("2024-06-01", 137)]
        area = query | {"filters": [*query["filters"], "sales.area = 'US'"]}
        assert _rows(run, dialect, area) == [("2024-03-01", 11), ("2024-06-01", 75)]


@pytest.mark.parametrize("expr", ["sales.total", "sum(sales.amount)", "sales.mean * sales.n"])
def test_spans_may_be_asked_for_ad_hoc(expr: str, engines: Any) -> None:
    ad_hoc = {"expr": expr, "name": "running", "type": "cumulative"}
    for dialect, run in engines.items():
        answers = [
            _rows(run, dialect, {"measures": [measure], "dimensions": ["sales.sold:month"]})
            for measure in ("sales.running", ad_hoc)
        ]
        assert answers[0] == answers[1]


def test_filling_gives_counts_of_zero_and_keeps_the_order(engines: Any) -> None:
    query = {"measures": ["sales.n", "sales.total"], "dimensions": ["sales.sold:month"], "fill": True}
    for dialect, run in engines.items():
        assert _rows(run, dialect, query) == [
            ("2023-12-01", 1, 10), ("2024-01-01", 3, 32), ("2024-02-01", 1, 1), ("2024-03-01", 4, 30),
            ("2024-04-01", 0, None), ("2024-05-01", 0, None), ("2024-06-01", 1, 64), (None, 1, 32),
        ]  # fmt: skip
        assert _rows(run, dialect, query | {"include_empty": False})[:-1] == _rows(run, dialect, query)[:-1]


@pytest.mark.parametrize("include_empty", [True, False])
@pytest.mark.parametrize("dimensions", [["sales.sold:month"], ["sales.sold:month", "sales.area"]])
def test_nothing_has_no_gaps_to_fill(dimensions: list[str], include_empty: bool, engines: Any) -> None:
    for measures in (["sales.n"], ["sales.running"], ["sales.week_buyers", "sales.month_ago"]):
        query = {"measures": measures, "dimensions": dimensions, "fill": True, "include_empty": include_empty}
        for dialect, run in engines.items():
            assert _rows(run, dialect, query | {"filters": ["sales.amount > 1000"]}) == []
            without_time = _rows(run, dialect, query | {"filters": ["sales.id = 10"]})
            assert [row[0] for row in without_time] == [None], dialect


def test_a_running_total_without_periods_is_the_total(engines: Any) -> None:
    query = {"measures": ["sales.running", "sales.total"], "dimensions": ["sales.area"]}
    assert _rows(engines["sqlite"], "sqlite", query) == [("EU", 86, 86), ("US", 75, 75), (None, 8, 8)]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"measures": ["sales.month_ago"]}, "measure 'month_ago' needs one dimension with a granularity"),
        ({"measures": ["sales.n"], "dimensions": ["sales.area"], "fill": True}, "fill needs one dimension"),
        (
            {"measures": ["sales.running"], "dimensions": ["sales.sold:month", "sales.sold:year"]},
            "the query has several: sales_sold_month, sales_sold_year",
        ),
        ({"measures": [{"expr": "sales.n", "window": "some days"}]}, "'some days' is not an amount of time"),
        ({"measures": [{"expr": "sales.n", "window": "1 day", "offset": "1 day"}]}, "exclude each other"),
        ({"measures": [{"expr": "sales.n", "type": "offset"}]}, "needs `offset`, such as `offset: 1 month`"),
        ({"measures": [{"expr": "sales.running", "window": "1 day"}]}, "which is so itself"),
    ],
)
def test_what_spans_nothing_is_refused(query: dict[str, Any], message: str) -> None:
    with pytest.raises(SemanticLayerError) as refused:
        run_query(_SOURCES, query, "sqlite")
    assert message in str(refused.value)


def test_a_measure_may_ask_for_its_gaps_to_be_filled(engines: Any) -> None:
    filling = {"name": "n_filled", "expr": "count(*)", "fill": True}
    sources = [_SOURCES[0] | {"measures": [*_SOURCES[0]["measures"], filling]}]
    query = {"measures": ["sales.n_filled"], "dimensions": ["sales.sold:month"]}
    ad_hoc = query | {"measures": [{"expr": "count(sales.id)", "name": "n_filled", "fill": True}]}
    for dialect, run in engines.items():
        rows = run(run_query(sources, query, dialect)["sql"])
        assert [row[1] for row in rows] == [1, 3, 1, 4, 0, 0, 1, 1]
        assert run(run_query(sources, ad_hoc, dialect)["sql"]) == rows
    # Without periods there is nothing to fill.
    assert "RECURSIVE" not in run_query(sources, query | {"dimensions": ["sales.area"]}, "sqlite")["sql"]


def test_measures_of_other_spans_are_no_faults_of_a_model() -> None:
    assert validate_sources(_SOURCES, "postgres")["errors"] == []
    twice = [{"name": "a", "expr": "total", "window": "7 days"}, {"name": "b", "expr": "total", "window": "7 day"}]
    sources = [_SOURCES[0] | {"measures": [*_SOURCES[0]["measures"], *twice]}]
    (error,) = validate_sources(sources, "postgres")["errors"]
    assert "measures 'a' and 'b' have the same expression" in error
    wrong = [_SOURCES[0] | {"measures": [{"name": "a", "expr": "count(*)", "window": "a week"}]}]
    (error,) = validate_sources(wrong, "postgres")["errors"]
    assert "'a week' is not an amount of time" in error


def _written_out(name: str, rows: list[str], **more: Any) -> dict[str, Any]:
    columns = [{"name": column, "type": kind} for column, kind in more.pop("columns").items()]
    sql = " UNION ALL ".join(f"SELECT {row}" for row in rows)
    return {"name": name, "sql": sql, "grain": ["id"], "columns": columns, **more}


@pytest.mark.parametrize("fill", [False, True])
def test_what_came_before_an_empty_group_counts_there(fill: bool, engines: Any) -> None:
    """March and June have orders, which make a group, but no lines; April has nothing."""
    measures: list[dict[str, Any]] = [
        {"expr": "sum(lines.item)", "name": "running", "type": "cumulative"},
        {"expr": "count(distinct lines.item)", "name": "items_so_far", "type": "cumulative"},
        {"expr": "sum(lines.item)", "name": "window", "window": "2 months"},
        {"expr": "count(distinct lines.item)", "name": "items", "window": "2 months"},
        {"expr": "count(lines.id)", "name": "before", "offset": "1 month"},
    ]
    query = {"measures": ["lines.n", *measures], "dimensions": ["orders.placed:month"], "fill": fill}
    expected = [
        ("2024-01-01", 2, 15, 2, 15, 2, 0), ("2024-02-01", 1, 22, 2, 22, 2, 2), ("2024-03-01", 0, 22, 2, 7, 1, 1),
        ("2024-04-01", 0, 22, 2, None, 0, 0), ("2024-05-01", 1, 31, 3, 9, 1, 0), ("2024-06-01", 0, 31, 3, 9, 1, 1),
    ]  # fmt: skip
    for dialect, run in engines.items():
        date = "" if dialect == "sqlite" else "DATE "
        days = ["2024-01-05", "2024-02-06", "2024-03-07", "2024-05-08", "2024-06-09"]
        orders = [f"{number} AS id, {date}'{day}' AS placed" for number, day in enumerate(days, start=1)]
        items = [(1, 7), (1, 8), (2, 7), (4, 9)]
        lines = [f"{number} AS id, {order} AS order_id, {item} AS item" for number, (order, item) in enumerate(items)]
        sources = [
            _written_out("orders", orders, columns={"id": "number", "placed": "time"}),
            _written_out(
                "lines",
                lines,
                columns={"id": "number", "order_id": "number", "item": "number"},
                joins=[{"to": "orders", "on": "order_id = orders.id", "relationship": "many_to_one"}],
                measures=[{"name": "n", "expr": "count(*)"}],
            ),
        ]
        rows = [tuple(_plain(value) for value in row) for row in run(run_query(sources, query, dialect)["sql"])]
        assert rows == [row for row in expected if fill or row[0] != "2024-04-01"], dialect

"""Operators and functions over integers, decimals and floats: an answer on every engine, or a refusal of ours."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

import duckdb
import psycopg
import pytest

from semantic_layer import SemanticLayerError, run_query

_TYPES = {"i": "INTEGER", "big": "BIGINT", "dec": "NUMERIC(10, 2)", "flt": "DOUBLE PRECISION", "sml": "REAL"}
_DDL = f"CREATE TABLE t (id INTEGER, ok BOOLEAN, {', '.join(f'{name} {kind}' for name, kind in _TYPES.items())})"
_ROWS = ["(1, true, 7, 7, 7.25, 7.25, 7.25)", "(2, false, 4, 4, 4.5, 4.5, 4.5)", "(3, NULL, 0, 0, 0, 0, 0)"]
_SOURCE = {
    "name": "t",
    "table": "t",
    "grain": ["id"],
    "columns": [
        *({"name": name, "type": "number"} for name in ("id", *_TYPES)),
        {"name": "ok", "type": "boolean"},
        {"name": "is_big", "type": "boolean", "expr": "i > 5"},
    ],
    "measures": [{"name": "n", "expr": "count(*)"}, {"name": "ok_most", "expr": "max(ok)"}],
}


@pytest.fixture(scope="module")
def engines(postgres_server: str) -> Iterator[dict[str, Callable[[str], Any]]]:
    lite, duck = sqlite3.connect(":memory:"), duckdb.connect(":memory:")
    with psycopg.connect(postgres_server, autocommit=True) as postgres:
        for connection in (lite, duck):
            connection.execute(_DDL)
            connection.execute(f"INSERT INTO t VALUES {', '.join(_ROWS)}")
        postgres.execute(_DDL.replace("CREATE", "CREATE TEMP").encode())
        postgres.execute(f"INSERT INTO t VALUES {', '.join(_ROWS)}".encode())
        yield {
            "sqlite": lambda sql: lite.execute(sql).fetchone(),
            "duckdb": lambda sql: duck.execute(sql).fetchone(),
            "postgres": lambda sql: postgres.execute(sql.encode()).fetchone(),
        }


def _value(engines: dict[str, Callable[[str], Any]], dialect: str, query: dict[str, Any]) -> Any:
    (value,) = engines[dialect](run_query([_SOURCE], query, dialect)["sql"])
    return None if value is None else float(value)


@pytest.mark.parametrize("dialect", ["sqlite", "duckdb", "postgres"])
@pytest.mark.parametrize("column", _TYPES)
@pytest.mark.parametrize(
    ("expr", "whole", "fraction"),
    [
        ("sum(t.{}) % 4", 11 % 4, 11.75 % 4),
        ("mod(sum(t.{}), 4)", 11 % 4, 11.75 % 4),
        ("sum(t.{}) % 2.5", 11 % 2.5, 11.75 % 2.5),
        ("sum(t.{} % 4)", 7 % 4, 7.25 % 4 + 0.5),
        ("sum(t.{0}) % min(t.{0})", None, None),
        ("(sum(t.{}) + 1) % count(*)", 12 % 3, 12.75 % 3),
        ("round(sum(t.{}) / count(*), 2)", 3.67, 3.92),
        ("round(avg(t.{}), 1)", 3.7, 3.9),
        ("round(sum(t.{}))", 11, 12),
        ("trunc(avg(t.{}), 1)", 3.6, 3.9),
        ("sum(t.{}) / 0", None, None),
        ("power(sum(t.{}), 2)", 121, 11.75**2),
        ("abs(sum(t.{}) - 100)", 89, 88.25),
    ],
)
def test_number_types(dialect: str, column: str, expr: str, whole: Any, fraction: Any, engines: Any) -> None:
    query = {"measures": [{"expr": expr.format(column), "name": "value"}]}
    expected = whole if column in ("i", "big") else fraction
    if dialect == "sqlite" and expr.startswith("trunc"):
        with pytest.raises(SemanticLayerError, match=r"sqlite cannot express the query: .*Trunc"):
            _value(engines, dialect, query)
        return
    if dialect == "sqlite" and "%" in expr + expr.replace("mod", "%") and expected is not None:
        # SQLite takes the rest of whole numbers alone.
        expected = None if expr == "sum(t.{}) % 2.5" else expected
        found = _value(engines, dialect, query)
        assert found == int(found)
        return
    assert _value(engines, dialect, query) == (None if expected is None else pytest.approx(expected))


_REFUSED = {
    "sqlite": {"stddev", "variance"},
    "duckdb": {"avg", "stddev", "variance"},
    "postgres": {"sum", "avg", "min", "max", "stddev", "variance"},
}


@pytest.mark.parametrize("dialect", _REFUSED)
@pytest.mark.parametrize("name", ["sum", "avg", "min", "max", "stddev", "variance", "count", "bool_or"])
def test_booleans_are_aggregated_or_refused_by_us(dialect: str, name: str, engines: Any) -> None:
    query = {"measures": [f"{name}(t.ok)"]}
    if name in _REFUSED[dialect]:
        with pytest.raises(SemanticLayerError) as refused:
            run_query([_SOURCE], query, dialect)
        assert dialect in str(refused.value)
        assert f"{name}" in str(refused.value)
        return
    assert engines[dialect](run_query([_SOURCE], query, dialect)["sql"])[0] in (0, 0.5, 1, 2)


def test_a_defined_measure_over_a_boolean_is_refused_where_it_has_no_answer() -> None:
    with pytest.raises(SemanticLayerError) as refused:
        run_query([_SOURCE], {"measures": ["t.ok_most"]}, "postgres")
    assert "postgres has no max of a boolean, which `t.ok` is" in str(refused.value)
    assert "`sum(case when t.ok then 1 else 0 end)`" in str(refused.value)
    assert run_query([_SOURCE], {"measures": ["t.ok_most"]}, "duckdb")

"""Functions that a dialect lacks are refused by name, wherever an expression may be; those that it has are not."""

from __future__ import annotations

import sqlite3
from typing import Any

import duckdb
import pytest

from semantic_layer import SemanticLayerError, run_query
from tests.semantic_layer.shop import SHOP, changed

_LACKING = {
    "sqlite": ["stddev", "variance", "array_agg", "left", "now", "date_trunc", "approx_count_distinct", "regr_slope"],
    "postgres": ["first", "arg_max", "strftime", "approx_count_distinct", "kurtosis", "total"],
    "duckdb": ["total", "julianday"],
}
_ARGUMENTS = {"left": "orders.tax, 2", "date_trunc": "'month', orders.tax", "arg_max": "orders.tax, orders.id"}


@pytest.mark.parametrize(("dialect", "function"), [(d, f) for d, names in _LACKING.items() for f in names])
def test_a_function_that_is_lacking_is_named(dialect: str, function: str) -> None:
    call = f"{function}({_ARGUMENTS.get(function, 'orders.tax' if function != 'now' else '')})"
    queries: list[dict[str, Any]] = [
        {"measures": [f"sum({call})"]},
        {"measures": ["orders.gross"], "filters": [f"{call} > 1"]},
        {"measures": ["orders.gross"], "dimensions": [f"coalesce({call}, 1)"]},
    ]
    for query in queries:
        with pytest.raises(SemanticLayerError, match=f"^function `{function}` does not exist in {dialect}\nhint: "):
            run_query(SHOP, query, dialect)
    sources = changed("orders", measures=[{"name": "odd", "expr": f"sum({call})".replace("orders.", "")}])
    with pytest.raises(SemanticLayerError, match=f"^function `{function}` does not exist in {dialect}"):
        run_query(sources, {"measures": ["orders.odd"]}, dialect)
    assert run_query(sources, {"measures": ["orders.gross"]}, dialect)


_PRESENT = """
    sum(orders.tax); group_concat(orders.status); total(orders.tax); max(orders.tax, 1); abs(orders.tax)
    coalesce(orders.tax, 0); iif(orders.tax > 1, 1, 0); substr(orders.status, 1, 2); round(orders.tax, 1)
    strftime('%Y', orders.placed_at); printf('%d', orders.tax); cast(orders.tax as text); orders.tax in (1, 2)
    orders.tax = (select max(tax) from orders); orders.status glob 'p*'; nullif(orders.tax, 0); ifnull(orders.tax, 1)
    count(*) filter (where orders.tax > 1); length(orders.status); instr(orders.status, 'p')
"""


@pytest.mark.parametrize("call", [call.strip() for line in _PRESENT.strip().splitlines() for call in line.split(";")])
def test_functions_of_sqlite_pass(call: str) -> None:
    measure = call if call.split("(")[0] in ("sum", "group_concat", "total", "count") else f"max({call})"
    sql = run_query(SHOP, {"measures": [{"expr": measure, "name": "m"}], "dimensions": ["orders.id"]}, "sqlite")["sql"]
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE orders (id, customer_id, status, amount, tax, placed_at)")
    database.execute(sql)


_WORDS = """
    call show execute any fetch explain replace refresh declare do all if case end commit use set copy describe kill
    load merge analyze grant with desc order group
"""


@pytest.mark.parametrize("word", _WORDS.split())
@pytest.mark.parametrize("dialect", ["sqlite", "postgres", "duckdb", "mysql", "snowflake", "bigquery", "tsql"])
def test_a_source_may_have_the_name_of_a_statement(word: str, dialect: str) -> None:
    source = {
        "name": word,
        "table": word,
        "grain": ["id"],
        "columns": [
            {"name": "id", "type": "number"},
            {"name": "mins", "type": "number"},
            {"name": "end", "type": "string"},
        ],
        "measures": [{"name": "n", "expr": "count(*)", "filter": f"{word}.mins > 1"}],
        "segments": [{"name": "long", "expr": f"{word}.mins > 5"}],
    }
    query = {
        "measures": [f"{word}.n", {"expr": f"sum({word}.mins)", "name": "s"}],
        "dimensions": [f"{word}.end", {"field": f"{word}.mins"}],
        "filters": [f"{word}.mins > 5", f"{word}.end = 'x' OR {word}.mins is null", f"{word}.n > 1"],
        "segments": [f"{word}.long"],
        "order_by": [f"{word}.mins"],
    }
    sql = run_query([source], query, dialect)["sql"]
    if dialect == "sqlite":
        database = sqlite3.connect(":memory:")
        database.execute(f'CREATE TABLE "{word}" (id, mins, "end")')
        database.execute(sql)
    if dialect == "duckdb":
        with duckdb.connect(":memory:") as duck:
            duck.execute(f'CREATE TABLE "{word}" (id INTEGER, mins INTEGER, "end" TEXT)')
            duck.execute(sql)


def test_a_ratio_of_named_measures_is_a_measure() -> None:
    answer = run_query(
        SHOP, {"measures": ["orders.gross / orders.order_count"], "dimensions": ["orders.status"]}, "sqlite"
    )
    assert [column["name"] for column in answer["plan"]["columns"]][-1] == "orders_gross_orders_order_count"
    assert "CAST(SUM(orders.amount) AS REAL) / NULLIF(COUNT(orders.id), 0)" in answer["sql"]

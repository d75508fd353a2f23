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


_SEVERAL_VALUES = {
    "max(orders.tax, orders.id)": {"postgres": "max", "mysql": "max", "snowflake": "max"},
    "min(orders.tax, orders.id, 3)": {"postgres": "min", "bigquery": "min"},
    "count(orders.tax, orders.id)": {"sqlite": "count", "postgres": "count", "duckdb": "count"},
    "count(distinct orders.tax, orders.id)": {"sqlite": "count(distinct …)"},
    "count(distinct (orders.tax, orders.id))": {"sqlite": "count(distinct …)"},
    "count_distinct(orders.tax, orders.id)": {"sqlite": "count(distinct …)"},
    "sum(distinct orders.tax, orders.id)": dict.fromkeys(["sqlite", "postgres", "duckdb"], "sum(distinct …)"),
    "group_concat(distinct orders.status, ',')": {"postgres": "group_concat(distinct …)"},
}


@pytest.mark.parametrize(
    ("call", "dialect", "name"), [(call, *one) for call, some in _SEVERAL_VALUES.items() for one in some.items()]
)
def test_an_aggregate_of_one_value_is_not_given_several(call: str, dialect: str, name: str) -> None:
    """`max(a, b)` would be written as `greatest(a, b)`, which aggregates nothing: one row for each of the fact."""
    for query in ({"measures": [call]}, {"measures": ["orders.gross"], "filters": [f"{call} > 1"]}):
        with pytest.raises(SemanticLayerError) as refusal:
            run_query(SHOP, query, dialect)
        assert str(refusal.value).startswith(f"`{name}` takes one value in {dialect}\nhint: ")
    alone = "count(distinct orders.tax)" if "distinct" in call else f"{name}(orders.tax)"
    assert run_query(SHOP, {"measures": [alone]}, dialect)["sql"]


def test_pairs_are_counted_where_the_dialect_can() -> None:
    duck = duckdb.connect(":memory:")
    duck.execute("CREATE TABLE orders AS SELECT i AS id, i % 3 AS tax, i % 2 AS status FROM range(30) t(i)")
    for call in ("count(distinct orders.tax, orders.status)", "count_distinct(orders.tax, orders.status)"):
        assert duck.execute(run_query(SHOP, {"measures": [call]}, "duckdb")["sql"]).fetchall() == [(6,)]
    lite = sqlite3.connect(":memory:")
    lite.execute("CREATE TABLE orders (id, status, tax)")
    lite.executemany("INSERT INTO orders VALUES (?, ?, ?)", [(i, i % 2, i % 3) for i in range(30)])
    hinted = {"measures": ["count(distinct json_array(orders.tax, orders.status))"]}
    assert lite.execute(run_query(SHOP, hinted, "sqlite")["sql"]).fetchall() == [(6,)]
    with pytest.raises(SemanticLayerError, match="takes no separator in sqlite\nhint: "):
        run_query(SHOP, {"measures": ["string_agg(distinct orders.status, ';')"]}, "sqlite")


_PARAMETERS = {
    "sqlite": ["?", ":part_0", "@x", "$x", "$1"],
    "postgres": ["?", ":part_0", "$1", "$x", "%s", "%(x)s"],
    "duckdb": ["?", ":part_0", "$1", "$x"],
    "snowflake": ["?", ":part_0"],
}


@pytest.mark.parametrize(("dialect", "parameter"), [(d, text) for d, texts in _PARAMETERS.items() for text in texts])
def test_a_parameter_is_refused_wherever_an_expression_may_be(dialect: str, parameter: str) -> None:
    """`:part_0` was once taken for a part of a running total, and a running total of `?` failed with a KeyError."""
    time = {"field": "orders.placed_at", "granularity": "month"}
    queries: list[dict[str, Any]] = [
        {"measures": [{"expr": f"sum(orders.tax) + {parameter}", "name": "m", "type": "cumulative"}]},
        {"measures": [{"expr": f"orders.gross / {parameter}", "name": "m"}]},
        {"measures": ["orders.gross"], "filters": [f"orders.tax > {parameter}"]},
        {"measures": ["orders.gross"], "filters": [f"orders.gross > {parameter}"]},
        {"measures": ["orders.gross"], "dimensions": [f"orders.tax + {parameter}"]},
    ]
    for query in queries:
        with pytest.raises(SemanticLayerError, match=r"^Failed to parse expression '.*': it has a parameter, and "):
            run_query(SHOP, {**query, "dimensions": query.get("dimensions", [time])}, dialect)
    for text in (parameter, "$"):
        quoted = {"measures": ["orders.gross"], "filters": [f"orders.status = '{text}'"]}
        assert text in run_query(SHOP, quoted, dialect)["sql"]


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

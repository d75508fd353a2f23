"""What differs between dialects: truncated times, percentiles, quoting, limits, and what an engine lacks."""

from __future__ import annotations

import duckdb
import psycopg
import pytest
import sqlglot

from semantic_layer import SemanticLayerError, run_query
from semantic_layer.granularity import GRANULARITIES
from tests.semantic_layer.shop import AIR, SHOP, changed, sql
from tests.semantic_layer.test_engines import DIALECTS

TRUNCATED = {
    ("postgres", "month"): "CAST(DATE_TRUNC('month', legs.departed) AS DATE)",
    ("postgres", "hour"): "DATE_TRUNC('hour', legs.departed)",
    ("snowflake", "week"): "DATE_TRUNC('week', legs.departed)",
    ("redshift", "year"): "DATE_TRUNC('year', legs.departed)",
    ("databricks", "hour"): "DATE_TRUNC('hour', legs.departed)",
    ("duckdb", "quarter"): "DATE_TRUNC('quarter', legs.departed)",
    ("clickhouse", "day"): "dateTrunc('day', legs.departed)",
    ("bigquery", "month"): "DATE_TRUNC(legs.departed, MONTH)",
    ("bigquery", "week"): "DATE_TRUNC(legs.departed, WEEK(MONDAY))",
    ("tsql", "month"): "DATETRUNC(MONTH, legs.departed)",
    ("tsql", "week"): "DATETRUNC(ISO_WEEK, legs.departed)",
    ("mysql", "year"): "DATE(DATE_FORMAT(legs.departed, '%Y-01-01'))",
    ("mysql", "month"): "DATE(DATE_FORMAT(legs.departed, '%Y-%m-01'))",
    ("mysql", "week"): "DATE_SUB(DATE(legs.departed), INTERVAL (WEEKDAY(legs.departed)) DAY)",
    ("mysql", "day"): "DATE(legs.departed)",
    ("mysql", "hour"): "CAST(DATE_FORMAT(legs.departed, '%Y-%m-%d %H:00:00') AS DATETIME)",
    ("sqlite", "year"): "DATE(legs.departed, 'start of year')",
    ("sqlite", "week"): "DATE(legs.departed, 'weekday 0', '-6 days')",
    ("sqlite", "hour"): "STRFTIME('%Y-%m-%d %H:00:00', legs.departed)",
    ("oracle", "month"): "TRUNC(legs.departed, 'MONTH')",
}


@pytest.mark.parametrize(("where", "text"), TRUNCATED.items())
def test_the_start_of_a_period(where: tuple[str, str], text: str) -> None:
    dialect, granularity = where
    query = {"dimensions": [{"field": "legs.departed", "granularity": granularity}]}
    written = sql(query, AIR, dialect)
    if dialect == "sqlite":
        assert f"GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]*'\n    THEN {text}\n    ELSE JSON_EXTRACT(" in written
    else:
        assert f"{text} AS departed_{granularity}" in written


@pytest.mark.parametrize("granularity", GRANULARITIES)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_granularity_parses_in_every_dialect(dialect: str, granularity: str) -> None:
    query = {"dimensions": [{"field": "legs.departed", "granularity": granularity}], "measures": ["legs.flights"]}
    assert sqlglot.parse_one(sql(query, AIR, dialect), dialect=dialect)


MEDIANS = {
    "postgres": "PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY\n    orders.amount)",
    "snowflake": "PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY\n    orders.amount)",
    "redshift": "PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY\n    orders.amount)",
    "duckdb": "QUANTILE_CONT(orders.amount, 0.5)",
    "databricks": "PERCENTILE(orders.amount, 0.5)",
    "clickhouse": "quantileExactInclusive(0.5)(orders.amount)",
}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_median_in_the_form_of_the_dialect_or_an_error(dialect: str) -> None:
    query = {"measures": ["median(orders.amount)"]}
    if dialect in MEDIANS:
        assert MEDIANS[dialect] in sql(query, SHOP, dialect)
    else:
        with pytest.raises(SemanticLayerError, match=f"not available as aggregates in {dialect}"):
            sql(query, SHOP, dialect)


_PERCENTILES = {
    "measures": [
        {"expr": "median(orders.amount)", "name": "mid"},
        {"expr": "percentile(orders.amount, 0.9)", "name": "high"},
        {"expr": "count_distinct(orders.status)", "name": "kinds"},
    ],
    "segments": ["orders.not_void"],
}
_AMOUNTS = "SELECT * FROM (VALUES (1, 10, 'a'), (2, 20, 'a'), (3, 40, 'b'), (4, 999, 'void')) AS t(id, amount, status)"


def _amounts_only() -> list[dict]:
    orders = next(source for source in SHOP if source["name"] == "orders")
    return [{**orders, "table": None, "sql": _AMOUNTS, "joins": [], "measures": []}]


def test_percentiles_are_continuous_and_see_only_rows_of_the_segment(postgres_server: str) -> None:
    with psycopg.connect(postgres_server) as connection:
        row = connection.execute(sql(_PERCENTILES, _amounts_only(), "postgres")).fetchone()
    assert row == (20, 36, 2)
    assert duckdb.sql(sql(_PERCENTILES, _amounts_only(), "duckdb")).fetchall() == [(20, 36, 2)]


@pytest.mark.parametrize(
    ("measure", "text"),
    [
        (
            "sum(orders.tax) filter (where orders.id > 1)",
            "SUM(orders.tax) FILTER(WHERE orders.id > 1 AND orders.status <> 'void')",
        ),
        (
            "array_agg(orders.tax)",
            "ARRAY_AGG(orders.tax) FILTER(WHERE orders.status <> 'void' AND NOT orders.id IS NULL)",
        ),
        ("string_agg(orders.status, ',')", "STRING_AGG(CASE WHEN orders.status <> 'void' THEN orders.status END, ',')"),
    ],
)
def test_restrictions_respect_how_an_aggregate_treats_nulls(measure: str, text: str) -> None:
    query = {"measures": [measure], "dimensions": ["customers.name"], "segments": ["orders.not_void"]}
    assert text in " ".join(sql(query, SHOP, "postgres").split())


def test_conditions_with_equals_are_conditions_in_tsql() -> None:
    text = sql({"measures": ["orders.revenue"], "limit": 3}, SHOP, "tsql")
    assert "SUM(CASE WHEN orders.status = 'paid' THEN orders.amount END) AS revenue" in text
    assert "TOP 3" in text
    assert "LIMIT" not in text


def test_dimension_values_of_several_facts_are_compared_as_the_database_groups() -> None:
    query = {"measures": ["orders.gross", "tickets.effort"], "dimensions": ["customers.tier"]}
    for dialect in ("tsql", "redshift", "mysql", "snowflake", "postgres"):
        text = sql(query, SHOP, dialect)
        assert "UNION ALL" in text
        assert "GROUP BY\n    tier\n)" in text


def test_a_dialect_without_full_joins_finds_empty_groups_apart() -> None:
    query = {"measures": ["orders.gross"], "dimensions": ["customers.tier"]}
    assert "FULL JOIN customers" in sql(query, SHOP, "postgres")
    text = sql(query, SHOP, "mysql")
    assert "FULL" not in text
    assert "NOT EXISTS" in text


@pytest.mark.parametrize(
    ("dialect", "text"),
    [
        ("sqlite", "ORDER BY\n  tier DESC\n"),
        ("postgres", "ORDER BY\n  tier DESC NULLS LAST\n"),
        ("duckdb", "ORDER BY\n  tier DESC\n"),
        ("mysql", "ORDER BY\n  tier DESC\n"),
        ("tsql", "ORDER BY\n  tier DESC"),
        ("snowflake", "ORDER BY\n  tier DESC NULLS LAST\n"),
        ("clickhouse", "ORDER BY\n  tier DESC\n"),
    ],
)
def test_nulls_come_last_in_descending_order(dialect: str, text: str) -> None:
    query = {"measures": ["orders.gross"], "dimensions": ["customers.tier"], "order_by": [_DESC_TIER]}
    assert text in sql(query, SHOP, dialect)


_DESC_TIER = {"field": "customers.tier", "direction": "desc"}


def test_clickhouse_is_told_that_outer_joins_give_nulls() -> None:
    query = {"measures": ["orders.gross"], "dimensions": ["customers.tier"]}
    assert sql(query, SHOP, "clickhouse").endswith("SETTINGS join_use_nulls = 1")
    assert "SETTINGS" not in sql(query | {"include_empty": False}, SHOP, "clickhouse")


@pytest.mark.parametrize(
    ("dialect", "text"),
    [
        ("bigquery", "DATE_SUB(CURRENT_DATE, INTERVAL 7 DAY)"),
        ("mysql", "DATE_SUB(NOW(), INTERVAL 7 DAY)"),
        ("postgres", "CURRENT_TIMESTAMP - INTERVAL '7 DAYS'"),
        ("snowflake", "DATEADD(DAY, -7, CURRENT_DATE)"),
        ("duckdb", "orders.amount // 2"),
        ("postgres", "orders.status ~ 'a' AND orders.tax IS NULL"),
        ("clickhouse", "has([1, 2], orders.tax)"),
        ("snowflake", 'orders."tax" * 2'),
    ],
)
def test_expressions_survive_in_their_dialect(dialect: str, text: str) -> None:
    sources = changed("orders", columns=[{"name": "odd", "type": "time", "expr": text}])
    assert text in " ".join(sql({"dimensions": ["orders.odd"]}, sources, dialect).split())


def test_fields_of_nested_values_are_kept() -> None:
    column = {"name": "payload", "type": "string"}
    query = {"dimensions": ["orders.payload.city"], "filters": ["orders.payload.zip.code > 3"]}
    text = sql(query, changed("orders", columns=[column]), "bigquery")
    assert "orders.payload.city AS orders_payload_city" in text
    assert "orders.payload.zip.code > 3" in text


@pytest.mark.parametrize("dialect", ["", "klingon", "postgresql ", "postgres, normalize=true"])
def test_other_dialects_are_refused(dialect: str) -> None:
    with pytest.raises(SemanticLayerError, match="Unknown SQL dialect"):
        run_query(SHOP, {"measures": ["orders.gross"]}, dialect)

"""What the SQL looks like: written to be read, the same for the same query."""

from __future__ import annotations

import os
import sys
from subprocess import run
from textwrap import dedent
from typing import Any

import pytest

from tests.semantic_layer.shop import AIR, SHOP, changed, sql

TEXTS = [
    pytest.param(
        {"measures": ["orders.revenue"], "dimensions": ["customers.region"], "filters": ["orders.tax > 1"]},
        """\
        SELECT
          customers.region AS region,
          SUM(CASE WHEN orders.status = 'paid' THEN orders.amount END) AS revenue
        FROM orders
        LEFT JOIN customers
          ON orders.customer_id = customers.id
        WHERE
          orders.tax > 1
        GROUP BY
          customers.region
        ORDER BY
          region NULLS LAST
        LIMIT 1000""",
        id="one fact",
    ),
    pytest.param(
        {"dimensions": ["orders.status"], "limit": 5, "order_by": [{"field": "status", "direction": "desc"}]},
        """\
        SELECT DISTINCT
          orders.status AS status
        FROM orders
        ORDER BY
          status DESC
        LIMIT 5""",
        id="no measure",
    ),
    pytest.param(
        {"measures": ["orders.net_total"], "dimensions": ["orders.size_band"], "include_empty": False},
        """\
        SELECT
          CASE WHEN orders.amount >= 70 THEN 'big' ELSE 'small' END AS size_band,
          SUM(orders.amount - orders.tax) AS net_total
        FROM orders
        GROUP BY
          CASE WHEN orders.amount >= 70 THEN 'big' ELSE 'small' END
        ORDER BY
          size_band NULLS LAST
        LIMIT 1000""",
        id="computed columns without needless parentheses",
    ),
    pytest.param(
        {
            "measures": ["orders.gross", "tickets.effort", {"expr": "orders.gross / tickets.effort", "name": "per"}],
            "dimensions": ["customers.tier"],
            "filters": ["tickets.effort > 10"],
        },
        """\
        WITH orders_measures AS (
          SELECT
            customers.tier AS tier,
            SUM(orders.amount) AS gross
          FROM orders
          LEFT JOIN customers
            ON orders.customer_id = customers.id
          GROUP BY
            customers.tier
        ), tickets_measures AS (
          SELECT
            customers.tier AS tier,
            SUM(tickets.minutes) AS effort
          FROM tickets
          LEFT JOIN customers
            ON tickets.customer_id = customers.id
          GROUP BY
            customers.tier
        ), combined_groups AS (
          SELECT
            tier,
            MAX(gross) AS gross,
            MAX(effort) AS effort,
            MAX(in_orders) AS in_orders,
            MAX(in_tickets) AS in_tickets
          FROM (
            SELECT
              tier,
              gross,
              NULL AS effort,
              1 AS in_orders,
              0 AS in_tickets
            FROM orders_measures
            UNION ALL
            SELECT
              tier,
              NULL,
              effort,
              0,
              1
            FROM tickets_measures
            UNION ALL
            SELECT
              customers.tier,
              NULL,
              NULL,
              0,
              0
            FROM customers
            WHERE
              (
                customers.id IS NULL
                OR NOT customers.id IN (
                  SELECT
                    orders.customer_id
                  FROM orders
                  WHERE
                    NOT orders.customer_id IS NULL
                )
              )
              AND (
                customers.id IS NULL
                OR NOT customers.id IN (
                  SELECT
                    tickets.customer_id
                  FROM tickets
                  WHERE
                    NOT tickets.customer_id IS NULL
                )
              )
          ) AS parts
          GROUP BY
            tier
        )
        SELECT
          combined_groups.tier AS tier,
          combined_groups.gross AS gross,
          combined_groups.effort AS effort,
          CAST(CASE WHEN combined_groups.in_orders = 1 THEN combined_groups.gross ELSE 0 END AS REAL) \
/ NULLIF(CASE WHEN combined_groups.in_tickets = 1 THEN combined_groups.effort ELSE 0 END, 0) AS per
        FROM combined_groups
        WHERE
          combined_groups.effort > 10
        ORDER BY
          tier NULLS LAST
        LIMIT 1000""",
        id="two facts",
    ),
    pytest.param(
        {"measures": ["orders.gross", "tickets.effort"], "dimensions": ["customers.tier"], "include_empty": False},
        """\
        WITH orders_measures AS (
          SELECT
            customers.tier AS tier,
            SUM(orders.amount) AS gross
          FROM orders
          JOIN customers
            ON orders.customer_id = customers.id
          GROUP BY
            customers.tier
        ), tickets_measures AS (
          SELECT
            customers.tier AS tier,
            SUM(tickets.minutes) AS effort
          FROM tickets
          JOIN customers
            ON tickets.customer_id = customers.id
          GROUP BY
            customers.tier
        ), combined_groups AS (
          SELECT
            tier,
            MAX(gross) AS gross,
            MAX(effort) AS effort,
            MAX(in_orders) AS in_orders,
            MAX(in_tickets) AS in_tickets
          FROM (
            SELECT
              tier,
              gross,
              NULL AS effort,
              1 AS in_orders,
              0 AS in_tickets
            FROM orders_measures
            UNION ALL
            SELECT
              tier,
              NULL,
              effort,
              0,
              1
            FROM tickets_measures
          ) AS parts
          GROUP BY
            tier
        )
        SELECT
          combined_groups.tier AS tier,
          combined_groups.gross AS gross,
          combined_groups.effort AS effort
        FROM combined_groups
        WHERE
          combined_groups.in_orders = 1 AND combined_groups.in_tickets = 1
        ORDER BY
          tier NULLS LAST
        LIMIT 1000""",
        id="only values that all facts have",
    ),
    pytest.param(
        {"measures": ["orders.gross", "tickets.ticket_count"]},
        """\
        WITH orders_measures AS (
          SELECT
            SUM(orders.amount) AS gross
          FROM orders
        ), tickets_measures AS (
          SELECT
            COUNT(tickets.id) AS ticket_count
          FROM tickets
        )
        SELECT
          orders_measures.gross AS gross,
          tickets_measures.ticket_count AS ticket_count
        FROM orders_measures
        CROSS JOIN tickets_measures
        LIMIT 1000""",
        id="several facts without dimensions",
    ),
]


@pytest.mark.parametrize(("query", "text"), TEXTS)
def test_text(query: dict[str, Any], text: str) -> None:
    assert sql(query) == dedent(text)


def test_one_fact_finds_its_empty_groups_by_a_full_join_where_the_engine_has_a_fast_one() -> None:
    query = {"measures": ["orders.gross"], "dimensions": ["customers.region"]}
    assert sql(query, SHOP, "postgres") == dedent(
        """\
        SELECT
          customers.region AS region,
          SUM(orders.amount) AS gross
        FROM orders
        FULL JOIN customers
          ON orders.customer_id = customers.id
        GROUP BY
          customers.region
        ORDER BY
          region
        LIMIT 1000"""
    )
    assert "FULL JOIN" not in sql(query, SHOP, "sqlite")


def test_a_role_is_an_alias_of_its_table() -> None:
    assert sql({"measures": ["legs.flights"], "dimensions": ["dest.city"]}, AIR, "postgres") == dedent(
        """\
        SELECT
          dest.city AS city,
          COUNT(legs.id) AS flights
        FROM legs
        FULL JOIN airports AS dest
          ON legs.to_code = dest.code
        GROUP BY
          dest.city
        ORDER BY
          city
        LIMIT 1000"""
    )


def test_definitions_that_name_their_own_source_hold_for_its_roles() -> None:
    sources = changed(
        "airports",
        AIR,
        measures=[{"name": "nordic", "expr": "count(airports.code)", "filter": "airports.is_nordic"}],
        columns=[{"name": "is_nordic", "type": "boolean", "expr": "airports.country = 'NO'"}],
    )
    text = sql({"measures": ["origin.nordic"]}, sources)
    assert "COUNT(CASE WHEN origin.country = 'NO' THEN origin.code END) AS nordic\nFROM airports AS origin" in text


def test_a_computed_column_may_have_the_name_of_the_physical_one_it_is_computed_from() -> None:
    columns = [
        {"name": "cents", "type": "number", "expr": "cents / 100"},
        {"name": "doubled", "type": "number", "expr": "orders.cents * 2"},
    ]
    text = sql({"measures": ["sum(orders.doubled)"]}, changed("orders", columns=columns))
    assert "((orders.cents / 100) * 2)" in "".join(text.split("\n")).replace("  ", "").replace("( ", "(")


def test_a_row_that_an_outer_join_made_up_is_neither_counted_nor_given_values() -> None:
    sources = changed("orders", measures=[{"name": "all_rows", "expr": "count(*)"}])
    query = {
        "measures": ["orders.all_rows", "sum(case when orders.tax > 1 then 1 else 0 end)"],
        "dimensions": ["customers.name", "orders.size_band"],
    }
    text = sql(query, sources, "postgres")
    assert "COUNT(orders.id) AS all_rows" in text
    assert "WHEN NOT orders.id IS NULL\n    THEN CASE WHEN orders.amount >= 70" in text
    assert "SUM(\n    CASE WHEN NOT orders.id IS NULL THEN CASE WHEN orders.tax > 1" in text


def test_what_only_a_derived_measure_of_one_fact_needs_is_no_column_of_its_entry() -> None:
    query = {"measures": ["orders.order_count", "tickets.effort"], "filters": ["orders.gross_less_tax > 3"]}
    text = sql(query)
    assert "SUM(orders.amount) - SUM(orders.tax) AS gross_less_tax" in text
    assert "AS tax_total" not in text


def test_a_name_that_is_both_column_and_measure_is_the_column_in_filters() -> None:
    sources = changed("orders", measures=[{"name": "tax", "expr": "sum(tax)"}])
    for condition in ("tax > 5", "orders.tax > 5"):
        assert "WHERE\n  orders.tax > 5" in sql({"measures": ["orders.tax"], "filters": [condition]}, sources)
    named = {"measures": [{"expr": "sum(orders.tax)", "name": "tax"}], "filters": ["tax > 5"]}
    assert "HAVING\n  SUM(orders.tax) > 5" in sql(named)


@pytest.mark.parametrize(
    ("condition", "text"),
    [
        ("qty > 1", "order_items.qty > 1"),
        ("id > 1", "order_items.id > 1"),
        ("order_items.line_total > 1", "(order_items.qty * order_items.unit_price) > 1"),
        ("status = 'paid'", "orders.status = 'paid'"),
        ("region = 'EU'", "customers.region = 'EU'"),
        ("products.cost > 1", "products.cost > 1"),
        ("unlisted = 1", "order_items.unlisted = 1"),
        ("secret_score = 1", "customers.secret_score = 1"),
    ],
)
def test_a_measure_filter_reads_its_own_columns_then_those_of_the_nearest_parent(condition: str, text: str) -> None:
    sources = changed("order_items", measures=[{"name": "some", "expr": "sum(qty)", "filter": condition}])
    written = " ".join(sql({"measures": ["order_items.some"]}, sources).split())
    assert f"CASE WHEN {text} THEN" in written.replace("( ", "(").replace(" )", ")")


def test_a_dimension_over_several_sources_has_the_empty_groups_of_the_one_that_leads_to_the_others() -> None:
    query = {"measures": ["order_items.units"], "dimensions": ["customers.region || orders.status"]}
    text = sql(query, SHOP, "postgres")
    assert "FULL JOIN orders\n  ON order_items.order_id = orders.id\nLEFT JOIN customers" in text


def test_a_condition_on_a_measure_makes_a_query_without_measures_group() -> None:
    text = sql({"dimensions": ["orders.status"], "filters": ["orders.gross > 100"]})
    assert "GROUP BY\n  orders.status\nHAVING\n  SUM(orders.amount) > 100" in text


def test_the_text_is_the_same_in_every_process() -> None:
    script = (
        "from tests.semantic_layer.shop import SHOP, sql\n"
        "print(sql({'measures': ['orders.gold_revenue', 'order_items.units', 'tickets.effort', 'refunds.refunded'],"
        "'dimensions': ['customers.tier'], 'filters': ['customers.name > 1', 'orders.tax > 1']}, SHOP))"
    )
    texts = {
        run(
            [sys.executable, "-c", script],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(texts) == 1


def test_the_order_of_sources_does_not_change_the_text() -> None:
    query = {
        "measures": ["orders.gross", "tickets.effort", "refunds.refunded"],
        "dimensions": ["customers.tier", "customers.region"],
        "filters": ["customers.name <> 'Bo'"],
    }
    assert len({sql(query, SHOP[turn:] + SHOP[:turn]) for turn in range(len(SHOP))}) == 1

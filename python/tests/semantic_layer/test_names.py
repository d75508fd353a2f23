"""How output columns are named and ordered, and which names a query may use for what."""

from __future__ import annotations

from typing import Any

import pytest

from semantic_layer import run_query
from semantic_layer.measures import automatic_name
from tests.semantic_layer.shop import AIR, LIBRARY, SHOP, changed, labels, sql


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("max(legs.pax - 1)", "max_legs_pax_1"),
        ("sum(orders.tax)", "sum_orders_tax"),
        ("COUNT( DISTINCT orders.id )", "count_distinct_orders_id"),
        ("100 * sum(a.b)", "m_100_sum_a_b"),
        ("***", "measure"),
        ("(((é)))", "measure"),
    ],
)
def test_an_expression_without_a_name_gets_one(text: str, name: str) -> None:
    assert automatic_name(text) == name


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param(
            {"measures": ["orders.gross", "orders.gross_less_tax"]},
            ["tax_total", "gross", "gross_less_tax"],
            id="added dependencies come first",
        ),
        pytest.param(
            {"measures": [{"expr": "a * 2", "name": "b"}, {"expr": "sum(orders.tax)", "name": "a"}]},
            ["a", "b"],
            id="a measure comes after what it needs",
        ),
        pytest.param(
            {"measures": ["orders.gross", "orders.gross"], "dimensions": ["orders.status", "status"]},
            ["status", "gross"],
            id="the same thing twice is one column",
        ),
        pytest.param(
            {"measures": ["orders.gross", {"expr": "orders.gross / 2", "name": "half"}]},
            ["gross", "half"],
            id="a measure by name and inside another keeps its name",
        ),
        pytest.param(
            {"dimensions": ["customers.name", "customers.region"], "measures": [{"expr": "sum(orders.tax)"}]},
            ["name", "region", "sum_orders_tax"],
            id="an object without a name",
        ),
        pytest.param(
            {
                "dimensions": [
                    {"field": "orders.placed_at", "granularity": "MONTH"},
                    {"field": "orders.placed_at", "granularity": "month"},
                    "orders.placed_at",
                ]
            },
            ["orders_placed_at_MONTH", "orders_placed_at"],
            id="granularities as they are written",
        ),
        pytest.param(
            {"dimensions": ["upper(customers.region)"], "measures": ["orders.gross"]},
            ["upper_customers_region", "gross"],
            id="an expression as a dimension",
        ),
        pytest.param(
            {
                "measures": [
                    {"expr": "sum(orders.tax) + sum(refunds.amount)", "name": "x"},
                    "orders.gross",
                ][1:],
                "filters": ["orders.tax_total > 1", "max(orders.tax) > 1"],
            },
            ["gross"],
            id="what only filters need is no column",
        ),
    ],
)
def test_output_names(query: dict[str, Any], expected: list[str]) -> None:
    assert labels(query) == expected


def test_measures_that_share_a_name_get_their_source_in_front() -> None:
    sources = changed("tickets", measures=[{"name": "gross", "expr": "sum(minutes)"}])
    query = {"measures": ["orders.gross", "tickets.gross", {"expr": "orders.gross - tickets.gross", "name": "gap"}]}
    assert labels(query, sources) == ["orders_gross", "tickets_gross", "gap"]


def test_a_measure_that_shares_its_name_with_a_dimension_gets_its_source_in_front() -> None:
    sources = changed("orders", measures=[{"name": "tax", "expr": "sum(tax)"}])
    assert labels({"measures": ["orders.tax"], "dimensions": ["orders.tax"]}, sources) == ["tax", "orders_tax"]


def test_roles_prefix_like_sources() -> None:
    query = {"dimensions": ["origin.city", "dest.city"], "measures": ["origin.airport_count", "dest.airport_count"]}
    with pytest.raises(ValueError, match="Asymmetric"):
        labels(query, AIR)
    assert labels(query | {"dimensions": []}, AIR) == ["origin_airport_count", "dest_airport_count"]


def test_the_plain_name_is_not_reachable_through_a_role() -> None:
    """The refusal names the roles that the source has."""
    asked: list[dict[str, Any]] = [{"dimensions": ["airports.city"]}, {"filters": ["airports.city = 'Rome'"]}]
    for query in asked:
        with pytest.raises(ValueError, match="No join path from 'legs' to 'airports'") as refusal:
            labels({"measures": ["legs.flights"], **query}, AIR)
        hint = str(refusal.value).partition("\nhint: ")[2]
        assert hint == "`airports` is joined as `origin` or `dest`: name the role instead"


def test_public_columns_and_plan_columns() -> None:
    result = run_query(
        SHOP,
        {
            "measures": ["orders.revenue", "sum(orders.tax)"],
            "dimensions": [{"field": "orders.placed_at", "granularity": "month"}, "status"],
        },
        "sqlite",
    )
    assert result["columns"] == [
        {
            "name": "orders.placed_at",
            "provenance": "dimension",
            "expr": "orders.placed_at",
            "description": None,
            "granularity": "month",
        },
        {
            "name": "status",
            "provenance": "dimension",
            "expr": "status",
            "description": None,
            "granularity": None,
        },
        {
            "name": "orders.revenue",
            "provenance": "verified",
            "expr": "sum(amount)",
            "description": "Paid order value",
            "granularity": None,
        },
        {
            "name": "sum_orders_tax",
            "provenance": "composed",
            "expr": "sum(orders.tax)",
            "description": None,
            "granularity": None,
        },
    ]
    assert [column["name"] for column in result["plan"]["columns"]] == [
        "placed_at_month",
        "status",
        "revenue",
        "sum_orders_tax",
    ]


def test_descriptions_fall_back_to_the_best_source_of_one() -> None:
    column = {"name": "x", "type": "string", "descriptions": {"db": "from db", "ai": "from ai", "other": "z"}}
    result = run_query(changed("orders", columns=[column]), {"measures": [], "dimensions": ["orders.x"]}, "sqlite")
    assert result["columns"][0]["description"] == "from ai"


def test_the_plan_of_one_fact() -> None:
    plan = run_query(
        LIBRARY,
        {
            "measures": ["loans.avg_days"],
            "dimensions": ["branches.county"],
            "filters": ["loans.days > 3 AND loans.loan_count > 1", "books.genre = 'ref'"],
            "order_by": [{"field": "avg_days", "direction": "DESC"}],
            "limit": 7,
        },
        "sqlite",
    )["plan"]
    assert plan["sources_used"] == ["books", "branches", "loans", "members"]
    assert plan["join_paths"] == [
        "loans.member_id = members.id (many_to_one)",
        "members.branch_id = branches.id (many_to_one)",
        "loans.book_id = books.id (many_to_one)",
    ]
    assert plan["joins"][0] == {
        "from_source": "loans",
        "to_source": "members",
        "from_column": "member_id",
        "to_column": "id",
        "relationship": "many_to_one",
    }
    assert (plan["anchor_source"], plan["anchor_grain"]) == ("branches", ["branches.county"])
    assert (plan["has_fan_out"], plan["fan_out_description"]) == (False, "No fan-out")
    assert (plan["measure_groups"], plan["aggregate_locality"]) == ([], [])
    assert plan["where_filters"] == ["loans.days > 3", "books.genre = 'ref'"]
    assert plan["having_filters"] == ["loans.loan_count > 1"]
    assert plan["order_by"] == [
        {"field": "avg_days", "direction": "desc"},
        {"field": "county", "direction": "asc"},
    ]
    assert plan["paths"][0] == {"fact": "loans", "source": "branches", "path": "members.branches", "longer": []}
    assert (plan["limit"], plan["include_empty"]) == (7, True)
    derived = plan["measures"][-1]
    assert derived == {
        "name": "avg_days",
        "expr": "days_total * 1.0 / loan_count",
        "source_name": "__derived__",
        "original_name": "avg_days",
        "qualified_ref": "loans.avg_days",
        "filter": None,
        "provenance": "verified",
        "is_derived": True,
        "depends_on": ["days_total", "loan_count"],
        "description": None,
    }


def test_the_plan_of_several_facts() -> None:
    plan = run_query(
        SHOP, {"measures": ["orders.gross", "tickets.effort"], "dimensions": ["customers.tier"]}, "sqlite"
    )["plan"]
    assert plan["has_fan_out"] is True
    assert plan["fan_out_description"] == "Chasm trap: 2 independent measure sources (orders, tickets)"
    assert plan["measure_groups"] == [
        {"source_name": "orders", "measures": ["gross"], "join_path_to_dims": []},
        {"source_name": "tickets", "measures": ["effort"], "join_path_to_dims": []},
    ]
    assert plan["aggregate_locality"] == [
        "Pre-aggregate orders (gross) by dimension keys",
        "Pre-aggregate tickets (effort) by dimension keys",
    ]


def test_notes_for_other_programs_are_no_unknown_keys() -> None:
    noted = [source | {"source_type": "table", "inherits_columns_from": "x", "tags": ["y"]} for source in SHOP]
    query = {"measures": ["orders.gross"]}
    assert sql(query, noted) == sql(query)

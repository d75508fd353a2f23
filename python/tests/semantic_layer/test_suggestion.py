"""What is said about a query that a model cannot answer."""

from __future__ import annotations

from semantic_layer import run_query, suggest_repairs
from tests.semantic_layer.shop import AIR, SHOP

_WITHOUT_LINES = [source for source in SHOP if source["name"] != "order_items"]


def test_a_query_that_works_comes_with_its_plan() -> None:
    query = {"measures": ["legs.flights"], "dimensions": ["origin.city"], "filters": ["legs.from_code <> 'x.y'"]}
    assert suggest_repairs(AIR, query, "sqlite") == {
        "success": True,
        "plan": run_query(AIR, query, "sqlite")["plan"],
        "referenced_sources": ["legs", "origin"],
        "missing_sources": [],
        "graph_errors": [],
        "suggestions": [],
    }


def test_a_missing_source_is_named() -> None:
    found = suggest_repairs(SHOP, {"measures": ["orders.gross"], "dimensions": ["shops.city"]}, "sqlite")
    assert found["success"] is False
    assert found["error"].startswith("No join path from 'orders' to 'shops'.")
    assert (found["referenced_sources"], found["missing_sources"]) == (["orders", "shops"], ["shops"])
    assert [suggestion["required_sources"] for suggestion in found["suggestions"]] == [["shops"]]


def test_sources_that_nothing_connects_get_a_join_from_the_names_of_their_columns() -> None:
    reviews = {
        "name": "reviews",
        "table": "reviews",
        "grain": ["id"],
        "columns": [{"name": "id", "type": "number"}, {"name": "product_id", "type": "number"}],
    }
    query = {"measures": [{"expr": "count(reviews.id)", "name": "n"}], "dimensions": ["products.title"]}
    found = suggest_repairs([*_WITHOUT_LINES, reviews], query, "sqlite")
    (suggestion,) = found["suggestions"]
    assert suggestion["required_joins"] == [
        {"source": "reviews", "to": "products", "on": "product_id = products.id", "relationship": "many_to_one"}
    ]
    (join,) = suggestion["required_joins"]
    joined = reviews | {"joins": [{key: join[key] for key in ("to", "on", "relationship")}]}
    assert suggest_repairs([*_WITHOUT_LINES, joined], query, "sqlite")["success"]


def test_joins_to_sources_that_are_not_there_are_listed() -> None:
    found = suggest_repairs([source for source in SHOP if source["name"] != "products"], {"measures": ["units"]})
    assert found["graph_errors"] == ["Source 'order_items' joins to 'products', but 'products' is not defined"]
    assert found["success"] is False

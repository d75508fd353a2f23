"""What drafted sources look like, rule by rule."""

from __future__ import annotations

import pytest

from semantic_layer import (
    GenerateRequest,
    SemanticLayerError,
    generate_sources,
    run_query,
    validate_sources,
)
from semantic_layer.generation import column_type


def test_a_table_becomes_a_source_with_counts_sums_and_averages() -> None:
    drafted = generate_sources(
        {
            "tables": [
                {
                    "name": "orders",
                    "catalog": "app",
                    "db": "public",
                    "comment": "Every order",
                    "columns": [
                        {"name": "id", "type": "bigint", "primary_key": True, "nullable": False},
                        {"name": "customer_id", "type": "bigint"},
                        {"name": "amount", "type": "numeric(10,2)", "comment": "before tax"},
                        {"name": "placed_at", "type": "timestamp with time zone"},
                        {"name": "paid", "type": "boolean"},
                    ],
                }
            ],
            "links": [],
            "dialect": "postgres",
        }
    )
    assert drafted == {
        "sources": [
            {
                "name": "orders",
                "table": "app.public.orders",
                "description": "Every order",
                "grain": ["id"],
                "columns": [
                    {"name": "id", "type": "number", "visibility": "public", "role": "default"},
                    {"name": "customer_id", "type": "number", "visibility": "public", "role": "default"},
                    {
                        "name": "amount",
                        "type": "number",
                        "visibility": "public",
                        "role": "default",
                        "description": "before tax",
                    },
                    {"name": "placed_at", "type": "time", "visibility": "public", "role": "time"},
                    {"name": "paid", "type": "boolean", "visibility": "public", "role": "default"},
                ],
                "joins": [],
                "measures": [
                    {"name": "record_count", "expr": "count(id)", "description": "Count of orders records"},
                    {
                        "name": "total_amount",
                        "expr": "sum(amount)",
                        "description": "Sum of amount — before tax",
                    },
                    {
                        "name": "avg_amount",
                        "expr": "avg(amount)",
                        "description": "Average of amount — before tax",
                    },
                ],
                "segments": [],
            }
        ],
        "source_count": 1,
    }


@pytest.mark.parametrize(
    ("database_type", "semantic_type"),
    [
        ("bool", "boolean"),
        ("BIT", "boolean"),
        ("bit varying", "string"),
        ("timestamp without time zone", "time"),
        ("TIMESTAMP_NTZ(9)", "time"),
        ("datetime2", "time"),
        ("date", "time"),
        ("time", "time"),
        ("Nullable(DateTime64(3))", "time"),
        ("int4", "number"),
        ("tinyint unsigned", "number"),
        ("UInt64", "number"),
        ("NUMBER(38,0)", "number"),
        ("double precision", "number"),
        ("BIGNUMERIC", "number"),
        ("money", "number"),
        ("point", "string"),
        ("interval", "string"),
        ("integer[]", "string"),
        ("ARRAY<INT64>", "string"),
        ("daterange", "string"),
        ("text", "string"),
        ("", "string"),
    ],
)
def test_types_are_read_by_whole_words(database_type: str, semantic_type: str) -> None:
    assert column_type(database_type) == semantic_type


@pytest.mark.parametrize(
    ("columns", "grain"),
    [
        ([("a", True), ("b", False), ("c", True)], ["a", "c"]),
        ([("a", False), ("b", False)], ["a"]),
        ([], ["id"]),
    ],
)
def test_the_grain_is_the_key_or_the_first_column_or_id(columns: list[tuple[str, bool]], grain: list[str]) -> None:
    listed = [{"name": name, "type": "text", "primary_key": key} for name, key in columns]
    assert _sources([{"name": "t", "columns": listed}])[0]["grain"] == grain


@pytest.mark.parametrize("name", ["id", "ID", "order_id", "uuid", "row_uuid", "sort_key", "x_pk", "deviceIdentifier"])
def test_columns_named_like_identifiers_are_not_summed(name: str) -> None:
    assert _sources([{"name": "t", "columns": [{"name": name, "type": "int"}]}])[0]["measures"] == []


@pytest.mark.parametrize("name", ["paid", "valid", "monkey", "idle", "price"])
def test_other_numbers_are_summed(name: str) -> None:
    measures = _sources([{"name": "t", "columns": [{"name": name, "type": "int"}]}])[0]["measures"]
    assert [measure["name"] for measure in measures] == [f"total_{name}", f"avg_{name}"]


def test_a_link_becomes_a_join_on_both_tables() -> None:
    orders, users = _sources(
        [_table("orders", "user_id"), _table("users", "id")],
        [("orders", "user_id", "users", "id", "MANY_TO_ONE")],
    )
    assert orders["joins"] == [{"to": "users", "on": "user_id = users.id", "relationship": "many_to_one"}]
    assert users["joins"] == [{"to": "orders", "on": "id = orders.user_id", "relationship": "one_to_many"}]


def test_an_unknown_relationship_is_many_to_one_and_links_to_unlisted_tables_are_left_out() -> None:
    orders, users = _sources(
        [_table("orders", "user_id"), _table("users", "id")],
        [
            ("orders", "user_id", "users", "id", "whatever"),
            ("orders", "shop_id", "shops", "id", "one_to_one"),
        ],
    )
    assert [join["relationship"] for join in orders["joins"]] == ["many_to_one"]
    assert [join["relationship"] for join in users["joins"]] == ["one_to_many"]


def test_several_links_to_one_table_get_roles_that_differ() -> None:
    orders, users = _sources(
        [_table("orders", "Buyer_Id", "seller_id"), _table("users", "id")],
        [
            ("orders", "Buyer_Id", "users", "id", "many_to_one"),
            ("orders", "seller_id", "users", "id", "many_to_one"),
        ],
    )
    assert [join["on"] for join in orders["joins"]] == ["Buyer_Id = users.id", "seller_id = users.id"]
    assert [join["alias"] for join in orders["joins"]] == ["users_buyer_id", "users_seller_id"]
    assert [join["alias"] for join in users["joins"]] == ["orders_id_buyer_id", "orders_id_seller_id"]


def test_a_self_link_gives_a_role_for_each_direction() -> None:
    (staff,) = _sources([_table("staff", "id", "boss_id")], [("staff", "boss_id", "staff", "id", "many_to_one")])
    assert staff["joins"] == [
        {"to": "staff", "on": "boss_id = staff.id", "relationship": "many_to_one", "alias": "staff_boss_id"},
        {"to": "staff", "on": "id = staff.boss_id", "relationship": "one_to_many", "alias": "staff_id"},
    ]


def test_odd_names_are_quoted_in_expressions() -> None:
    (source,) = _sources([{"name": "t", "columns": [{"name": "Unit Price", "type": "money"}]}])
    assert [measure["expr"] for measure in source["measures"]] == ['sum("Unit Price")', 'avg("Unit Price")']


def test_what_is_drafted_can_be_queried_whatever_the_names() -> None:
    tables = [
        _table("Order Lines", "Id", "select", "unit Price"),
        _table("order", "Id", "group_id"),
    ]
    sources = _sources(tables, [("Order Lines", "select", "order", "Id", "many_to_one")])
    assert validate_sources(sources)["errors"] == []
    query = {"measures": ["Order Lines.total_unit Price"], "dimensions": ["order.Id"]}
    text = run_query(sources, query, "postgres")["sql"]
    assert 'SUM("Order Lines"."unit Price") AS "total_unit Price"' in text
    assert 'FROM "Order Lines"\nFULL JOIN "order"\n  ON "Order Lines"."select" = "order"."Id"' in text


def test_tables_of_one_name_in_two_schemas_become_two_sources() -> None:
    column = {"name": "id", "type": "int"}
    sources = _sources([{"name": "t", "db": "a", "columns": [column]}, {"name": "t", "db": "b", "columns": [column]}])
    assert [(source["name"], source["table"]) for source in sources] == [("t", "a.t"), ("b_t", "b.t")]


def test_a_malformed_request_is_refused() -> None:
    with pytest.raises(SemanticLayerError, match=r"tables\.0\.columns"):
        generate_sources({"tables": [{"name": "t"}], "links": []})


def _table(name: str, *columns: str) -> dict:
    return {"name": name, "columns": [{"name": column, "type": "int"} for column in columns]}


def _sources(tables: list[dict], links: list[tuple[str, str, str, str, str]] = ()) -> list[dict]:
    keys = ("from_table", "from_column", "to_table", "to_column", "relationship_type")
    request = {"tables": tables, "links": [dict(zip(keys, link, strict=True)) for link in links]}
    return generate_sources(GenerateRequest.model_validate(request))["sources"]

"""Rows in situations that the shared cases do not cover: several ways between sources, padding, partial matches."""

from __future__ import annotations

import re
import sqlite3
from typing import Any

import pytest

from semantic_layer import SemanticLayerError, run_query


def source(name: str, *columns: str, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "table": name,
        "grain": ["id"],
        "columns": [{"name": column, "type": "number"} for column in ("id", *columns)],
    } | more


def to(name: str, on: str, relationship: str = "many_to_one", **more: Any) -> dict[str, Any]:
    return {"to": name, "on": on, "relationship": relationship} | more


def measures(**exprs: str) -> list[dict[str, str]]:
    return [{"name": name, "expr": expr} for name, expr in exprs.items()]


def rows(sources: list[dict[str, Any]], tables: dict[str, list[tuple[Any, ...]]], query: dict[str, Any]) -> list[Any]:
    """The rows that a query gives over tables of numbers; columns as the sources list them."""
    database = sqlite3.connect(":memory:")
    for each in sources:
        columns = [column["name"] for column in each["columns"] if "expr" not in column]
        database.execute(f"CREATE TABLE {each['name']} ({', '.join(columns)})")
        marks = ", ".join("?" * len(columns))
        database.executemany(f"INSERT INTO {each['name']} VALUES ({marks})", tables[each["name"]])
    return database.execute(run_query(sources, {"measures": []} | query, "sqlite")["sql"]).fetchall()


# A sale has a region by its shop and another by its buyer.
SALES = source(
    "sales",
    "shop_id",
    "buyer_id",
    "v",
    joins=[to("buyers", "buyer_id = buyers.id"), to("shops", "shop_id = shops.id")],
    measures=measures(total="sum(v)"),
)
SHOPS = source("shops", "region_id", joins=[to("regions", "region_id = regions.id")], measures=measures(n="count(id)"))
BUYERS = source("buyers", "region_id", joins=[to("regions", "region_id = regions.id")])
REGIONS = source("regions", "code")
DIAMOND = [SALES, SHOPS, BUYERS, REGIONS]
DIAMOND_ROWS = {
    "sales": [(1, 1, 1, 10), (2, 1, 2, 20), (3, 2, 2, 40)],
    "shops": [(1, 1), (2, 2)],
    "buyers": [(1, 1), (2, 2)],
    "regions": [(1, 100), (2, 200)],
}


@pytest.mark.parametrize(
    ("query", "fact", "listed"),
    [
        ({"measures": ["sales.total"], "dimensions": ["regions.code"]}, "sales", ["buyers.regions", "shops.regions"]),
        ({"measures": ["sales.total"], "filters": ["regions.code = 1"]}, "sales", ["buyers.regions", "shops.regions"]),
        ({"measures": ["sum(sales.v * regions.code)"]}, "sales", ["buyers.regions", "shops.regions"]),
        ({"measures": ["max(regions.code)"], "dimensions": ["sales.v"]}, "regions", ["shops.sales", "buyers.sales"]),
    ],
)
@pytest.mark.parametrize("include_empty", [True, False])
def test_of_two_ways_none_is_taken_silently(
    query: dict[str, Any], fact: str, listed: list[str], include_empty: bool
) -> None:
    with pytest.raises(SemanticLayerError) as refused:
        rows(DIAMOND, DIAMOND_ROWS, query | {"include_empty": include_empty})
    message, hint = str(refused.value).split("\n")
    target = listed[0].rpartition(".")[2]
    assert message == f"ambiguous path from `{fact}` to `{target}`: `{listed[0]}`, `{listed[1]}`"
    column = "v" if target == "sales" else "code"
    assert hint == f"hint: name the path: `{listed[0]}.{column}` or `{listed[1]}.{column}`"


@pytest.mark.parametrize(
    ("dimension", "values"),
    [
        ("shops.regions.code", [(100, 30), (200, 40)]),
        ("buyers.regions.code", [(100, 10), (200, 60)]),
        ("sales.buyers.regions.code", [(100, 10), (200, 60)]),
    ],
)
def test_a_named_way_is_taken(dimension: str, values: list[Any]) -> None:
    assert rows(DIAMOND, DIAMOND_ROWS, {"measures": ["sales.total"], "dimensions": [dimension]}) == values


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("include_empty", [True, False])
def test_a_second_way_to_the_same_source_does_not_multiply_a_fact(turned: bool, include_empty: bool) -> None:
    dimensions = ["shops.regions.code", "buyers.regions.code"]
    query = {"dimensions": dimensions[::-1] if turned else dimensions, "include_empty": include_empty}
    found = rows(DIAMOND, DIAMOND_ROWS, query | {"measures": ["sales.total"]})
    assert sum(row[-1] for row in found) == 70


def test_joins_of_two_sources_that_only_aliases_could_tell_apart_are_ambiguous() -> None:
    sales = SALES | {"joins": [to("shops", "shop_id = shops.id")]}
    shops = SHOPS | {"joins": [to("sales", "region_id = sales.buyer_id", "one_to_many")]}
    with pytest.raises(SemanticLayerError, match=r"ambiguous path from `sales` to `shops`(?s:.*)different aliases"):
        rows([sales, shops], DIAMOND_ROWS, {"measures": ["sales.total"], "dimensions": ["shops.id"]})


def test_a_safe_way_is_preferred_to_a_cheaper_one_that_would_multiply() -> None:
    # From tags the cheapest way to lines leads through owners, where it would multiply lines.
    sources = [
        source("tags", "owner_id", joins=[to("owners", "owner_id = owners.id")]),
        source("owners"),
        source("orders", "tag_id", joins=[to("tags", "tag_id = tags.id")]),
        source(
            "lines",
            "order_id",
            "owner_id",
            "v",
            joins=[to("owners", "owner_id = owners.id"), to("orders", "order_id = orders.id")],
            measures=measures(total="sum(v)"),
        ),
    ]
    tables = {
        "tags": [(1, 1), (2, 1)],
        "owners": [(1,)],
        "orders": [(1, 1), (2, 2)],
        "lines": [(1, 1, 1, 5), (2, 2, 1, 7)],
    }
    query = {"measures": ["lines.total"], "dimensions": ["tags.id"], "include_empty": False}
    assert rows(sources, tables, query) == [(1, 5), (2, 7)]


@pytest.mark.parametrize(
    ("on", "relationship", "holder"),
    [
        ("shop_id = shops.id", "many_to_one", "sales"),
        ("shops.id = sales.shop_id", "many_to_one", "sales"),
        ("id = sales.shop_id", "one_to_many", "shops"),
        ("sales.shop_id = shops.id", "one_to_many", "shops"),
    ],
)
def test_a_join_works_from_either_side_and_in_either_spelling(on: str, relationship: str, holder: str) -> None:
    sources = [source("sales", "shop_id", "v", measures=measures(total="sum(v)")), source("shops", "region_id")]
    target = {"sales": "shops", "shops": "sales"}[holder]
    sources = [each | {"joins": [to(target, on, relationship)]} if each["name"] == holder else each for each in sources]
    tables = {"sales": [(1, 1, 10), (2, 2, 20), (3, None, 40)], "shops": [(1, 5), (2, 6), (3, 7)]}
    query = {"measures": ["sales.total"], "dimensions": ["shops.region_id"]}
    assert rows(sources, tables, query) == [(5, 10), (6, 20), (7, None), (None, 40)]


def test_a_many_to_one_join_on_the_grain_is_one_to_one() -> None:
    extra = source("extra", "w", joins=[to("sales", "id = sales.id")], measures=measures(weight="sum(w)", n="count(*)"))
    sales = source("sales", "v", measures=measures(total="sum(v)"))
    tables = {"sales": [(1, 10), (2, 20)], "extra": [(1, 3)]}
    query = {"measures": ["sales.total", "extra.weight", "extra.n"]}
    assert rows([sales, extra], tables, query) == [(30, 3, 1)]
    by_extra = {"measures": ["sales.total"], "dimensions": ["extra.w"], "include_empty": False}
    assert rows([sales, extra], tables, by_extra) == [(3, 10)]


# Shop 2 sold nothing; one sale has no shop.
PADDED = [
    source(
        "sales",
        "shop_id",
        "v",
        joins=[to("shops", "shop_id = shops.id")],
        measures=[
            {"name": "rows_n", "expr": "count(*)"},
            {"name": "ones", "expr": "sum(1)"},
            {"name": "unset", "expr": "sum(case when v is null then 1 else 0 end)"},
            {"name": "kept", "expr": "count(*)", "filter": "v is null"},
            {"name": "filled", "expr": "sum(coalesce(v, 100))"},
            {"name": "of_shops", "expr": "count(shops.id)"},
        ],
    )
    | {
        "columns": [
            *({"name": column, "type": "number"} for column in ("id", "shop_id", "v")),
            {"name": "size", "type": "number", "expr": "case when v > 5 then 2 else 1 end"},
        ]
    },
    source("shops", "region_id"),
]
PADDED_ROWS = {"sales": [(1, 1, 10), (2, 1, None), (3, None, 7)], "shops": [(1, 5), (2, 6)]}


@pytest.mark.parametrize(
    ("measure", "values"),
    [
        ("rows_n", [(5, 2), (6, 0), (None, 1)]),
        ("ones", [(5, 2), (6, None), (None, 1)]),
        ("unset", [(5, 1), (6, None), (None, 0)]),
        ("kept", [(5, 1), (6, 0), (None, 0)]),
        ("filled", [(5, 110), (6, None), (None, 7)]),
        ("of_shops", [(5, 2), (6, 0), (None, 0)]),
    ],
)
def test_a_group_without_rows_has_nothing_to_aggregate(measure: str, values: list[Any]) -> None:
    assert rows(PADDED, PADDED_ROWS, {"measures": [f"sales.{measure}"], "dimensions": ["shops.region_id"]}) == values


def test_a_missing_partner_has_no_computed_column() -> None:
    query = {"dimensions": ["shops.region_id", "sales.size"]}
    assert rows(PADDED, PADDED_ROWS, query) == [(5, 1), (5, 2), (6, None), (None, 2)]
    assert rows(PADDED, PADDED_ROWS, query | {"filters": ["sales.size = 1"]}) == [(5, 1)]


def test_of_several_facts_a_source_that_only_a_measure_needs_loses_no_rows() -> None:
    sales = PADDED[0] | {
        "measures": [
            *measures(total="sum(v)"),
            {"name": "in_5", "expr": "sum(v)", "filter": "shops.region_id = 5"},
        ]
    }
    visits = source("visits", "v", measures=measures(total="sum(v)"))
    tables = PADDED_ROWS | {"visits": [(1, 3)]}
    query = {"measures": ["sales.total", "sales.in_5", "visits.total"]}
    assert rows([sales, PADDED[1], visits], tables, query) == [(17, 10, 3)]


def test_a_measure_that_is_derived_and_filtered_restricts_all_its_parts() -> None:
    sales = source("sales", "v") | {
        "measures": [
            *measures(total="sum(v)", n="count(id)", mean="total * 1.0 / n"),
            {"name": "mean_of_large", "expr": "mean", "filter": "v > 10"},
        ]
    }
    tables = {"sales": [(1, 10), (2, 20), (3, 40)]}
    assert rows([sales], tables, {"measures": ["sales.mean_of_large"]}) == [(30,)]


def test_a_source_of_sql_does_not_hide_a_table_of_its_name() -> None:
    small = source("sales", "v", table=None, sql="SELECT * FROM sales WHERE v < 30", measures=measures(t="sum(v)"))
    large = source("large", "v", table="sales", measures=measures(t="sum(v)"))
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE sales (id, v)")
    database.executemany("INSERT INTO sales VALUES (?, ?)", [(1, 10), (2, 20), (3, 40)])
    text = run_query([small, large], {"measures": ["sales.t", "large.t"]}, "sqlite")["sql"]
    assert database.execute(text).fetchall() == [(30, 70)]


def test_a_source_of_sql_does_not_hide_the_table_of_another_source() -> None:
    made = source("sales", "v", table=None, sql="SELECT 1 AS id, 5 AS v", measures=measures(t="sum(v)"))
    real = source("real", "v", table="sales", measures=measures(t="sum(v)"))
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE sales (id, v)")
    database.executemany("INSERT INTO sales VALUES (?, ?)", [(1, 10), (2, 20)])
    text = run_query([made, real], {"measures": ["sales.t", "real.t"]}, "sqlite")["sql"]
    assert database.execute(text).fetchall() == [(5, 30)]


def test_names_of_inner_with_entries_do_not_collide() -> None:
    def made(name: str, value: int) -> dict[str, Any]:
        sql = f"WITH m AS (SELECT {value} AS v) SELECT 1 AS id, v FROM m"
        return source(name, "v", table=None, sql=sql, measures=measures(t="sum(v)"))

    query = {"measures": ["a.t", "b.t"]}
    text = run_query([made("a", 3), made("b", 4)], query, "sqlite")["sql"]
    assert sqlite3.connect(":memory:").execute(text).fetchall() == [(3, 4)]
    hoisted = run_query([made("a", 3), made("b", 4)], query, "tsql")["sql"]
    assert [name for name in ("a_m", "b_m") if f"{name} AS (" in hoisted] == ["a_m", "b_m"]
    assert hoisted.count("WITH") == 1


def test_a_table_of_rows_with_a_sub_query_in_a_filter_reads_the_table() -> None:
    sales = source("sales", "v", measures=measures(n="count(id)"))
    other = source("other", "v", measures=measures(n="count(id)"))
    tables = {"sales": [(1, 10), (2, 20)], "other": [(1, 1)]}
    query = {"measures": ["sales.n", "other.n"], "filters": ["sales.v = (SELECT MAX(v) FROM sales)"]}
    assert rows([sales, other], tables, query) == [(1, 1)]


@pytest.mark.parametrize("sql", ["SELECT 1; SELECT 2", "DROP TABLE x", "INSERT INTO x VALUES (1)", "SELECT FROM ("])
def test_a_source_of_sql_must_be_one_query(sql: str) -> None:
    with pytest.raises(SemanticLayerError, match="of source 'a'"):
        run_query([source("a", table=None, sql=sql)], {"measures": ["count(a.id)"]}, "sqlite")


STAFF = source(
    "staff", "region_id", joins=[to("regions", "region_id = regions.id")], measures=measures(people="count(id)")
)
OFFICES = source(
    "offices",
    "region_id",
    "rent",
    joins=[to("regions", "region_id = regions.id")],
    measures=measures(rent="sum(rent)", per_head="rent / staff.people", twice="per_head * 2", loop="staff.loop"),
)
OFFICE_ROWS = {
    "staff": [(1, 1), (2, 1), (3, 2)],
    "offices": [(1, 1, 30), (2, 2, 7), (3, 3, 5)],
    "regions": [(1, 100), (2, 200), (3, 300)],
}


@pytest.mark.parametrize(
    ("measure", "dimensions", "expected"),
    [
        ("offices.per_head", [], [(42, 3, 14.0)]),
        ("offices.per_head", ["regions.code"], [(100, 30, 2, 15.0), (200, 7, 1, 7.0), (300, 5, 0, None)]),
        ("offices.twice", [], [(42, 3, 14.0, 28.0)]),
    ],
)
def test_a_measure_may_combine_measures_of_other_sources(
    measure: str, dimensions: list[str], expected: list[Any]
) -> None:
    found = rows([OFFICES, STAFF, REGIONS], OFFICE_ROWS, {"measures": [measure], "dimensions": dimensions})
    assert sorted(map(sorted_by_kind, found)) == sorted(map(sorted_by_kind, expected))


def sorted_by_kind(row: tuple[Any, ...]) -> tuple[str, ...]:
    """The parts of a measure come in an order that is the compiler's own."""
    return tuple(sorted(map(repr, row)))


@pytest.mark.parametrize(
    ("addition", "message"),
    [
        (
            {"expr": "per_head", "filter": "rent > 1"},
            "Measure 'per_head' has a filter, segments or periods of its own over 'staff.people', a measure of another "
            "source. Give those to a measure there and combine that.",
        ),
        ({"expr": "rent / staff.ghost"}, "Measure 'ghost' is not a pre-defined measure on source 'offices'"),
        ({"expr": "sum(staff.people)"}, "Nested aggregation is not supported: 'sum(staff.people)'"),
        ({"expr": "loop + staff.people"}, "Circular dependency detected: "),
    ],
)
def test_what_a_measure_over_other_sources_may_not(addition: dict[str, str], message: str) -> None:
    offices = OFFICES | {"measures": [*OFFICES["measures"], {"name": "odd"} | addition]}
    staff = STAFF | {"measures": [*STAFF["measures"], {"name": "loop", "expr": "offices.loop"}]}
    with pytest.raises(SemanticLayerError, match=re.escape(message)):
        rows([offices, staff, REGIONS], OFFICE_ROWS, {"measures": ["offices.odd"]})


@pytest.mark.parametrize("beside", [[], ["b.n"]])
@pytest.mark.parametrize(
    ("expr", "one_fact", "in_no_fact"),
    [
        ("a.n - a.total", True, None), ("a.n + 0", True, None), ("a.total * 2", True, None),
        ("a.n - b.n", False, 0), ("a.total - b.total", False, 0), ("a.total + b.n + 1", False, 1),
        ("a.most - b.most", False, None), ("a.total / b.total", False, None),
    ],
)  # fmt: skip
def test_arithmetic_where_no_fact_has_the_group(expr: str, one_fact: bool, in_no_fact: Any, beside: list[str]) -> None:
    """Over one fact it is NULL; over several, sums and counts are 0 there as everywhere."""
    facts = [
        source(
            name,
            "p",
            "v",
            joins=[to("p", "p = p.id")],
            measures=measures(n="count(*)", total="sum(v)", most="max(v)"),
        )
        for name in "ab"
    ]
    tables = {"p": [(1,), (2,)], "a": [(1, 1, 5)], "b": [(1, 1, 7)]}
    query = {"measures": [*beside, {"expr": expr, "name": "value"}], "dimensions": ["p.id"]}
    *_, (key, *_, value) = rows([source("p"), *facts], tables, query)
    assert key == 2
    assert value == in_no_fact
    assert one_fact == ("b." not in expr)

"""The stages of the compiler, each alone: the join graph, ways through it, nullability, splitting, parsing."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from subprocess import run
from typing import Any

import pytest

from semantic_layer.dialects import get_dialect
from semantic_layer.errors import SemanticLayerError, nearest, quoted
from semantic_layer.expressions import (
    conjuncts,
    copied,
    has_aggregate,
    has_nested_aggregate,
    has_window,
    parse_expression,
    tables_of,
)
from semantic_layer.identifiers import needs_quotes
from semantic_layer.joins import JoinGraph, build_graph, join_columns
from semantic_layer.loading import load_definitions
from semantic_layer.model import Model
from semantic_layer.nullability import is_null_without
from semantic_layer.planning import make_plan
from semantic_layer.query import _KEPT_MODELS, _RecentModels, run_query
from semantic_layer.requests import parse_query
from semantic_layer.resolution import resolve
from semantic_layer.sources import Join, parse_source
from semantic_layer.tables import parse_table
from tests.semantic_layer.cases import ANSWERED
from tests.semantic_layer.shop import AIR, SHOP

SQLITE = get_dialect("sqlite")
POSTGRES = get_dialect("postgres")


def graph(joins: dict[str, list[dict[str, Any]]], names: str) -> JoinGraph:
    return build_graph(
        {
            name: parse_source(
                {"name": name, "table": name, "grain": ["id"], "columns": [], "joins": joins.get(name, [])}
            )
            for name in names
        },
        SQLITE,
    )


def to(name: str, on: str = "x = y", relationship: str = "many_to_one", **more: str) -> dict[str, Any]:
    return {"to": name, "on": on, "relationship": relationship} | more


@pytest.mark.parametrize(
    ("on", "pairs"),
    [
        ("x = y", (("x", "y"),)),
        ("a.x = b.y", (("x", "y"),)),
        ("x = b.y", (("x", "y"),)),
        ("b.y = a.x", (("x", "y"),)),
        ("b.y = x", (("x", "y"),)),
        ("role.y = a.x", (("x", "y"),)),
        ("x = y and a.v=b.w", (("x", "y"), ("v", "w"))),
        ('"x y" = b."z"', (("x y", "z"),)),
        ("(x = y) AND (v = w)", (("x", "y"), ("v", "w"))),
    ],
)
def test_join_conditions_are_read(on: str, pairs: tuple[tuple[str, str], ...]) -> None:
    assert join_columns("a", Join(to="b", on=on, relationship="many_to_one", alias="role"), SQLITE) == pairs


@pytest.mark.parametrize("on", ["", "x", "x > y", "x = y OR v = w", "x = 1", "x = y AND", "f(x) = y", "NOT x = y"])
def test_other_conditions_are_refused(on: str) -> None:
    with pytest.raises(SemanticLayerError) as refused:
        join_columns("a", Join(to="b", on=on, relationship="many_to_one"), SQLITE)
    assert str(refused.value) == f"Invalid join condition: '{on}'"


def test_a_join_declared_from_both_sides_is_one_edge() -> None:
    both = graph({"a": [to("b")], "b": [to("a", "y = x", "one_to_many")]}, "ab")
    (way,) = both.ways_from("a")
    assert (way.relationship, way.is_to_one, way.pairs) == ("many_to_one", True, (("x", "y"),))
    (back,) = both.ways_from("b")
    assert (back.relationship, back.is_to_one, back.pairs) == ("one_to_many", False, (("y", "x"),))


_NULL_WITHOUT_T = {
    "t.a": True,
    "u.a": False,
    "t.a + u.a": True,
    "1": False,
    "NULL": True,
    "-t.a": True,
    "upper(t.a)": True,
    "coalesce(t.a, 1)": False,
    "case when t.a > 1 then 5 end": True,
    "case when t.a > 1 then 5 else 0 end": False,
    "case when u.a > 1 then t.a end": True,
    "case when u.a > 1 then 5 end": False,
    "case t.a when 1 then 5 end": False,
    "cast(t.a as text)": True,
    "t.a in (1, 2)": True,
    "t.a is null": False,
    "t.a between 1 and u.a": True,
    "u.a between 1 and t.a": False,
    "length(t.a)": False,
}


@pytest.mark.parametrize(("text", "is_null"), _NULL_WITHOUT_T.items())
def test_what_is_null_on_a_padded_row(text: str, is_null: bool) -> None:
    assert is_null_without("t", parse_expression(text, SQLITE)) is is_null


_NOT_TRUE_WITHOUT_T = {
    "t.a = 1": True,
    "t.a IS NOT NULL": True,
    "t.a IS NULL": False,
    "NOT t.a = 1": True,
    "t.a = 1 AND u.a IS NULL": True,
    "u.a = 1 AND u.b = 2": False,
    "t.a = 1 OR u.a = 1": False,
    "t.a = 1 OR (t.b > 2)": True,
    "NOT (t.a = 1 AND u.a = 1)": False,
}


@pytest.mark.parametrize(("text", "is_not_true"), _NOT_TRUE_WITHOUT_T.items())
def test_what_does_not_hold_on_a_padded_row(text: str, is_not_true: bool) -> None:
    assert is_null_without("t", parse_expression(f"case when {text} then 5 end", SQLITE)) is is_not_true


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("a = 1", ["a = 1"]),
        ("a = 1 AND b = 2 and c = 3", ["a = 1", "b = 2", "c = 3"]),
        ("a = 1 AND (b = 2 AND c = 3)", ["a = 1", "b = 2", "c = 3"]),
        ("a = 1 OR b = 2 AND c = 3", ["a = 1 OR b = 2 AND c = 3"]),
        ("a BETWEEN 1 AND 2 AND b = 3", ["a BETWEEN 1 AND 2", "b = 3"]),
        ("NOT (a = 1 AND b = 2)", ["NOT (a = 1 AND b = 2)"]),
    ],
)
def test_conditions_are_cut_at_top_level_ands(text: str, clauses: list[str]) -> None:
    assert [clause.sql("sqlite") for clause in conjuncts(parse_expression(text, SQLITE))] == clauses


@pytest.mark.parametrize(
    ("text", "aggregates", "nests", "windows"),
    [
        ("sum(a) + 1", True, False, False),
        ("a + 1", False, False, False),
        ("avg(sum(a))", True, True, False),
        ("sum(a) / sum(b)", True, False, False),
        ("count_distinct(a)", True, False, False),
        ("a = (SELECT max(b) FROM t)", False, False, False),
        ("sum(a) OVER ()", True, False, True),
        ("percentile_cont(0.5) WITHIN GROUP (ORDER BY a)", True, False, False),
        ("percentile_cont(0.5) WITHIN GROUP (ORDER BY sum(a))", True, True, False),
    ],
)
def test_aggregates_and_windows_are_found(text: str, aggregates: bool, nests: bool, windows: bool) -> None:
    tree = parse_expression(text, POSTGRES)
    assert not has_aggregate(parse_expression("max(a, b)", SQLITE))
    assert (has_aggregate(tree), has_nested_aggregate(tree), has_window(tree)) == (aggregates, nests, windows)


def test_tables_are_listed_once_in_reading_order() -> None:
    assert tables_of(parse_expression("b.x + a.y * (b.z - c.x)", SQLITE)) == ("b", "a", "c")


@pytest.mark.parametrize(
    ("name", "dialect", "is_quoted"),
    [
        ("amount", "postgres", False),
        ("Amount", "postgres", True),
        ("Amount", "snowflake", False),
        ("order", "sqlite", True),
        ("ORDER", "sqlite", True),
        ("plan", "sqlite", False),
        ("plan", "tsql", True),
        ("a b", "duckdb", True),
        ("1st", "duckdb", True),
        ("é", "duckdb", True),
        ("", "duckdb", True),
    ],
)
def test_names_are_quoted_where_they_would_be_misread(name: str, dialect: str, is_quoted: bool) -> None:
    assert needs_quotes(name, dialect) is is_quoted


@pytest.mark.parametrize(
    ("text", "dialect", "rendered"),
    [
        ("orders", "postgres", "orders"),
        ("app.public.orders", "postgres", "app.public.orders"),
        ("public.order", "postgres", 'public."order"'),
        ('"My Schema".orders', "postgres", '"My Schema".orders'),
        ("my-project.ds.orders", "bigquery", "my-project.ds.orders"),
        ("Order Lines", "postgres", '"Order Lines"'),
        ("orders; drop table x", "postgres", '"orders; drop table x"'),
        ("[dbo].[Order Lines]", "tsql", "[dbo].[Order Lines]"),
    ],
)
def test_tables_are_read_as_names_only(text: str, dialect: str, rendered: str) -> None:
    assert parse_table(text, get_dialect(dialect)).sql(dialect) == rendered


def test_resolving_and_planning_go_without_sql() -> None:
    model = Model(load_definitions(SHOP, POSTGRES), POSTGRES)
    query = parse_query({"measures": ["order_items.units", "orders.gross"], "dimensions": ["customers.region"]})
    resolved = resolve(model, query)
    assert list(resolved.labels.values()) == ["units", "gross"]
    plan = make_plan(model, resolved)
    assert [(group.fact, [join.step.target for join in group.joins]) for group in plan.groups] == [
        ("order_items", ["orders", "customers"]),
        ("orders", ["customers"]),
    ]


def test_roles_are_nodes_that_read_their_source() -> None:
    model = Model(load_definitions(AIR, POSTGRES), POSTGRES)
    assert {node: source.name for node, source in model.graph.source_of.items()} == {
        "airports": "airports",
        "legs": "legs",
        "origin": "airports",
        "dest": "airports",
    }


@pytest.mark.parametrize(
    ("dialect", "text"),
    [
        ("postgres", "sum(case when a.x = 'k' then b.y * 1.0 else 0 end) / nullif(count(distinct a.z), 0)"),
        ("postgres", 'percentile_cont(0.5) within group (order by a."Some Name" desc nulls first)'),
        ("postgres", "array_agg(a.x order by a.y) filter (where a.z is not null)"),
        ("postgres", 'a.b.c.d.e + (select max(x) from t as "T" where x in (1, 2))'),
        ("postgres", "cast(a.x as numeric(10, 2)) between interval '1' day and a.y::text[] -> 'k'"),
        # sqlglot notes at a node how these were written.
        ("clickhouse", "dateDiff('day', a.x, a.y)"),
        ("bigquery", "`a.x`"),
        ("sqlite", " + ".join(f"a.c{number}" for number in range(900))),
    ],
)
def test_a_copy_is_written_as_its_original(dialect: str, text: str) -> None:
    tree = parse_expression(text, get_dialect(dialect))
    grammar = get_dialect(dialect).grammar
    expected = tree.sql(grammar)
    copy = copied(tree)
    assert copy == tree
    assert copy.sql(grammar) == expected
    assert not {id(node) for node in copy.walk()} & {id(node) for node in tree.walk()}
    assert get_dialect(dialect).render(copy) == grammar.generate(tree, pretty=True, normalize_functions=False)
    assert tree.sql(grammar) == expected


def test_models_are_kept_by_content_and_only_the_last_few() -> None:
    kept = _RecentModels()
    first = kept.get(SHOP, POSTGRES)
    assert kept.get([dict(source) for source in SHOP], POSTGRES) is first
    assert kept.get(SHOP, SQLITE) is not first
    for number in range(_KEPT_MODELS - 1):
        kept.get([source | {"tags": [number]} for source in SHOP], POSTGRES)
        assert kept.get(SHOP, POSTGRES) is first
    for number in range(_KEPT_MODELS):
        kept.get([source | {"tags": [str(number)]} for source in SHOP], POSTGRES)
    assert kept.get(SHOP, POSTGRES) is not first
    assert len(kept._models) == _KEPT_MODELS


def test_threads_that_share_a_new_model_get_the_same_text() -> None:
    queries = [case.query for case in ANSWERED if case.sources == SHOP]
    alone = [run_query(SHOP, query, "snowflake")["sql"] for query in queries]
    for number in range(3):
        fresh = [source | {"tags": [f"threads {number}"]} for source in SHOP]
        with ThreadPoolExecutor(8) as pool:
            together = list(pool.map(lambda query: run_query(fresh, query, "snowflake")["sql"], queries))  # noqa: B023
        assert together == alone


def test_near_names_are_suggested_and_far_ones_are_not() -> None:
    assert nearest("custmers", ["customers", "orders"]) == " Did you mean 'customers'?"
    assert nearest("regin", ["region", "margin"]) == " Did you mean 'region' or 'margin'?"
    assert nearest("zzz", ["customers"]) == ""
    assert nearest("x" * 10_000, ["x" * 10_000]) == ""


def test_quoted_text_is_short_and_printable() -> None:
    assert quoted("a\n\x1bb") == "a b"
    assert len(quoted("x" * 1000)) == 201


def test_importing_the_package_loads_nothing_heavy() -> None:
    check = "import sys, semantic_layer; print(sorted({'sqlglot', 'pydantic', 'difflib'} & set(sys.modules)))"
    done = run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"

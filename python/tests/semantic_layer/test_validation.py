"""Each check of a model: the fault it finds, beside a twin without the fault that passes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from semantic_layer import validate_sources
from tests.semantic_layer.cases import Case, load


def source(name: str, **changes: Any) -> dict[str, Any]:
    columns = changes.pop("columns", ["id"])
    return {
        "name": name,
        "table": name,
        "grain": ["id"],
        "columns": [{"name": column, "type": "string"} for column in columns],
    } | changes


def join(to: str, on: str, relationship: str = "many_to_one", **changes: Any) -> dict[str, Any]:
    return {"to": to, "on": on, "relationship": relationship} | changes


def measure(name: str, expr: str, **changes: Any) -> dict[str, Any]:
    return {"name": name, "expr": expr} | changes


USERS = source("users", columns=["id", "email"])
ORDERS = source("orders", columns=["id", "user_id"], joins=[join("users", "user_id = users.id")])

FAULTS = [
    pytest.param(
        [source("a", sql="select 1")],
        ["Source 'a' failed to parse: 'table' and 'sql' are mutually exclusive"],
        id="table and sql",
    ),
    pytest.param(
        [source("a", table=None)],
        ["Source 'a' failed to parse: resolved source must have 'table' or 'sql'"],
        id="neither table nor sql",
    ),
    pytest.param([source("a", grain=[])], ["Source 'a' failed to parse: grain must be non-empty"], id="empty grain"),
    pytest.param(
        [{"table": "t"}],
        ["Source '<unknown>' failed to parse: name: Field required; grain: Field required; columns: Field required"],
        id="fields missing",
    ),
    pytest.param([USERS, USERS], ["Duplicate source name 'users'"], id="duplicate source"),
    pytest.param(
        [source("a", measures=[measure("m", "count(id)"), measure("m", "max(id)")])],
        ["Source 'a' failed to parse: duplicate measure 'm'"],
        id="duplicate measure",
    ),
    pytest.param(
        [ORDERS], ["Source 'orders' joins to 'users', but 'users' is not defined"], id="undefined join target"
    ),
    pytest.param(
        [source("a", grain=["key"])],
        ["Source 'a' has grain column 'key' that is not in its columns list"],
        id="grain is no column",
    ),
    pytest.param(
        [source("a", grain=["a.id"])],
        ["Source 'a' grain entry 'a.id' is a qualified name. Grain entries must be bare column names of the source."],
        id="qualified grain",
    ),
    pytest.param(
        [source("a", columns=["id", "b.c"])],
        ["Source 'a' column name 'b.c' contains '.'. Column names must be unqualified."],
        id="qualified column",
    ),
    pytest.param(
        [source("a", table=None, sql="select x, y from t")],
        [
            "Source 'a' grain column 'id' is not in the SQL SELECT projection. "
            "Add it to the SELECT list, or choose a grain from: x, y."
        ],
        id="grain is not projected",
    ),
    pytest.param(
        [USERS, source("orders", joins=[join("users", "user_id = users.key")])],
        [
            "Source 'orders' joins to 'users' on local column 'user_id', but 'user_id' is not in 'orders' columns list",
            "Source 'orders' joins to 'users' on target column 'key', but 'key' is not in 'users' columns list",
        ],
        id="join columns",
    ),
    pytest.param(
        [USERS, source("orders", joins=[join("users", "id > users.id")])],
        ["Source 'orders' has invalid join to 'users': Invalid join condition: 'id > users.id'"],
        id="join condition",
    ),
    pytest.param(
        [USERS, source("orders", columns=["id", "user_name"], joins=[join("users", "user_name = users.id")])],
        [
            "Source 'orders' joins 'user_name' to 'users.id', but 'user_name' looks like a display value and the "
            "target column is an identifier grain. Join on the column that holds the identifier."
        ],
        id="display value joined to an identifier",
    ),
    pytest.param(
        [source("a", measures=[measure("x", "count(id)"), measure("y", "COUNT( id )")])],
        ["a: measures 'x' and 'y' have the same expression and filter — remove one or differentiate them."],
        id="redundant measures",
    ),
    pytest.param(
        [source("a", measures=[measure("x", "count(id)"), measure("y", "count(id)", filter="id > 1")])],
        [
            "a: measure 'y' has the same expression as 'x' — differs only by `filter`. "
            "Make the condition a segment, and name it in `segments` of the measure or of the query."
        ],
        id="measures that differ by filter only",
    ),
    pytest.param(
        [source("a", measures=[measure("x", "sum(")])],
        ["Source 'a' measure 'x' is invalid: Failed to parse expression 'sum(': it is incomplete"],
        id="measure that does not parse",
    ),
    pytest.param(
        [source("a", measures=[measure("x", "y + 1"), measure("y", "avg(max(id))")])],
        [
            "Source 'a' measure 'y' is invalid: Nested aggregation is not supported: 'avg(max(id))'. "
            "Aggregate once, or use a source defined by SQL."
        ],
        id="nested aggregates",
    ),
    pytest.param(
        [source("a", segments=[{"name": "s", "expr": "count(id) > 1"}])],
        [
            "Source 'a' segment 's' is invalid: The segment 'a.s' may not aggregate: 'count(id) > 1'. "
            "It restricts single rows before they are aggregated."
        ],
        id="segment that aggregates",
    ),
    pytest.param(
        [
            USERS,
            source("b", columns=["id", "x"], joins=[join("users", "x = users.id", alias="r")]),
            source("a", columns=["id", "y"], joins=[join("b", "y = b.id", alias="r")]),
        ],
        ["Join alias 'r' stands for both 'users' and 'b'. Choose different aliases."],
        id="one alias for two sources",
    ),
]


@pytest.mark.parametrize(("sources", "errors"), FAULTS)
def test_a_fault_is_named(sources: list[dict[str, Any]], errors: list[str]) -> None:
    found = validate_sources(sources, "postgres")
    assert (found["valid"], found["errors"]) == (False, errors)


SOUND = [
    pytest.param([USERS, ORDERS], id="table, grain and join"),
    pytest.param([source("a", table=None, sql="select * from t")], id="projection that is not listed"),
    pytest.param([source("a", table=None, sql="with c as (select 1 as id) select id from c")], id="projected grain"),
    pytest.param(
        [USERS, source("o", columns=["id", "email"], joins=[join("users", "email = users.email")])],
        id="display value joined to one",
    ),
    pytest.param(
        [
            source(
                "a",
                measures=[measure("x", "count(id)"), measure("y", "count(id)", segments=["s"])],
                segments=[{"name": "s", "expr": "id > 1"}],
            )
        ],
        id="measures that differ by segments",
    ),
    pytest.param(
        [
            USERS,
            source("o", columns=["id", "user_name"], joins=[join("users", "user_name = users.id", "one_to_many")]),
        ],
        id="display value that many rows share",
    ),
    pytest.param([], id="no source at all"),
]


@pytest.mark.parametrize("sources", SOUND)
def test_a_sound_model_is_valid(sources: list[dict[str, Any]]) -> None:
    assert validate_sources(sources, "postgres") == {
        "valid": True,
        "errors": [],
        "warnings": [],
        "per_source_warnings": {},
        "information": [],
    }


def test_all_faults_are_reported_in_order() -> None:
    sources = [
        {"name": "x"},
        source("b", measures=[measure("m", "count(id)"), measure("m", "count(id)")]),
        source("a", grain=["key"], measures=[measure("m", "count(id)"), measure("n", "count(id)")]),
        source("a"),
    ]
    assert validate_sources(sources, "postgres")["errors"] == [
        "Source 'x' failed to parse: grain: Field required; columns: Field required",
        "Source 'b' failed to parse: duplicate measure 'm'",
        "Duplicate source name 'a'",
        "Source 'a' has grain column 'key' that is not in its columns list",
        "a: measures 'm' and 'n' have the same expression and filter — remove one or differentiate them.",
    ]


def test_a_fault_is_not_repeated_by_the_sources_that_join_to_it() -> None:
    users = USERS | {"grain": []}
    assert validate_sources([users, ORDERS], "postgres")["errors"] == [
        "Source 'users' failed to parse: grain must be non-empty"
    ]


def test_disconnected_components_are_listed_largest_first() -> None:
    wheel = [source("hub")] + [source(f"s{number}", joins=[join("hub", "id = hub.id")]) for number in range(4)]
    assert validate_sources([source("alone"), *wheel, USERS, ORDERS], "postgres")["warnings"] == [
        "Model has 3 disconnected components. Queries that span components will fail with 'No join path' errors:\n"
        "  - Component 1 (5 sources): hub, s0, ... (+3 more)\n"
        "  - Component 2 (2 sources): orders, users\n"
        "  - Component 3 (1 sources): alone"
    ]


def test_a_touched_source_without_joins_is_pointed_out() -> None:
    found = validate_sources([source("alone"), USERS, ORDERS], "postgres", ["alone", "orders", "gone"])
    assert list(found["per_source_warnings"]) == ["alone"]
    assert found["per_source_warnings"]["alone"][0].startswith(
        "Source 'alone' is now a singleton component (no joins to any other source)."
    )
    assert found["valid"]


def test_a_touched_query_that_returns_the_key_of_a_table_must_join_it() -> None:
    spend = source("spend", table=None, sql="select id, user_id from public.users u", columns=["id", "user_id"])
    assert validate_sources([USERS, spend], "postgres", ["spend"])["errors"] == [
        "Source 'spend' SQL joins manifest table(s) [users] and returns their keys, but declares no join to them. "
        "Declare the joins so that queries can combine these sources."
    ]
    assert validate_sources([USERS, spend], "postgres", [])["valid"]
    joined = spend | {"joins": [join("users", "user_id = users.id")]}
    assert validate_sources([USERS, joined], "postgres", ["spend"])["valid"]


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"mesures": []}, "unknown key `mesures` in source `a`: did you mean `measures`?"),
        ({"joins": [join("a", "id = a.id", alias="b", releationship="x")]}, "unknown key `releationship` in join `b`"),
        ({"measures": [measure("m", "count(id)", filters="x")]}, "unknown key `filters` in measure `m`: did you mean"),
        ({"columns": ["id"], "joins": [join("b", "id = b.id", type="left")]}, "unknown key `type` in join `b`"),
        ({"segments": [{"name": "s", "expr": "id > 1", "where": "x"}]}, "unknown key `where` in segment `s`"),
    ],
)
def test_an_unknown_key_is_a_fault(changes: dict[str, Any], fault: str) -> None:
    (found,) = validate_sources([source("a", **changes)], "postgres")["errors"]
    assert found.startswith(f"Source 'a' failed to parse: {fault}")


def test_notes_for_other_programs_are_no_faults() -> None:
    column = {"name": "id", "type": "number", "tests": ["unique"], "enum_values": [1], "natural_granularity": "day"}
    assert validate_sources([source("a", columns=["id"]) | {"columns": [column], "tags": ["x"]}], "postgres")["valid"]


@pytest.mark.parametrize("what", ["columns", "joins", "segments"])
def test_a_name_is_used_once_in_its_source(what: str) -> None:
    each = {
        "columns": {"name": "id", "type": "number"},
        "joins": join("b", "id = b.id"),
        "segments": {"name": "s", "expr": "id > 1"},
    }[what]
    found = validate_sources([source("a") | {what: [each, each]}, source("b")], "postgres")["errors"]
    assert found == [f"Source 'a' failed to parse: duplicate {what.removesuffix('s')} '{each.get('name', 'b')}'"]


def test_a_join_onto_a_part_of_a_key_is_pointed_out() -> None:
    plan = source("plan", grain=["dept", "mon"], columns=["dept", "mon", "amount"])
    spend = source("spend", columns=["id", "dept"], joins=[join("plan", "dept = plan.dept")])
    assert validate_sources([plan, spend], "postgres")["warnings"] == [
        "Source 'spend' joins to 'plan' as many_to_one, but only on a part of the key of 'plan' (dept, mon). "
        "The join counts as to-many. Add the other columns to it."
    ]
    keyless = plan | {"grain": ["dept", "mon", "amount"]}
    assert validate_sources([keyless, spend], "postgres")["warnings"] == []


@pytest.mark.parametrize(
    ("changes", "what", "place"),
    [
        ({"measures": [measure("m", "sum(idd)")]}, "measure 'm'", "a"),
        ({"measures": [measure("m", "sum(a.idd)")]}, "measure 'm'", "a"),
        ({"measures": [measure("m", "sum(b.idd)")]}, "measure 'm'", "b"),
        ({"measures": [measure("m", "count(id)", filter="idd > 1")]}, "filter of measure 'm'", "a"),
        ({"measures": [measure("m", "count(id)", filter="b.idd > 1")]}, "filter of measure 'm'", "b"),
        ({"segments": [{"name": "s", "expr": "idd > 1"}]}, "segment 's'", "a"),
    ],
)
def test_a_column_that_does_not_exist_is_a_fault(changes: dict[str, Any], what: str, place: str) -> None:
    def errors(each: dict[str, Any]) -> list[str]:
        a = source("a", columns=["id", "b_id"], joins=[join("b", "b_id = b.id")]) | each
        return validate_sources([a, source("b")], "postgres")["errors"]

    assert errors(changes) == [
        f"Source 'a' {what} uses column 'idd', which does not exist in '{place}'. Did you mean 'id'?"
    ]
    assert errors(json.loads(json.dumps(changes).replace("idd", "id"))) == []


def test_ambiguous_paths_from_facts_are_listed() -> None:
    sources = [
        source(
            "sales",
            columns=["id", "buyer_id", "shop_id"],
            joins=[join("buyers", "buyer_id = buyers.id"), join("shops", "shop_id = shops.id")],
            measures=[measure("n", "count(id)")],
        ),
        source("buyers", columns=["id", "town_id"], joins=[join("towns", "town_id = towns.id")]),
        source("shops", columns=["id", "town_id"], joins=[join("towns", "town_id = towns.id")]),
        source("towns"),
    ]
    found = validate_sources(sources, "postgres")
    assert found["valid"]
    assert found["information"] == [
        "ambiguous path from `sales` to `towns`: `buyers.towns`, `shops.towns`. Queries must name the one they mean."
    ]
    assert validate_sources([sources[0] | {"measures": []}, *sources[1:]], "postgres")["information"] == []


def test_an_unknown_dialect_is_an_error_of_the_model() -> None:
    assert validate_sources([USERS], "klingon")["errors"] == [
        "Validation failed: Unknown SQL dialect 'klingon'. Use a dialect supported by sqlglot "
        "(e.g., postgres, bigquery, snowflake, mysql, duckdb)."
    ]


@pytest.mark.parametrize("nonsense", [[None], [1], ["x"], [[]], [{"name": 3}], [{"name": ""}]])
def test_what_is_no_source_is_an_error_and_no_crash(nonsense: list[Any]) -> None:
    assert not validate_sources(nonsense, "postgres")["valid"]


@pytest.mark.parametrize("case", load("sl-cases.json"), ids=str)
def test_answered_cases_have_no_faults_but_measures_that_are_alike(case: Case) -> None:
    if "error" not in case.expect:
        errors = validate_sources(case.sources, "sqlite")["errors"]
        assert [error for error in errors if "the same expression" not in error] == []

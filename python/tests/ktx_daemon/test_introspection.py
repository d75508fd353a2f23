"""Introspection against a real PostgreSQL server."""

from typing import Any

import pytest

from ktx_daemon.cancellation import Cancellation
from ktx_daemon.database import catalog, introspection
from ktx_daemon.errors import RequestRejected


def introspect(url: str, **options: Any) -> dict[str, Any]:
    request = introspection.Request(connection_id="wh", url=url, **options)
    return introspection.respond(request, Cancellation())


def tables_of(answer: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {table["name"]: table for table in answer["tables"]}


def test_describes_a_table_with_types_keys_and_comments(zoo_url: str) -> None:
    answer = introspect(zoo_url)
    assert (answer["connection_id"], answer["metadata"]) == ("wh", {"driver": "postgres", "schemas": ["public"]})
    assert answer["extracted_at"].endswith("+00:00")
    pets = tables_of(answer)["pets"]
    assert (pets["catalog"], pets["db"], pets["comment"]) == ("zoo", "public", "those at home")
    assert [tuple(column.values()) for column in pets["columns"]] == [
        ("id", "bigint", False, True, None),
        ("name", "character varying(40)", False, False, None),
        ("weight", "numeric(6,2)", True, False, None),
        ("born", "date", True, False, None),
        ("seen", "timestamp with time zone", True, False, "when last"),
        ("tags", "text[]", True, False, None),
        ("mood", "mood", True, False, None),
        ("age", "positive", True, False, None),
        ("species", "required", False, False, None),
        ("owner_id", "integer", True, False, None),
    ]
    assert list(pets["columns"][0]) == ["name", "type", "nullable", "primary_key", "comment"]
    assert pets["foreign_keys"] == [
        {
            "from_column": "owner_id",
            "to_db": "other",
            "to_table": "owners",
            "to_column": "id",
            "constraint_name": "pets_owner_fk",
        }
    ]


def test_lists_tables_and_views_in_order_and_no_partitions(zoo_url: str) -> None:
    tables = introspect(zoo_url)["tables"]
    names = [table["name"] for table in tables]
    assert names == sorted(names)
    kinds = {table["name"]: table["kind"] for table in tables}
    assert {name for name, kind in kinds.items() if kind == "table"} == {
        'Odd "name".x', "empty", "events", "half_hidden", "hidden", "notes", "parts", "pets", "slots"
    }  # fmt: skip
    assert {name: kind for name, kind in kinds.items() if kind != "table"} == {
        "a_view": "view", "a_materialized_view": "materialized_view"
    }  # fmt: skip


def test_says_what_it_could_not_see(zoo_url: str) -> None:
    assert introspect(zoo_url)["warnings"] == []
    answer = introspect(zoo_url.replace("postgres@", "reader@"), schemas=["public", "locked", "nothing"])
    seen = [(warning["code"], warning["table"]) for warning in answer["warnings"]]
    assert ("unknown_schema", None) in seen
    assert ("schema_not_readable", None) in seen
    assert ("table_not_readable", "public.hidden") in seen
    assert not any(table == "public.pets" for _, table in seen)


def test_pairs_the_columns_of_composite_keys_in_the_order_of_the_constraint(zoo_url: str) -> None:
    tables = tables_of(introspect(zoo_url))
    pairs = [(key["from_column"], key["to_column"], key["constraint_name"]) for key in tables["parts"]["foreign_keys"]]
    assert pairs == [("shelf", "shelf", "parts_slot"), ("place", "place", "parts_slot")]
    assert [column["primary_key"] for column in tables["slots"]["columns"]] == [True, True]


def test_gives_a_key_to_a_partitioned_table_once(zoo_url: str) -> None:
    keys = tables_of(introspect(zoo_url))["notes"]["foreign_keys"]
    assert [(key["from_column"], key["to_table"], key["to_column"]) for key in keys] == [
        ("event", "events", "id"),
        ("day", "events", "day"),
    ]


def test_keeps_odd_names_as_they_are(zoo_url: str) -> None:
    tables = tables_of(introspect(zoo_url))
    assert [column["name"] for column in tables['Odd "name".x']["columns"]] == ["a b", "Ünï", "select"]
    assert tables["empty"]["columns"] == []


def test_looks_into_the_schemas_asked_for(zoo_url: str) -> None:
    answer = introspect(zoo_url, schemas=["other", "nothing", 'odd"; drop'])
    assert [(table["db"], table["name"]) for table in answer["tables"]] == [("other", "owners")]


def test_shows_what_the_user_may_read(zoo_url: str) -> None:
    tables = tables_of(introspect(zoo_url.replace("postgres@", "reader@"), schemas=["public", "other", "locked"]))
    assert {"pets", "half_hidden"} <= set(tables)
    assert not {"hidden", "owners", "away"} & set(tables)
    assert [column["name"] for column in tables["half_hidden"]["columns"]] == ["id"]


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (None, ["owners", "pets"]),
        ([], []),
        ([{"name": "pets"}], ["pets"]),
        ([{"name": "pets", "db": "public", "catalog": "zoo"}], ["pets"]),
        ([{"name": "pets", "db": "other"}], []),
        ([{"name": "pets", "catalog": "elsewhere"}], []),
        ([{"name": "nothing"}, {"name": "owners", "db": "other"}], ["owners"]),
    ],
)
def test_keeps_to_the_scope(zoo_url: str, scope: list[dict[str, str]] | None, expected: list[str]) -> None:
    wanted = None if scope is None else [introspection.ScopedTable(**table) for table in scope]
    names = [table["name"] for table in introspect(zoo_url, schemas=["public", "other"], table_scope=wanted)["tables"]]
    assert [name for name in names if name in ("owners", "pets")] == expected
    assert scope is None or names == expected


def row(**values: Any) -> dict[str, Any]:
    return {"oid": 1, "catalog": "c", "db": "d", "name": "t", "kind": "table", "comment": None} | values


def test_ignores_columns_and_keys_of_tables_that_it_does_not_know() -> None:
    column = {"name": "a", "type": "int", "nullable": True, "primary_key": False, "comment": None}
    key = {"from_column": "a", "to_table": "b", "to_column": "c", "constraint_name": "k"}
    tables = catalog.assemble([row()], [column | {"oid": 1}, column | {"oid": 2}], [key | {"oid": 2}])
    assert [(table["name"], len(table["columns"]), len(table["foreign_keys"])) for table in tables] == [("t", 1, 0)]


@pytest.mark.parametrize("key", ["catalog", "db", "name"])
@pytest.mark.parametrize("value", [None, "", "  ", 7])
def test_refuses_rows_without_their_names(key: str, value: Any) -> None:
    with pytest.raises(RequestRejected, match=f"database introspection row is missing string field {key}"):
        catalog.assemble([row(**{key: value})], [], [])

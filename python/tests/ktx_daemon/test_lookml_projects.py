"""LookML projects: inheritance, derived tables, constants, the views that are left out, and joins of explores."""

import pytest

from ktx_daemon.cancellation import Cancellation
from ktx_daemon.errors import RequestRejected
from ktx_daemon.lookml.conversion import convert
from ktx_daemon.lookml.parse import respond
from ktx_daemon.lookml.request import File, Request
from tests.ktx_daemon.test_lookml import column, parse, view


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("view: x { extension: required sql_table_name: t ;; }", "abstract base view (extension: required)"),
        ("view: x { extends: [v] }", "alias view (same table as 'v', used as join alias)"),
        (
            'view: x { extends: [v] label: "X" sql_table_name: t ;; }',
            "alias view (same table as 'v', used as join alias)",
        ),
        ("view: y { extends: [v] } view: x { extends: [y] }", "alias view (same table as 'v', used as join alias)"),
        ("view: x { derived_table: { explore_source: v {} } }", "native derived table (explore_source not supported)"),
        ("view: x {}", "no sql_table_name or derived_table.sql"),
        ("view: x { sql_table_name: @{nothing}.x ;; }", "unresolved constant: @{nothing}"),
        (
            "view: x { sql_table_name: {% if q %} a {% endif %} ;; }",
            "Liquid that depends on the query: {% if q %}",
        ),
        (
            "view: x { derived_table: { sql: select * from ${z.SQL_TABLE_NAME} ;; } }",
            "`${z.SQL_TABLE_NAME}` names a view that is not there",
        ),
    ],
)
def test_leaves_out_views_with_the_reason(written: str, reason: str) -> None:
    answer = parse(f"view: v {{ sql_table_name: t ;; dimension: a {{}} }} {written}")
    assert answer["skipped_views"][-1] == {"name": "x", "item_type": "view", "reason": reason}
    assert [drafted["name"] for drafted in answer["views"]] == ["v"]


@pytest.mark.parametrize(
    "written",
    [
        "view: x { extends: [v] dimension: b {} }",
        "view: x { extends: [v] sql_table_name: other ;; }",
        "view: base { extension: required sql_table_name: t ;; dimension: a {} } view: x { extends: [base] }",
        "view: x { extends: [x] sql_table_name: t ;; dimension: a {} }",
    ],
)
def test_keeps_views_that_change_what_they_extend(written: str) -> None:
    answer = parse(f"view: v {{ sql_table_name: t ;; dimension: a {{}} }} {written}")
    assert [drafted["name"] for drafted in answer["views"]] == ["v", "x"]
    assert answer["views"][1]["columns"][0]["name"] == "a"


def test_lets_a_child_win_field_by_field_and_inherit_the_rest() -> None:
    answer = parse(
        """
        view: parent { sql_table_name: t ;; description: "parent" dimension: a {} dimension: b { type: number } }
        view: child { extends: [parent] dimension: b { type: yesno } dimension: c {} }
        """
    )
    child = answer["views"][1]
    assert (child["table_ref"], child["description"]) == ("t", "parent")
    assert [(column["name"], column["type"]) for column in child["columns"]] == [
        ("a", "string"),
        ("b", "boolean"),
        ("c", "string"),
    ]


def test_refines_every_setting_of_a_field_and_adds_new_fields() -> None:
    answer = parse(
        """
        view: +v { dimension: a { label: "A" hidden: yes type: number sql: ${TABLE}.other ;; } dimension: b {} }
        view: +missing { dimension: a {} }
        view: v { sql_table_name: t ;; dimension: a { description: "first" } }
        view: kid { extends: [v] dimension: a { label: "mine" } }
        """
    )
    assert answer["views"][0]["columns"] == [
        column("other", "a", "number", visibility="hidden", description="first"),
        column("b", "b", "string"),
    ]
    assert answer["views"][1]["columns"][0] == answer["views"][0]["columns"][0]
    assert answer["warnings"] == ["a.view.lkml:3: the refinement `+missing` was left out: there is no such view"]


def test_adds_what_a_derived_table_selects_and_no_dimension_names() -> None:
    answer = parse(
        """
        view: d {
          derived_table: {
            sql: SELECT customer_id, count(*) AS n, date_trunc('day', x) AS day, upper(y) AS u FROM orders GROUP BY 1 ;;
          }
          dimension: customer { sql: ${TABLE}.customer_id ;; }
        }
        """
    )
    assert answer["views"][0]["source_type"] == "sql"
    assert [(column["name"], column["type"]) for column in answer["views"][0]["columns"]] == [
        ("customer_id", "string"),
        ("n", "number"),
        ("day", "time"),
        ("u", "string"),
    ]


@pytest.mark.parametrize("sql", ['${TABLE}.status = "paid"', "DATE_TRUNC(${TABLE}.d, MONTH)", 'CONCAT(a, "-")', "((("])
def test_leaves_sql_as_it_is_written(sql: str) -> None:
    written = view(f"dimension: d {{ sql: {sql} ;; }}", dialect="bigquery")
    assert written["columns"][0]["expr"] == sql.replace("${TABLE}.", "")


def test_prefers_overrides_to_constants_and_puts_constants_into_constants() -> None:
    text = "view: v { sql_table_name: @{schema}.t ;; dimension: a {} }"
    assert parse(text)["views"][0]["table_ref"] == "mart.t"
    assert parse(text, schema="raw")["views"][0]["table_ref"] == "raw.t"
    assert parse(text, schema="@{deep}", deep="d")["views"][0]["table_ref"] == "d.t"


VIEWS = """
    view: orders { sql_table_name: orders ;;
      dimension: customer { sql: ${TABLE}.customer_id ;; }
      dimension: id { primary_key: yes } }
    view: customers { sql_table_name: customers ;;
      dimension: id { primary_key: yes sql: ${TABLE}.customer_key ;; }
      dimension: region {} }
    view: regions { sql_table_name: regions ;; dimension: id {} }
    view: buyers { extends: [customers] }
    view: nothing { extension: required dimension: a {} }
"""


@pytest.mark.parametrize(
    ("join", "expected"),
    [
        (
            "join: customers { sql_on: ${orders.customer}   = ${customers.id} ;; }",
            ("orders", "customers", None, "orders.customer_id = customers.customer_key", "many_to_one"),
        ),
        (
            "join: payer { from: customers relationship: one_to_one sql_on: ${orders.customer} = ${payer.id} ;; }",
            ("orders", "customers", "payer", "orders.customer_id = payer.customer_key", "one_to_one"),
        ),
        (
            "join: buyers { sql_on: ${orders.customer} = ${buyers.id} ;; }",
            ("orders", "customers", "buyers", "orders.customer_id = buyers.customer_key", "many_to_one"),
        ),
        (
            "join: customers { foreign_key: customer }",
            ("orders", "customers", None, "orders.customer_id = customers.customer_key", "many_to_one"),
        ),
        (
            "join: regions { sql_on: ${customers.region} = ${regions.id} ;; }",
            ("customers", "regions", None, "customers.region = regions.id", "many_to_one"),
        ),
        ("join: nothing { sql_on: ${orders.id} = ${nothing.a} ;; }", None),
        ("join: customers { }", None),
        ("join: customers { sql_on: ${orders.customer} = ${customers.id} ;; relationship: many_to_many }", None),
    ],
)
def test_turns_joins_of_explores_into_joins_of_sources(
    join: str, expected: tuple[str, str, str | None, str, str] | None
) -> None:
    joins = parse(f"{VIEWS} explore: orders {{ {join} }}")["joins"]
    members = ("source_view", "to", "alias", "on", "relationship")
    assert joins == ([] if expected is None else [dict(zip(members, expected, strict=True))])


def test_maps_the_name_of_an_explore_to_its_view_and_drops_repeated_joins() -> None:
    join = "join: customers { sql_on: ${o.customer} = ${customers.id} ;; }"
    answer = parse(f"{VIEWS} explore: o {{ from: orders {join} }} explore: p {{ extends: [o] }}")
    assert [(found["source_view"], found["on"]) for found in answer["joins"]] == [
        ("orders", "orders.customer_id = customers.customer_key")
    ]


def test_skips_files_that_do_not_parse() -> None:
    files = [
        File(path="bad", content=text) for text in ("view: {", "view: a { b: { sql: x } }", "}", "view: a", "{" * 9999)
    ]
    good = File(path="good", content="view: v { sql_table_name: t ;; }")
    answer = convert(Request(files=[*files, good]))
    assert [drafted["name"] for drafted in answer["views"]] == ["v"]


def test_refuses_an_unknown_dialect() -> None:
    with pytest.raises(RequestRejected, match="Unknown SQL dialect 'nope'"):
        respond(Request(files=[], dialect="nope"), Cancellation())

"""LookML projects as drafted sources: one small project, then one rule a row."""

from typing import Any

import pytest

from ktx_daemon.errors import RequestRejected
from ktx_daemon.lookml.parse import File, Request, respond


def parse(text: str, *, dialect: str = "postgres", **overrides: str) -> dict[str, Any]:
    manifest = File(path="MANIFEST.lkml", content='constant: schema { value: "mart" }')
    files = [manifest, File(path="a.view.lkml", content=text)]
    return respond(Request(files=files, dialect=dialect, constant_overrides=overrides or None))


def view(text: str, *, dialect: str = "postgres") -> dict[str, Any]:
    (only,) = parse(f"view: v {{ sql_table_name: t ;; {text} }}", dialect=dialect)["views"]
    assert isinstance(only, dict)
    return only


def test_drafts_a_view_with_all_of_its_members() -> None:
    answer = parse(
        """
        view: orders {
          sql_table_name: @{schema}.orders ;;
          label: "Orders"
          dimension: id { primary_key: yes type: number sql: ${TABLE}.ID ;; }
          dimension: net { type: number sql: ${TABLE}.amount - ${TABLE}.tax ;; hidden: yes description: "after tax" }
          dimension_group: created { type: time sql: ${TABLE}.created_at ;; }
          measure: paid { type: sum sql: ${net} ;; filters: [status: "paid"] description: "money" }
          dimension: status {}
        }
        """
    )
    assert answer == {
        "views": [
            {
                "name": "orders",
                "source_type": "table",
                "table_ref": "mart.orders",
                "sql": None,
                "grain": ["ID"],
                "columns": [
                    column("ID", "id", "number"),
                    column("net", "net", "number", expr="amount - tax", visibility="hidden", description="after tax"),
                    column("status", "status", "string"),
                    column("created_at", "created", "time", role="time"),
                ],
                "measures": [
                    {"name": "paid", "expr": "sum(amount - tax)", "filter": "status = 'paid'", "description": "money"}
                ],
                "description": "Orders",
                "skipped_dimensions": [],
                "skipped_measures": [],
            }
        ],
        "joins": [],
        "skipped_views": [],
        "warnings": [],
    }


def column(name: str, lookml_name: str, kind: str, expr: str | None = None, **others: Any) -> dict[str, Any]:
    """The column that the parser is expected to give."""
    facts = {"role": "default", "visibility": "public", "description": None} | others
    return {
        "name": name,
        "lookml_name": lookml_name,
        "type": kind,
        "is_computed": expr is not None,
        "expr": expr,
        **facts,
    }


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("", "string"),
        ("type: string", "string"),
        ("type: tier", "string"),
        ("type: zipcode", "string"),
        ("type: location", "string"),
        ("type: unheard_of", "string"),
        ("type: number", "number"),
        ("type: duration", "number"),
        ("type: yesno", "boolean"),
        ("type: time", "time"),
        ("type: date", "time"),
        ("type: date_time", "time"),
        ("type: date_quarter", "time"),
    ],
)
def test_knows_the_types_of_dimensions(written: str, expected: str) -> None:
    assert view(f"dimension: d {{ {written} sql: ${{TABLE}}.d ;; }}")["columns"][0]["type"] == expected


@pytest.mark.parametrize(
    ("sql", "name", "expr"),
    [
        ("${TABLE}.c", "c", None),
        ('${TABLE}."Odd name"', "Odd name", None),
        ("upper(${TABLE}.c)", "d", "upper(c)"),
        ("${net} * 2", "d", "(amount - tax) * 2"),
        ("${v.net} * 2", "d", "(amount - tax) * 2"),
        ("${plain} || 'x'", "d", "p || 'x'"),
        ("${at_raw} > now()", "d", "created_at > now()"),
        ("${at_month}", "d", "DATE_TRUNC('month', created_at)"),
    ],
)
def test_resolves_the_sql_of_a_dimension(sql: str, name: str, expr: str | None) -> None:
    others = """
        dimension: net { sql: ${TABLE}.amount - ${TABLE}.tax ;; }
        dimension: plain { sql: ${TABLE}.p ;; }
        dimension_group: at { type: time sql: ${TABLE}.created_at ;; }
    """
    columns = {
        column["lookml_name"]: column for column in view(f"{others} dimension: d {{ sql: {sql} ;; }}")["columns"]
    }
    assert (columns["d"]["name"], columns["d"]["expr"]) == (name, expr)


def test_writes_a_case_as_sql_and_a_second_dimension_on_one_column_as_an_expression() -> None:
    columns = view(
        """
        dimension: size { case: { when: { sql: ${TABLE}.n > 9 ;; label: "it's big" } else: "small" } }
        dimension: a { sql: ${TABLE}.c ;; }
        dimension: b { sql: ${TABLE}.c ;; }
        dimension_group: age { type: duration sql_start: ${TABLE}.x ;; sql_end: ${TABLE}.y ;; }
        """
    )["columns"]
    assert [(column["name"], column["expr"]) for column in columns] == [
        ("size", "CASE WHEN n > 9 THEN 'it''s big' ELSE 'small' END"),
        ("c", None),
        ("b", "c"),
    ]


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("{% if x %} a {% endif %}", "Liquid templating not supported"),
        ("{{ x }}", "Liquid templating not supported"),
        ("${other.x}", "could not resolve sql reference: ${other.x}"),
        ("${nothing}", "could not resolve sql reference: ${nothing}"),
        ("${d} + 1", "could not resolve sql reference: ${d}"),
    ],
)
def test_leaves_out_dimensions_that_have_no_meaning_alone(sql: str, reason: str) -> None:
    skipped = view(f"dimension: d {{ sql: {sql} ;; }}")["skipped_dimensions"]
    assert skipped == [{"name": "d", "item_type": "dimension", "reason": reason}]


@pytest.mark.parametrize(
    ("written", "expr"),
    [
        ("type: count", "count(*)"),
        ("type: count_distinct sql: ${TABLE}.x ;;", "count_distinct(x)"),
        ("type: sum sql: ${x} ;;", "sum(x)"),
        ("type: sum_distinct sql: ${x} ;;", "sum(x)"),
        ("type: average sql: ${x} ;;", "avg(x)"),
        ("type: average_distinct sql: ${x} ;;", "avg(x)"),
        ("type: min sql: ${x} ;;", "min(x)"),
        ("type: max sql: ${x} ;;", "max(x)"),
        ("type: median sql: ${x} - ${net} ;;", "median(x - (a - b))"),
        ("type: date sql: max(${x}) ;;", "max(x)"),
        ("type: date sql: ${x} ;;", "min(x)"),
        ("type: number sql: ${n} * 1.0 / nullif(${v.n}, 0) ;;", "n * 1.0 / nullif(n, 0)"),
        ("type: number sql: sum(${x}) ;;", "sum(x)"),
    ],
)
def test_turns_measures_into_aggregates(written: str, expr: str) -> None:
    fields = "dimension: x {} dimension: net { sql: ${TABLE}.a - ${TABLE}.b ;; } measure: n { type: count }"
    measures = view(f"{fields} measure: m {{ {written} }}")["measures"]
    assert measures[-1] == {"name": "m", "expr": expr, "filter": None, "description": None}


def test_takes_the_latest_date_for_a_date_measure_that_says_max() -> None:
    assert view("measure: max_at { type: date sql: ${TABLE}.x ;; }")["measures"][0]["expr"] == "max(x)"


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("type: sum sql: {% x %} ;;", "Liquid templating not supported"),
        ("type: sum sql: ${other.x} ;;", "cross-view measure reference"),
        ("type: sum sql: ${nothing} ;;", "could not resolve sql reference: ${nothing}"),
        ("type: sum", "could not resolve sql reference: "),
        ("type: date sql: ${nothing} ;;", "could not resolve sql reference for date measure: ${nothing}"),
        ("type: number sql: ${nothing} ;;", "computed measure (type: number) with unresolvable references"),
        ("type: number sql: ${broken} ;;", "computed measure (type: number) with unresolvable references"),
        ("type: number sql: ${m} ;;", "computed measure (type: number) with unresolvable references"),
        ("type: list", "unsupported measure type: list"),
        ("", "unsupported measure type: string"),
        ('type: count filters: [nothing: "x"]', "could not resolve sql reference: ${nothing}"),
    ],
)
def test_leaves_out_measures_with_the_reason(written: str, reason: str) -> None:
    skipped = view(f"measure: broken {{ type: list }} measure: m {{ {written} }}")["skipped_measures"]
    assert skipped[-1] == {"name": "m", "item_type": "measure", "reason": reason}


@pytest.mark.parametrize(
    ("written", "condition"),
    [
        ('filters: [status: "paid"]', "status = 'paid'"),
        ('filters: [status: "it\'s"]', "status = 'it''s'"),
        ('filters: [v.status: "paid"]', "status = 'paid'"),
        ('filters: { field: status value: "paid" }', "status = 'paid'"),
        ('filters: [status: "paid", big: "yes"]', "status = 'paid' AND (amount > 10)"),
        ('filters: [status: "paid"] filters: [big: "no"]', "status = 'paid' AND NOT (amount > 10)"),
        ('filters: [flag: "yes"]', "flag"),
        ('filters: [status: "a,b"]', "status IN ('a', 'b')"),
        ('filters: [status: "-a"]', "NOT (status = 'a')"),
        ('filters: [status: "a%"]', "status LIKE 'a%'"),
        ('filters: [status: "NULL"]', "status IS NULL"),
        ('filters: [amount: ">=5"]', "amount >= 5"),
        ('filters: [amount: "1,2"]', "amount IN (1, 2)"),
        ('filters: [status: ""]', None),
    ],
)
def test_turns_filters_of_measures_into_conditions(written: str, condition: str | None) -> None:
    fields = """
        dimension: status {}
        dimension: amount { type: number }
        dimension: big { type: yesno sql: ${amount} > 10 ;; }
        dimension: flag { type: yesno sql: ${TABLE}.flag ;; }
    """
    assert view(f"{fields} measure: m {{ type: count {written} }}")["measures"][0]["filter"] == condition


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
        ("view: x { dimension: a {} }", "no sql_table_name or derived_table.sql"),
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


def test_refines_only_the_words_of_a_field_and_adds_new_fields() -> None:
    answer = parse(
        """
        view: +v { dimension: a { label: "A" hidden: yes type: number sql: ${TABLE}.other ;; } dimension: b {} }
        view: +missing { dimension: a {} }
        view: v { sql_table_name: t ;; dimension: a {} }
        """
    )
    assert answer["views"][0]["columns"] == [
        column("a", "a", "string", visibility="hidden", description="A"),
        column("b", "b", "string"),
    ]


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


def test_rewrites_sql_for_the_dialect_and_warns_where_it_cannot() -> None:
    good = view("dimension: d { sql: ${TABLE}.a::text ;; }", dialect="bigquery")
    assert good["columns"][0]["expr"] == "CAST(a AS STRING)"
    answer = parse("view: v { sql_table_name: t ;; dimension: d { sql: ((( ;; } }", dialect="bigquery")
    assert answer["views"][0]["columns"][0]["expr"] == "((("
    assert answer["warnings"][0].startswith("v.d: SQL was not rewritten to bigquery: ")
    assert "\x1b" not in answer["warnings"][0]


def test_prefers_overrides_to_constants_and_leaves_unknown_ones() -> None:
    text = "view: v { sql_table_name: @{schema}.@{nothing} ;; }"
    assert parse(text)["views"][0]["table_ref"] == "mart.@{nothing}"
    assert parse(text, schema="raw")["views"][0]["table_ref"] == "raw.@{nothing}"


VIEWS = """
    view: orders { sql_table_name: orders ;;
      dimension: customer { sql: ${TABLE}.customer_id ;; }
      dimension: id { primary_key: yes } }
    view: customers { sql_table_name: customers ;;
      dimension: id { primary_key: yes sql: ${TABLE}.customer_key ;; }
      dimension: region {} }
    view: regions { sql_table_name: regions ;; dimension: id {} }
    view: buyers { extends: [customers] }
    view: nothing { dimension: a {} }
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
    answer = respond(Request(files=[*files, good]))
    assert [drafted["name"] for drafted in answer["views"]] == ["v"]


def test_refuses_an_unknown_dialect() -> None:
    with pytest.raises(RequestRejected, match="Unknown SQL dialect 'nope'"):
        parse("", dialect="nope")

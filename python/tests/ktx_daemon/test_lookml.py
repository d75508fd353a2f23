"""LookML views as drafted sources: one small project, then one rule of fields a row."""

from typing import Any

import pytest

from ktx_daemon.lookml.conversion import convert
from ktx_daemon.lookml.request import File, Request


def parse(text: str, *, dialect: str = "postgres", **overrides: str) -> dict[str, Any]:
    manifest = File(path="MANIFEST.lkml", content='constant: schema { value: "mart" }')
    files = [manifest, File(path="a.view.lkml", content=text)]
    return convert(Request(files=files, dialect=dialect, constant_overrides=overrides or None))


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
        ("${at_month}", "d", "CAST(DATE_TRUNC('month', created_at) AS DATE)"),
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
        ("type: string sql: ${TABLE}.x ;;", "unsupported measure type: string"),
        ("type: yesno sql: ${TABLE}.x ;;", "unsupported measure type: yesno"),
        (
            'type: date_time sql: max(${TABLE}.x) ;; filters: [a: "b"] } dimension: a {',
            "unsupported measure type: date_time",
        ),
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
        ('filters: [status: "-a"]', "(NOT (status = 'a') OR status IS NULL)"),
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

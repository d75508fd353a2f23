"""Small LookML projects, one for each kind of meaning: their drafts answer as SQL written by hand does, on SQLite."""

import sqlite3
from typing import Any

import pytest

from ktx_daemon.lookml.conversion import convert
from ktx_daemon.lookml.request import File, Request
from semantic_layer import run_query, validate_sources

TABLES = """
    create table orders (id integer primary key, customer_id int, payer_id int, status text, amount real, net real,
        created_at text, shipped_at text, deleted int);
    create table customers (id integer primary key, region_id int, name text, country text);
    create table regions (id integer primary key, name text);
    insert into orders values
        (1, 1, 2, 'paid', 5, 4, '2023-12-31 10:00:00', '2024-01-02 09:00:00', 0),
        (2, 1, 1, 'paid', 10, 9, '2024-01-01 00:00:00', '2024-01-03 00:00:00', 0),
        (3, 2, 2, 'open', 1, 1, '2024-01-15 12:00:00', null, 0),
        (4, 2, 3, '', 0, 0, '2024-02-01 08:00:00', '2024-03-05 08:00:00', 1),
        (5, null, 1, null, null, null, '2024-02-29 23:00:00', '2024-03-01 23:00:00', 0),
        (6, 3, 3, 'pa_d', 25, 20, null, null, 0);
    insert into customers values (1, 1, 'Ann', 'FR'), (2, 1, 'Bo', 'DE'), (3, 2, 'Cy', 'FR');
    insert into regions values (1, 'north'), (2, 'south');
"""

BASE = """
    view: orders {
      dimension: id { primary_key: yes type: number }
      dimension: status {}
      dimension: amount { type: number }
      dimension: is_big { type: yesno sql: ${amount} >= 10 ;; }
      dimension_group: created { type: time timeframes: [raw, date, month] sql: ${TABLE}.created_at ;; }
      measure: n { type: count }
      measure: total { type: sum sql: ${amount} ;; }
"""
CUSTOMERS = """
    view: customers { dimension: id { primary_key: yes } dimension: region_id {} dimension: name {}
      dimension: country {} measure: n { type: count } }
    view: regions { dimension: id { primary_key: yes } dimension: name {} }
"""


def filtered(*filters: str) -> str:
    measures = [f"measure: m{place} {{ type: count filters: [{text}] }}" for place, text in enumerate(filters)]
    return f"{BASE} {' '.join(measures)} }}"


PROJECTS: dict[str, str] = {
    "filters": filtered(
        'amount: "[1, 10)"',
        'amount: "NOT 5"',
        'amount: ">1 AND <=10, 25"',
        'amount: "NULL"',
        'status: "EMPTY"',
        'status: "-paid"',
        'status: "pa_d"',
        'status: "pa_%"',
        'created_date: "2024"',
        'created_date: "before 2024-01-01"',
        'is_big: "yes", status: "paid,open"',
        'amount: "(-inf, 5], NOT 1"',
        'amount: "NOT NULL"',
    ),
    "tiers": f"""{BASE} dimension: band {{ type: tier tiers: [1, 10] style: interval sql: ${{amount}} ;; }}
        measure: before {{ type: period_over_period based_on: total based_on_time: created_month period: month }} }}""",
    "computed": """
        view: orders {
          dimension: id { primary_key: yes }
          dimension: amount { type: number sql: ${TABLE}.amount * 100 ;; }
          dimension: doubled { type: number sql: ${amount} * 2 ;; }
          dimension: label { case: { when: { sql: ${amount} >= 1000 ;; label: "big" } else: "small" } }
          dimension_group: created { type: time sql: ${TABLE}.created_at ;; }
          dimension: month_of { sql: ${created_month} ;; }
          dimension_group: wait { type: duration intervals: [hour, day] sql_start: ${created_raw} ;;
            sql_end: ${TABLE}.shipped_at ;; }
          measure: total { type: sum sql: ${amount} ;; }
          measure: twice { type: sum sql: ${doubled} ;; }
          measure: net { type: sum sql: ${TABLE}.net ;; }
          measure: share { type: number sql: ${net} / ${total} ;; }
          measure: waited { type: max sql: ${days_wait} ;; }
        }""",
    "refined": BASE.replace("view: orders {", "view: orders { sql_table_name: orders ;;")
    + """ }
        view: kid { extends: [orders] dimension: amount { label: "EUR" } }
        view: +orders { dimension: amount { sql: ${TABLE}.net ;; } measure: total { filters: [status: "paid"] } }
        """,
    "explores": f"""{BASE} dimension: customer_id {{}} dimension: payer_id {{}} }} {CUSTOMERS}
        explore: orders {{
          sql_always_where: ${{orders.amount}} > 1 ;;
          always_filter: {{ filters: [orders.status: "paid"] }}
          join: customers {{ sql_on: ${{orders.customer_id}} = ${{customers.id}} ;; relationship: many_to_one }}
          join: regions {{ foreign_key: customers.region_id }}
          join: payer {{ from: customers foreign_key: orders.payer_id }}
        }}
        explore: by_payer {{ from: orders
          join: customers {{ sql_on: ${{by_payer.payer_id}} = ${{customers.id}} ;; relationship: many_to_one }}
        }}""",
    "templates": f"""{BASE} dimension: customer_id {{}}
          measure: last_at {{ type: date_time sql: max(${{TABLE}}.created_at) ;; }}
          measure: any_status {{ type: string sql: min(${{status}}) ;; }}
          measure: has_open {{ type: yesno sql: min(${{status}}) = 'open' ;; }} }} {CUSTOMERS}
        explore: with_customer {{ extension: required
          join: customers {{ sql_on: ${{orders.customer_id}} = ${{customers.id}} ;; }}
        }}
        explore: orders {{ extends: [with_customer]
          join: regions {{ sql_on: ${{customers.region_id}} = ${{regions.id}} ;; }}
        }}
        explore: again {{ extends: [orders] sql_always_where: ${{orders.amount}} > 1 ;; }}""",
    "derived": f"""{BASE} dimension: customer_id {{}} }} {CUSTOMERS}
        view: spent {{ derived_table: {{ sql: select customer_id, sum(amount) as spent
            from ${{orders.SQL_TABLE_NAME}} group by 1 ;; }}
          dimension: customer_id {{ primary_key: yes }} dimension: spent {{ type: number }}
          measure: most {{ type: max sql: ${{spent}} ;; }} }}
        view: rich {{ derived_table: {{ sql: with x as (select * from ${{spent.SQL_TABLE_NAME}} where spent > 10)
            select * from x ;; }}
          dimension: customer_id {{ primary_key: yes }} measure: n {{ type: count }} }}
        view: native {{ derived_table: {{ explore_source: orders {{ column: country {{ field: customers.country }}
            column: total {{}} filters: [orders.status: "paid"] }} }}
          dimension: country {{ primary_key: yes }} dimension: total {{ type: number }}
          measure: sum_of {{ type: sum sql: ${{total}} ;; }} }}
        explore: orders {{ join: customers {{ foreign_key: customer_id }} }}""",
    "constants": """
        constant: prefix { value: "ord" }
        view: a { sql_table_name: @{prefix}ers ;; dimension: id { primary_key: yes } measure: n { type: count } }
        view: b { sql_table_name: {% if _dialect._name == 'sqlite' %} customers {% else %} nothing {% endif %} ;;
          dimension: id { primary_key: yes } measure: n { type: count } }
        view: c { parameter: which { type: unquoted default_value: "regions" }
          sql_table_name: {% parameter which %} ;; dimension: id { primary_key: yes } measure: n { type: count } }
        """,
    "names": """
        view: orders {
          dimension: order { primary_key: yes sql: ${TABLE}.id ;; }
          dimension: state { sql: ${TABLE}.status ;; }
          measure: amount { type: sum sql: ${TABLE}.amount ;; }
          measure: average { type: number sql: ${amount} / ${n} ;; }
          measure: n { type: count filters: [state: "paid"] }
        }""",
}

COUNT = "select count(*) from orders where "

QUERIES: list[tuple[str, dict[str, Any], str]] = [
    ("filters", {"measures": ["orders.m0"]}, COUNT + "amount >= 1 and amount < 10"),
    ("filters", {"measures": ["orders.m1"]}, COUNT + "amount <> 5 or amount is null"),
    ("filters", {"measures": ["orders.m2"]}, COUNT + "(amount > 1 and amount <= 10) or amount = 25"),
    ("filters", {"measures": ["orders.m3"]}, COUNT + "amount is null"),
    ("filters", {"measures": ["orders.m4"]}, COUNT + "status is null or status = ''"),
    ("filters", {"measures": ["orders.m5"]}, COUNT + "status <> 'paid' or status is null"),
    ("filters", {"measures": ["orders.m6"]}, COUNT + "status = 'pa_d'"),
    ("filters", {"measures": ["orders.m7"]}, COUNT + "substr(status, 1, 3) = 'pa_'"),
    ("filters", {"measures": ["orders.m8"]}, COUNT + "created_at between '2024-01-01' and '2024-12-31 23:59:59'"),
    ("filters", {"measures": ["orders.m9"]}, COUNT + "created_at < '2024-01-01'"),
    ("filters", {"measures": ["orders.m10"]}, COUNT + "amount >= 10 and status in ('paid', 'open')"),
    ("filters", {"measures": ["orders.m11"]}, COUNT + "amount <= 5 and amount <> 1"),
    ("filters", {"measures": ["orders.m12"]}, COUNT + "amount is not null"),
    (
        "tiers",
        {"measures": ["orders.n"], "dimensions": ["orders.band"]},
        """select case when amount < 1 then '(-inf,1)' when amount < 10 then '[1,10)' when amount >= 10
           then '[10,inf)' else 'Undefined' end b, count(*) from orders group by 1 order by 1""",
    ),
    (
        "tiers",
        {"measures": ["orders.n"], "dimensions": [{"field": "orders.created", "granularity": "month"}]},
        "select date(created_at, 'start of month') m, count(*) from orders group by 1 order by m is null, m",
    ),
    (
        "tiers",
        {"measures": ["orders.before"], "dimensions": [{"field": "orders.created", "granularity": "month"}]},
        """select m, lag(total) over (partition by m is null order by m)
           from (select date(created_at, 'start of month') m, sum(amount) total from orders group by 1)
           order by m is null, m""",
    ),
    ("computed", {"measures": ["orders.total"]}, "select sum(amount * 100) from orders"),
    ("computed", {"measures": ["orders.twice"]}, "select sum(amount * 200) from orders"),
    (
        "computed",
        {"measures": ["orders.net"], "dimensions": ["orders.label"]},
        "select case when amount >= 10 then 'big' else 'small' end l, sum(net) from orders group by 1 order by 1",
    ),
    (
        "computed",
        {"measures": ["orders.net"], "dimensions": ["orders.month_of"]},
        "select date(created_at, 'start of month') m, sum(net) from orders group by 1 order by m is null, m",
    ),
    ("computed", {"measures": ["orders.waited"]}, "select 33"),
    (
        "computed",
        {"measures": ["orders.share"]},
        "select sum(net), sum(amount * 100), sum(net) / sum(amount * 100) from orders",
    ),
    ("refined", {"measures": ["orders.total"]}, "select sum(net) from orders where status = 'paid'"),
    ("refined", {"measures": ["kid.total"]}, "select sum(net) from orders where status = 'paid'"),
    (
        "explores",
        {"measures": ["orders.n"], "dimensions": ["customers.country"], "include_empty": False},
        "select country, count(*) from orders o join customers c on c.id = o.customer_id group by 1 order by 1",
    ),
    (
        "explores",
        {"measures": ["orders.total"], "dimensions": ["payer.country"], "include_empty": False},
        "select country, sum(amount) from orders o join customers c on c.id = o.payer_id group by 1 order by 1",
    ),
    (
        "explores",
        {"measures": ["orders.n"], "dimensions": ["by_payer_customers.name"], "include_empty": False},
        "select name, count(*) from orders o join customers c on c.id = o.payer_id group by 1 order by 1",
    ),
    (
        "explores",
        {"measures": ["orders.n"], "dimensions": ["customers.regions.name"], "include_empty": False},
        """select r.name, count(*) from orders o join customers c on c.id = o.customer_id
           join regions r on r.id = c.region_id group by 1 order by 1""",
    ),
    (
        "explores",
        {"measures": ["orders.n"], "segments": ["orders.orders_always_filter", "orders.orders_always_where"]},
        COUNT + "status = 'paid' and amount > 1",
    ),
    (
        "templates",
        {"measures": ["orders.n"], "dimensions": ["customers.regions.name"], "include_empty": False},
        """select r.name, count(*) from orders o join customers c on c.id = o.customer_id
           join regions r on r.id = c.region_id group by 1 order by 1""",
    ),
    ("templates", {"measures": ["orders.n"], "segments": ["orders.again_always_where"]}, COUNT + "amount > 1"),
    (
        "templates",
        {"measures": ["orders.last_at", "orders.any_status", "orders.has_open"]},
        "select max(created_at), min(status), min(status) = 'open' from orders",
    ),
    (
        "derived",
        {"measures": ["spent.most"]},
        "select max(s) from (select sum(amount) s from orders group by customer_id)",
    ),
    (
        "derived",
        {"measures": ["rich.n"]},
        "select count(*) from (select 1 from orders group by customer_id having sum(amount) > 10)",
    ),
    ("derived", {"measures": ["native.sum_of"]}, "select sum(amount) from orders where status = 'paid'"),
    (
        "derived",
        {"dimensions": ["native.country", "native.total"], "measures": []},
        """select country, sum(amount) from orders o join customers c on c.id = o.customer_id
           where status = 'paid' group by 1""",
    ),
    ("constants", {"measures": ["a.n", "b.n", "c.n"]}, "select 6, 3, 2"),
    (
        "names",
        {"measures": ["orders.amount"], "dimensions": ["orders.state"]},
        "select status, sum(amount) from orders group by 1 order by status is null, status",
    ),
    (
        "names",
        {"measures": ["orders.average"]},
        "select sum(amount), sum(status = 'paid'), sum(amount) / sum(status = 'paid') from orders",
    ),
]


def drafted(project: str) -> list[dict[str, Any]]:
    files = [File(path="manifest.lkml", content=PROJECTS[project])]
    answer = convert(Request(files=files, dialect="sqlite", drafts=True))
    assert [report for report in answer["reports"] if report["status"] != "converted"] == []
    return [source["definition"] for source in answer["sources"]]


@pytest.mark.parametrize(("project", "query", "by_hand"), QUERIES, ids=[f"{q[0]}-{i}" for i, q in enumerate(QUERIES)])
def test_answers_as_sql_written_by_hand(project: str, query: dict[str, Any], by_hand: str) -> None:
    database = sqlite3.connect(":memory:")
    database.executescript(TABLES)
    sql = run_query(drafted(project), query, "sqlite")["sql"]
    assert database.execute(sql).fetchall() == database.execute(by_hand).fetchall(), sql


@pytest.mark.parametrize("project", PROJECTS)
def test_drafts_have_no_faults(project: str) -> None:
    assert validate_sources(drafted(project), "sqlite")["errors"] == []


@pytest.mark.parametrize(
    ("view", "reason"),
    [
        (
            "dimension: amount { sql: ${TABLE}.amount / 100 ;; } measure: raw { type: sum sql: ${TABLE}.amount ;; }",
            "it reads the column `amount` of the table, which the dimension of that name computes anew",
        ),
        ("dimension: x { sql: ((( ;; }", "Failed to parse expression"),
        ("dimension: x { sql: sum(${TABLE}.a) ;; }", "it aggregates, which a dimension may not"),
        ("dimension: x { sql: row_number() over (order by ${TABLE}.a) ;; }", "it uses a window function"),
        ("dimension: x { sql: other.a + 1 ;; }", "it names `other.a`, which is not a column of this view"),
        ("dimension: x { sql: to_json(${TABLE}) ;; }", "it uses the row of `${TABLE}` as a whole"),
        (
            'measure: m { type: count filters: [at_date: "7 days"] } dimension_group: at { type: time }',
            "depends on the day",
        ),
    ],
)
def test_leaves_out_what_would_change_its_meaning_and_says_where(view: str, reason: str) -> None:
    text = f"view: v {{ sql_table_name: t ;; dimension: id {{}}\n {view} }}"
    answer = convert(Request(files=[File(path="v.lkml", content=text)], dialect="sqlite", drafts=True))
    (report,) = answer["reports"]
    assert report["status"] == "partial"
    (left_out,) = report["left_out"]
    assert reason in left_out["reason"]
    assert (left_out["file"], left_out["line"]) == ("v.lkml", 2)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ("based_on: ghost period: month", "it is based on `ghost`, which is no measure of this view"),
        ("based_on: n period: month kind: difference", "a period_over_period with difference; ask for it in a query"),
        (
            "based_on: n period: month value_to_date: yes",
            "a period_over_period with value_to_date; ask for it in a query",
        ),
        ("based_on: n period: moon", "a period_over_period of the period `moon`"),
        ("based_on: p period: year", "it is based on `p`, which is of an earlier period itself"),
    ],
)
def test_says_why_a_comparison_of_periods_is_left_out(settings: str, reason: str) -> None:
    text = f"""view: v {{ sql_table_name: t ;; dimension: id {{}} measure: n {{ type: count }}
        measure: p {{ type: period_over_period based_on: n period: month }}
        measure: odd {{ type: period_over_period {settings} }} }}"""
    answer = convert(Request(files=[File(path="v.lkml", content=text)], dialect="sqlite", drafts=True))
    assert [(item["name"], item["reason"]) for item in answer["reports"][0]["left_out"]] == [("odd", reason)]
    assert [measure["name"] for measure in answer["views"][0]["measures"]] == ["n"]


def test_names_what_explores_lose() -> None:
    text = """
        view: a { dimension: id { primary_key: yes } } view: b { dimension: id {} }
        explore: a {
          join: b { sql_on: ${a.id} > ${b.id} ;; }
          join: gone { sql_on: ${a.id} = ${gone.id} ;; }
          sql_always_where: ${b.id} = 1 ;;
        }"""
    answer = convert(Request(files=[File(path="m.lkml", content=text)], dialect="sqlite", drafts=True))
    assert [warning.split(" was left out")[0] for warning in answer["warnings"]] == [
        "m.lkml:5: join 'gone' of explore 'a'",
        "m.lkml:4: the join of `a` to `b`",
        "m.lkml:3: `sql_always_where` of the explore `a`",
    ]


def test_leaves_out_what_belongs_to_other_connections() -> None:
    files = [
        File(path="ours.model.lkml", content='connection: "ours" include: "/views/a*"'),
        File(path="theirs.model.lkml", content='connection: "theirs" include: "/views/*.view" explore: b {}'),
        File(path="views/a.view.lkml", content="view: a { dimension: id {} }"),
        File(path="views/b.view.lkml", content="view: b { dimension: id {} }"),
    ]
    answer = convert(Request(files=files, connections=["ours"], drafts=True))
    assert [view["name"] for view in answer["views"]] == ["a"]
    assert answer["warnings"] == ["theirs.model.lkml: left out: its connection `theirs` is not mapped"]

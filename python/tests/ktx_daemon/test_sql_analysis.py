"""Tables and columns of statements."""

from typing import Any

import pytest

from ktx_daemon.errors import RequestRejected
from ktx_daemon.sql import read_only, table_usage
from ktx_daemon.sql.parsing import dialect_named
from ktx_daemon.sql.table_usage import Catalog, CatalogTable, Item, Request, analyze


def tables(sql: str, dialect: str = "postgres") -> list[str]:
    """The tables of a statement, each as its parts joined with dots."""
    usage = analyze(sql, dialect_named(dialect))
    assert usage["error"] is None
    return [
        ".".join(part for part in (ref["catalog"], ref["db"], ref["name"]) if part) for ref in usage["tables_touched"]
    ]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select 1", []),
        ("select * from a", ["a"]),
        ("select * from z join b on true join a on true", ["z", "b", "a"]),
        ("select (select max(x) from inner_one) from outer_one", ["inner_one", "outer_one"]),
        ("select * from a where x in (select y from b) and exists (select 1 from a)", ["a", "b"]),
        ("select * from Cat.Sch.T", ["cat.sch.t"]),
        ('select * from "Sch"."T"', ["Sch.T"]),
        ("with c as (select * from a) select * from C join b on true", ["a", "b"]),
        ("with a as (select * from a) select * from a", ["a"]),
        ("with a as (select 1), b as (select * from a) select * from b", []),
        ("with recursive r as (select * from seed union all select * from r) select * from r", ["seed"]),
        ("with c as (select 1) select * from s.c", ["s.c"]),
        ("select * from (with c as (select * from a) select * from c) q join c on true", ["a", "c"]),
        ("insert into t select * from s", ["t", "s"]),
        ("update t set x = (select 1 from s)", ["t", "s"]),
        ("delete from t using u where t.id = u.id", ["t", "u"]),
        ("select * from generate_series(1, 3)", []),
        ("select * from a; select * from b", ["a"]),
    ],
)
def test_finds_every_stored_table_in_reading_order(sql: str, expected: list[str]) -> None:
    assert tables(sql) == expected


@pytest.mark.parametrize(
    ("dialect", "expected"),
    [("postgres", ["sch.tab"]), ("snowflake", ["SCH.TAB"]), ("bigquery", ["Sch.Tab"]), ("mysql", ["Sch.Tab"])],
)
def test_normalises_names_as_the_dialect_does(dialect: str, expected: list[str]) -> None:
    assert tables("select * from Sch.Tab", dialect) == expected


def test_takes_a_reference_to_itself_for_recursion_where_the_dialect_has_no_keyword_for_it() -> None:
    sql = "with r as (select * from seed union all select * from r) select * from r"
    assert tables(sql, "tsql") == ["seed"]
    assert tables(sql, "postgres") == ["seed", "r"]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select 1", {}),
        ("select a, t.B, upper(c) as d, a from t", {"select": ["a", "B", "c"]}),
        ("select * from t where x = 1 and Y > z", {"where": ["x", "Y", "z"]}),
        ("select a from t join u on t.i = u.j and k = 1 join v using (w)", {"select": ["a"], "join": ["i", "j", "k"]}),
        ("select count(*) from t group by a, date_trunc('day', b) having sum(c) > 1 order by d desc, 1",
         {"groupBy": ["a", "b"], "having": ["c"], "orderBy": ["d"]}),
        ("select a from t where b in (select c from u where d = 1)", {"select": ["a"], "where": ["b", "c", "d"]}),
        ("with q as (select hidden from t) select shown from q", {"select": ["shown"]}),
        ("(select a from t)", {"select": ["a"]}),
        ("select a from t union select b from u", {}),
        ("insert into t (a) select b from u", {}),
    ],
)  # fmt: skip
def test_gathers_the_columns_of_each_clause(sql: str, expected: dict[str, list[str]]) -> None:
    usage = analyze(sql, dialect_named("postgres"))
    assert usage["columns_by_clause"] == expected
    assert list(usage["columns_by_clause"]) == list(expected)


KNOWN = Catalog(
    tables=[
        CatalogTable(catalog="c", db="a", name="orders"),
        CatalogTable(catalog="c", db="b", name="orders"),
        CatalogTable(db="a", name="users"),
    ]
)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select * from orders", [("c", "a", "orders"), ("c", "b", "orders")]),
        ("select * from c.a.orders", [("c", "a", "orders")]),
        ("select * from a.orders", [(None, "a", "orders")]),
        ("select * from z.nothing", [(None, "z", "nothing")]),
        ("select * from nothing", [(None, None, "nothing")]),
        ("select * from users, orders", [(None, "a", "users"), ("c", "a", "orders"), ("c", "b", "orders")]),
    ],
)
def test_resolves_names_with_a_catalog(sql: str, expected: list[tuple[str | None, str | None, str]]) -> None:
    request = Request(dialect="postgres", items=[Item(id="i", sql=sql)], catalog=KNOWN)
    found = table_usage.respond(request)["results"]["i"]["tables_touched"]
    assert [(ref["catalog"], ref["db"], ref["name"]) for ref in found] == expected


def test_keeps_a_bad_statement_from_touching_the_others() -> None:
    statements = {
        "bad": "selec t from",
        "blank": "  -- nothing",
        "deep": "select " + "(" * 300,
        "doubling": "select " + "array[" * 40 + "1" + "]" * 40,
        "good": "select a from t",
    }
    items = [Item(id=name, sql=sql) for name, sql in statements.items()]
    results = table_usage.respond(Request(dialect="postgres", items=[Item(id="good", sql="("), *items]))["results"]
    assert results["good"]["error"] is None
    for name in ("bad", "blank", "deep", "doubling"):
        assert results[name]["error"]
        assert (results[name]["tables_touched"], results[name]["columns_by_clause"]) == ([], {})
        assert "\x1b" not in (results[name]["error"] or "")


def test_refuses_a_dialect_that_sqlglot_does_not_know() -> None:
    with pytest.raises(RequestRejected, match="Unknown SQL dialect 'klingon'"):
        table_usage.respond(Request(dialect="klingon", items=[]))
    with pytest.raises(RequestRejected, match="Unknown SQL dialect ''"):
        read_only.respond(read_only.Request(dialect="", sql="select 1"))
    assert read_only.respond(read_only.Request(dialect="Postgres", sql="select 1")) == {"ok": True, "error": None}


def test_accepts_workers_without_needing_them() -> None:
    fields: dict[str, Any] = {"dialect": "postgres", "items": []}
    assert Request(**fields, max_workers=32).max_workers == 32
    for wrong in (0, 33):
        with pytest.raises(ValueError, match="max_workers"):
            Request(**fields, max_workers=wrong)

"""Which statements only read: by syntax, by the functions that they call, and however a call is hidden."""

import json
import random
import sqlite3
from collections.abc import Callable
from pathlib import Path

import duckdb
import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ktx_daemon.sql.parsing import dialect_named
from ktx_daemon.sql.read_only import objection

CASES = json.loads(Path(__file__).with_name("read_only_cases.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("dialect", sorted({case["dialect"] for case in CASES}))
def test_judges_every_case_of_the_dialect(dialect: str) -> None:
    verdicts = {
        case["sql"]: (case["read_only"], objection(case["sql"], dialect_named(dialect)))
        for case in CASES
        if case["dialect"] == dialect
    }
    assert {sql: error for sql, (only_reads, error) in verdicts.items() if only_reads != (error is None)} == {}
    assert {only_reads for only_reads, _ in verdicts.values()} == {True, False}


@pytest.mark.parametrize(
    ("dialect", "sql", "name", "allowed"),
    [
        ("postgres", "select f(1)", "f", "f"),
        ("postgres", "select Shop.F(1)", "shop.f", "shop.f"),
        ("postgres", "select shop.f(1)", "shop.f", "f"),
        ("postgres", 'select "F"(1)', "F", "F"),
        ("postgres", r'select U&"\0066"(1)', "f", "f"),
        ("bigquery", "select `d`.F(1)", "d.f", "D.f"),
        ("mysql", "select Sleep(1)", "sleep", "SLEEP"),
    ],
)
def test_names_an_unknown_function_and_the_setting_that_allows_it(
    dialect: str, sql: str, name: str, allowed: str
) -> None:
    error = objection(sql, dialect_named(dialect)) or ""
    assert error.startswith(f"SQL contains read/write operation: {name} (")
    assert "connections.<id>.functions.allow" in error
    assert objection(sql, dialect_named(dialect), [allowed]) is None
    assert objection(sql, dialect_named(dialect), ["g", f"other.{name}"]) is not None


@pytest.mark.parametrize(
    "sql",
    [
        "select 1",
        "select 1;",
        "select 1; -- the end",
        "SELECT a FROM t WHERE b = 'delete from t'",
        "select * from a union all select * from b",
        "select 1 except select 2",
        "select 1 intersect select 2",
        "values (1), (2)",
        "(select 1)",
        "with a as (select 1) select * from a",
        "select count(*) filter (where x) over (partition by y) from t",
        "select random(), now()",
        'select "update", \'insert\' from "delete"',
    ],
)
def test_lets_one_reading_statement_pass(sql: str) -> None:
    assert objection(sql, dialect_named("postgres")) is None


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("insert into t values (1)", "Insert"),
        ("update t set a = 1", "Update"),
        ("delete from t", "Delete"),
        ("merge into t using s on true when matched then delete", "Merge"),
        ("create table t (a int)", "Create"),
        ("create table t as select 1", "Create"),
        ("drop table t", "Drop"),
        ("alter table t add column a int", "Alter"),
        ("truncate t", "TruncateTable"),
        ("copy t to '/tmp/x'", "Copy"),
        ("copy (select 1) to program 'sh'", "Copy"),
        ("grant select on t to u", "Grant"),
        ("revoke select on t from u", "Revoke"),
        ("set x = 1", "Set"),
        ("begin", "Transaction"),
        ("commit", "Commit"),
        ("rollback", "Rollback"),
        ("analyze t", "Analyze"),
        ("vacuum", "Command"),
        ("explain analyze delete from t", "Command"),
        ("call p()", "Command"),
        ("do $$ begin end $$", "Command"),
        ("lock table t", "Command"),
        ("with d as (delete from t returning *) select * from d", "Delete"),
        ("with i as (insert into t values (1) returning *) select * from i", "Insert"),
        ("select * into x from t", "Into"),
        ("select * from t for update", "Lock"),
        ("select * from (select * from t for share) q", "Lock"),
        ("select 1 union (select * from t for update)", "Lock"),
    ],
)
def test_refuses_statements_that_do_more_than_read(sql: str, kind: str) -> None:
    assert objection(sql, dialect_named("postgres")) == f"SQL contains read/write operation: {kind}"


@pytest.mark.parametrize(
    ("sql", "dialect", "kind"),
    [
        ("select next value for s", "tsql", "NextValueFor"),
        ("exec p", "tsql", "Execute"),
        ("export data options (uri = 'x') as select 1", "bigquery", "Export"),
        ("attach 'x' as y", "sqlite", "Attach"),
        ("put file://x @y", "snowflake", "Put"),
    ],
)
def test_knows_the_writing_syntax_of_other_dialects(sql: str, dialect: str, kind: str) -> None:
    assert objection(sql, dialect_named(dialect)) == f"SQL contains read/write operation: {kind}"


@pytest.mark.parametrize(
    ("sql", "error"),
    [
        ("", "SQL did not parse to a statement."),
        (" ; ;; ", "SQL did not parse to a statement."),
        ("-- nothing", "SQL did not parse to a statement."),
        ("select 1; select 2", "Only one SQL statement can be executed."),
        ("select 1; delete from t", "Only one SQL statement can be executed."),
    ],
)
def test_wants_exactly_one_statement(sql: str, error: str) -> None:
    assert objection(sql, dialect_named("postgres")) == error


@pytest.mark.parametrize("sql", ["select from from", "select 'a", "select " + "(" * 300])
def test_says_that_a_text_is_no_sql(sql: str) -> None:
    error = objection(sql, dialect_named("postgres"))
    assert error is not None
    assert error.startswith("Invalid expression: ")
    assert "\x1b" not in error


DANGEROUS = {
    "postgres": ["pg_sleep", "dblink_exec", "query_to_xml", "lo_export", "pg_read_file", "nextval", "pg_stat_reset"],
    "mysql": ["sleep", "load_file", "get_lock", "benchmark"],
    "sqlite": ["load_extension", "readfile", "writefile", "edit"],
    "duckdb": ["read_csv", "getenv", "query", "nextval", "pg_sleep"],
    "bigquery": ["external_query", "my_udf"],
    "snowflake": ["system$wait", "my_udf"],
    "tsql": ["openrowset", "openquery", "xp_cmdshell"],
    "clickhouse": ["url", "file", "sleep", "remote"],
    "trino": ["my_udf"],
    "redshift": ["pg_sleep", "my_udf"],
    "databricks": ["reflect", "java_method"],
}

QUOTES = {"mysql": "``", "bigquery": "``", "databricks": "``", "clickhouse": "``", "tsql": "[]", "sqlite": "[]"}

PLACES = [
    "select {}",
    "select 1 from t where {} is null",
    "select a from t group by a having {} > 1",
    "select a from t order by {}",
    "select case when a then {} else 1 end from t",
    "select coalesce(lower(a), cast({} as varchar(10))) from t",
    "select count(*) over (partition by {}) from t",
    "with w as (select {} as x) select x from w",
    "select 1 union all select {}",
    "select (select max({}) from t)",
    "select a from t join u on t.b = {}",
    "select a from t where b in (1, {})",
    "select 'quoted', {}, 'it''s' from t -- the end",
]


@st.composite
def hidden_calls(draw: st.DrawFn) -> tuple[str, str]:
    """A dialect and a statement that calls what it must not, disguised as far as the dialect lets it."""
    dialect = draw(st.sampled_from(sorted(DANGEROUS)))
    name = draw(st.sampled_from(DANGEROUS[dialect]))
    disguise = draw(st.sampled_from(["case", "quotes", "unicode"] if dialect == "postgres" else ["case", "quotes"]))
    if disguise == "case":
        name = "".join(letter.upper() if draw(st.booleans()) else letter for letter in name)
    elif disguise == "quotes":
        opening, closing = QUOTES.get(dialect, '""')
        name = opening + name + closing
    else:
        escape = draw(st.sampled_from("\\!^#"))
        forms = ["{}", escape + "{:04x}", escape + "+{:06X}"]
        escaped = "".join(
            letter if form == "{}" else form.format(ord(letter))
            for letter in name
            for form in [draw(st.sampled_from(forms))]
        )
        name = f'U&"{escaped}"' + ("" if escape == "\\" else f"{draw(GAPS)} UESCAPE {draw(GAPS)}'{escape}'")
    qualified = draw(st.sampled_from(["", "pg_catalog."])) if dialect in ("postgres", "redshift") else ""
    call = f"{qualified}{name}{draw(GAPS)}(1)"
    if dialect == "postgres":
        call += draw(st.sampled_from(["", "::text", "::regclass::text"]))
    return dialect, draw(st.sampled_from(PLACES)).format(call)


GAPS = st.sampled_from(["", " ", "\n\t", "/* lower */", " /* a */ /**/ ", "-- count\n", "/* ' */", '/* " */'])


@settings(max_examples=1500, deadline=None)
@given(hidden_calls())
def test_no_disguise_hides_a_call(disguised: tuple[str, str]) -> None:
    dialect, sql = disguised
    assert objection(sql, dialect_named(dialect)) is not None


FRAGMENTS = [
    *"'\"\\`[](),;#1a",
    "''",
    '""',
    "\\'",
    "E'",
    "e'",
    "U&'",
    'U&"',
    "$$",
    "$a$",
    "$1$",
    "/*",
    "*/",
    "/*!",
    "--",
]
FRAGMENTS += ["//", "{#", "#}", "r'", "b'", "x'", "N'", "a$", "::", "||"]
FRAGMENTS += [" ", "\n", "\r", "\x0c", "\u00a0", "\u2028", "touch()", ", touch()", " as ", "select ", " from t "]


def scrambled(seed: int) -> str:
    """A text of quotes, comments and calls in no order."""
    choice = random.Random(seed)
    opening = choice.choice(["select 1 ", "select 'a", 'select "a', "select 'a', "])
    return opening + "".join(choice.choice(FRAGMENTS) for _ in range(choice.randrange(1, 9)))


def require_untouched(dialect: str, run: Callable[[str], None], touched: list[str]) -> None:
    """Run what the guard passes; `touched` must stay empty, and something must have run."""
    ran = 0
    for seed in range(6_000):
        sql = scrambled(seed)
        if objection(sql, dialect_named(dialect)) is not None:
            continue
        try:
            run(sql)
        except (sqlite3.Error, sqlite3.Warning, duckdb.Error, psycopg.Error):
            continue
        ran += 1
        assert touched == [], sql
    assert ran > 50


def test_reads_texts_as_sqlite_does() -> None:
    touched: list[str] = []
    with sqlite3.connect(":memory:") as connection:
        connection.execute("create table t (a)")
        connection.create_function("touch", 0, lambda: touched.append("touch"))
        require_untouched("sqlite", lambda sql: [*connection.execute(sql)] and None, touched)
        assert [*connection.execute("select touch()")]
    assert touched


def test_reads_texts_as_duckdb_does() -> None:
    touched: list[str] = []
    with duckdb.connect() as connection:
        connection.execute("create table t (a int)")
        connection.execute("create sequence touched")
        connection.execute("create macro touch() as nextval('touched')")

        def run(sql: str) -> None:
            connection.execute(sql).fetchall()
            last = connection.execute("select last_value from duckdb_sequences()").fetchone()
            if last != (None,):
                touched.append(sql)

        require_untouched("duckdb", run, touched)
        run("select touch()")
    assert touched


def test_reads_texts_as_postgresql_does(zoo_url: str) -> None:
    touched: list[str] = []
    with psycopg.connect(zoo_url, autocommit=True) as connection:
        connection.add_notice_handler(lambda notice: touched.append(notice.message_primary or ""))
        connection.execute("create temp table t (a int)")
        connection.execute("create schema touching")
        connection.execute(
            "create function touching.touch() returns int language plpgsql as "
            "$$ begin raise warning 'touch'; return 1; end $$"
        )
        connection.execute("set search_path = touching, public")

        require_untouched("postgres", lambda sql: connection.execute(sql.encode()) and None, touched)
        connection.execute("select touch()")
        connection.execute("drop schema touching cascade")
    assert touched

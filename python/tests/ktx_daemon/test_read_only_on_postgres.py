"""Attacks on a real PostgreSQL server by what its catalog hides: overloads, operators, casts, members, views."""

from collections.abc import Iterator

import psycopg
import pytest

from ktx_daemon.errors import RequestRejected
from tests.ktx_daemon.test_database_query import ask

WORLD = """
CREATE EXTENSION IF NOT EXISTS dblink;
CREATE EXTENSION IF NOT EXISTS citext;
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS tablefunc;
CREATE SCHEMA attack;
CREATE TABLE attack.victims (id int PRIMARY KEY, name text);
INSERT INTO attack.victims VALUES (1, 'one');
CREATE SEQUENCE attack.touched;

CREATE FUNCTION attack.run(text) RETURNS int LANGUAGE plpgsql AS 'BEGIN EXECUTE $1; RETURN 1; END';
CREATE FUNCTION attack.run_as_owner(text) RETURNS int LANGUAGE plpgsql IMMUTABLE SECURITY DEFINER
  AS 'BEGIN EXECUTE $1; RETURN 1; END';
CREATE FUNCTION attack.with_default(a int DEFAULT attack.run('x')) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE FUNCTION attack.fiscal_year(date) RETURNS int LANGUAGE sql IMMUTABLE
  AS 'SELECT extract(year FROM $1 + 30)::int';
CREATE FUNCTION attack.newest() RETURNS int LANGUAGE sql STABLE AS 'SELECT max(id) FROM attack.victims';
CREATE FUNCTION attack.lower(int) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION attack.len(text) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION attack.first(text) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION attack.member(attack.victims) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION attack.anyone(anyelement) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION attack.rows() RETURNS SETOF int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION attack.step(int, text) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE AGGREGATE attack.gather(text) (sfunc = attack.step, stype = int);
CREATE FUNCTION attack.pair(text, text) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE OPERATOR attack.# (leftarg = text, rightarg = text, function = attack.pair);
CREATE OPERATOR attack.=== (leftarg = text, rightarg = text, function = attack.pair);
CREATE OPERATOR attack.+ (rightarg = text, function = attack.run);
CREATE TYPE attack.pebble AS (weight int);
CREATE FUNCTION attack.to_pebble(text) RETURNS attack.pebble LANGUAGE sql AS 'SELECT ROW(1)::attack.pebble';
CREATE CAST (text AS attack.pebble) WITH FUNCTION attack.to_pebble(text);
CREATE FUNCTION attack.accepts(int) RETURNS bool LANGUAGE sql AS 'SELECT true';
CREATE DOMAIN attack.checked AS int CHECK (attack.accepts(value));
CREATE VIEW attack.counting AS SELECT nextval('attack.touched');
CREATE VIEW attack.writing AS SELECT attack.run('DELETE FROM attack.victims');
CREATE VIEW attack.plain AS SELECT id, lower(name) AS name FROM attack.victims;
"""


@pytest.fixture(scope="module")
def url(zoo_url: str) -> Iterator[str]:
    """A database whose owner left every trap."""
    with psycopg.connect(zoo_url, autocommit=True) as connection:
        connection.execute(WORLD.encode())
        yield f"{zoo_url}?options=-csearch_path%3Dpublic,attack"
        connection.execute("DROP SCHEMA attack CASCADE")


def state(url: str) -> tuple[object, ...]:
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT (SELECT array_agg(v::text) FROM attack.victims v), (SELECT last_value FROM attack.touched), "
            "(SELECT count(*) FROM pg_class), (SELECT count(*) FROM pg_largeobject_metadata)"
        ).fetchone()
    assert rows is not None
    return rows


ATTACKS = {
    "run": "SELECT run('DELETE FROM attack.victims')",
    "attack.run": "SELECT attack.run('DELETE FROM attack.victims')",
    '"attack"."run"': 'SELECT "attack"."run"(\'DELETE FROM attack.victims\')',
    "unicode": "SELECT attack.U&\"r\\0075n\"('DELETE FROM attack.victims')",
    "unicode with another escape": "SELECT attack.U&\"r!0075n\" /* x */ UESCAPE '!' ('DELETE FROM attack.victims')",
    "three parts": "SELECT zoo.attack.run('x')",
    "security definer": "SELECT run_as_owner('x')",
    "default": "SELECT with_default()",
    "stable": "SELECT newest()",
    "an overload of a plain function": "SELECT lower(1)",
    "a name that sqlglot takes for another": "SELECT len('x')",
    "a name that looks like a keyword": "SELECT first('x')",
    "member": "SELECT v.member FROM attack.victims v",
    "member in parentheses": "SELECT (v).anyone FROM attack.victims v",
    "rows": "SELECT * FROM rows()",
    "rows from": "SELECT * FROM ROWS FROM (attack.rows(), generate_series(1, 2)) AS r(a, b)",
    "lateral": "SELECT * FROM attack.victims v, LATERAL attack.run(v.name) r",
    "aggregate": "SELECT gather(name) FROM attack.victims",
    "operator": "SELECT 'a'::text # 'b'::text",
    "operator that sqlglot does not know": "SELECT 'a' === 'b'",
    "operator by its schema": "SELECT 'a' OPERATOR(attack.===) 'b'",
    "prefix operator of a common name": "SELECT + 'DELETE FROM attack.victims'::text",
    "cast": "SELECT CAST('x'::text AS attack.pebble)",
    "cast by colons": "SELECT 'x'::text::pebble",
    "cast as a call": "SELECT pebble('x'::text)",
    "domain": "SELECT 1::attack.checked",
    "dblink": "SELECT dblink_exec('dbname=zoo', 'DELETE FROM attack.victims')",
    "dblink in from": "SELECT * FROM public.dblink('dbname=zoo', 'SELECT 1') AS d(a int)",
    "crosstab": "SELECT * FROM crosstab('SELECT 1, 2, 3') AS c(a int, b int)",
    "query_to_xml": "SELECT query_to_xml('SELECT pg_sleep(10)', true, true, '')",
    "xpath": "SELECT xpath('/a', query_to_xml('SELECT pg_sleep(10)', true, true, ''))",
    "ts_stat": "SELECT * FROM ts_stat('SELECT pg_sleep(10)::text::tsvector')",
    "lo_from_bytea": "SELECT lo_from_bytea(0, 'x')",
    "lo_import": "SELECT lo_import('/etc/hostname')",
    "pg_read_file": "SELECT pg_read_file('/etc/hostname')",
    "pg_ls_dir": "SELECT * FROM pg_ls_dir('.')",
    "pg_sleep": "SELECT pg_sleep(10)",
    "slot": "SELECT pg_create_physical_replication_slot('s')",
    "advisory lock": "SELECT pg_advisory_lock(1)",
    "transaction number": "SELECT txid_current()",
    "nextval": "SELECT nextval('attack.touched')",
    "view that counts": "SELECT * FROM attack.counting",
    "view that writes": "SELECT * FROM attack.writing",
    "select into": "SELECT 1 AS a INTO attack.fresh",
    "for update": "SELECT * FROM attack.victims FOR UPDATE",
    "delete in a table expression": "WITH d AS (DELETE FROM attack.victims RETURNING *) SELECT * FROM d",
    "copy": "COPY attack.victims TO '/tmp/ktx-victims'",
    "copy program": "COPY (SELECT 1) TO PROGRAM 'touch /tmp/ktx-victims'",
    "explain analyze": "EXPLAIN ANALYZE DELETE FROM attack.victims",
    "prepare": "PREPARE p AS DELETE FROM attack.victims",
    "two statements": "SELECT 1; DELETE FROM attack.victims",
    "commit first": "COMMIT; DELETE FROM attack.victims",
    "do": "DO $$ BEGIN DELETE FROM attack.victims; END $$",
    "call": "CALL attack.run('x')",
    "set": "SET transaction_read_only = off",
    "set_config": "SELECT set_config('transaction_read_only', 'off', false)",
}


@pytest.mark.parametrize("name", ATTACKS)
def test_refuses_attacks_and_changes_nothing(url: str, name: str) -> None:
    before = state(url)
    with pytest.raises(RequestRejected) as refusal:
        ask(url, ATTACKS[name], statement_timeout_ms=3000)
    assert "must be" not in str(refusal.value), "the statement itself was wrong"
    assert state(url) == before


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT upper(name), count(*) FROM attack.victims GROUP BY 1",
        "SELECT fiscal_year('2024-12-15'), attack.fiscal_year(current_date)",
        "SELECT similarity('a', 'b'), 'A'::citext = 'a', 'abc' % 'abd'",
        "SELECT 'attack.victims'::regclass, v.id FROM attack.victims v WHERE v.name LIKE 'o%' AND id IN (1, 2)",
        "SELECT * FROM attack.plain",
        "SELECT row_to_json(v), (v).name FROM attack.victims v",
        "SELECT extract(year FROM now()), EXISTS (SELECT 1), ARRAY(SELECT 1), ROW(1, 2)",
        "SELECT pg_get_indexdef(indexrelid), pg_stat_get_numscans(indrelid) FROM pg_index LIMIT 1",
        "SELECT c.relname, s.n_live_tup FROM pg_class c JOIN pg_stat_all_tables s ON s.relid = c.oid LIMIT 1",
    ],
)
def test_lets_reads_pass(url: str, sql: str) -> None:
    assert ask(url, sql)["row_count"] == 1


@pytest.mark.parametrize(
    ("sql", "allowed"),
    [
        ("SELECT newest()", "newest"),
        ("SELECT newest()", "attack.newest"),
        ("SELECT attack.newest()", "attack.newest"),
        ("SELECT gather(name) FROM attack.victims", "attack.gather"),
        ("SELECT v.member FROM attack.victims v", "attack.member"),
        ("SELECT 'a'::text # 'b'::text", "attack.pair"),
        ("SELECT CAST('x'::text AS attack.pebble)", "attack.to_pebble"),
        ("SELECT 1::attack.checked", "attack.accepts"),
        ("SELECT pg_sleep(0)", "pg_sleep"),
    ],
)
def test_lets_pass_what_the_caller_allows_and_names_it_otherwise(url: str, sql: str, allowed: str) -> None:
    assert ask(url, sql, allowed_functions=[allowed])["row_count"] == 1
    with pytest.raises(RequestRejected) as refusal:
        ask(url, sql)
    assert allowed in str(refusal.value)
    assert "connections.<id>.functions.allow" in str(refusal.value)


def test_leaves_a_function_that_is_nowhere_to_the_server(url: str) -> None:
    with pytest.raises(RequestRejected, match="function no_such_function\\(integer\\) does not exist"):
        ask(url, "SELECT no_such_function(1)")


def test_keeps_the_session_from_writing_even_when_the_caller_allows_it(url: str) -> None:
    for sql in ("SELECT run('DELETE FROM attack.victims')", "SELECT nextval('attack.touched')"):
        with pytest.raises(RequestRejected, match="in a read-only transaction"):
            ask(url, sql, allowed_functions=["run", "nextval"])


def test_sets_the_session_for_reading_and_in_time(url: str) -> None:
    names = ["transaction_read_only", "default_transaction_read_only", "statement_timeout", "lock_timeout"]
    sql = "SELECT " + ", ".join(f"current_setting('{name}') AS {name}" for name in names)
    assert ask(url, sql, statement_timeout_ms=1234)["rows"] == [["on", "on", "1234ms", "1234ms"]]

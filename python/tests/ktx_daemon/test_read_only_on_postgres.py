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
  AS 'SELECT extract(year FROM $1 - 30)::int';
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
CREATE FUNCTION attack.labelled(int) RETURNS int LANGUAGE plpgsql IMMUTABLE
  AS 'BEGIN PERFORM pg_sleep(0); RETURN 1; END';
CREATE FUNCTION attack.labelled_too(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT attack.labelled($1)';
CREATE FUNCTION attack.text_runner(text) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN EXECUTE $1; RETURN 1; END';
CREATE FUNCTION attack.text_pair(text, text) RETURNS int LANGUAGE sql IMMUTABLE
  AS 'SELECT attack.text_runner($1 || $2)';
CREATE FUNCTION attack.atomic(int) RETURNS bool LANGUAGE sql IMMUTABLE BEGIN ATOMIC SELECT attack.accepts($1); END;
CREATE SCHEMA attack_aside;
CREATE FUNCTION attack_aside.aside() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION attack.elsewhere() RETURNS int LANGUAGE sql IMMUTABLE SET search_path = attack_aside
  AS 'SELECT aside()';
CREATE OPERATOR attack.~~~ (leftarg = text, rightarg = text, function = attack.text_pair);
CREATE OPERATOR attack.<-> (leftarg = oid, rightarg = text, function = pg_catalog.lo_export);
CREATE FUNCTION attack.internal_sleep(float8) RETURNS void LANGUAGE internal IMMUTABLE AS 'pg_sleep';
CREATE FUNCTION attack.by_another_name() RETURNS text LANGUAGE sql IMMUTABLE
  AS 'SELECT attack.internal_sleep(0)::text';
CREATE DOMAIN attack.of_checked AS attack.checked;
CREATE FUNCTION attack.nested(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1::attack.of_checked';
CREATE DOMAIN attack.of_a_file AS text CHECK (pg_read_file(value) IS NOT NULL);
CREATE TYPE attack.holder AS (inside attack.of_a_file);
CREATE TYPE attack.outer_holder AS (inside attack.holder[]);
CREATE TYPE attack.checked_range AS RANGE (subtype = attack.checked);
CREATE TABLE attack.guarded (id int, held attack.of_checked);
CREATE TABLE attack.policed (id int);
ALTER TABLE attack.policed ENABLE ROW LEVEL SECURITY;
CREATE POLICY touching ON attack.policed USING (attack.run('x') = 1);
CREATE AGGREGATE attack.gather_too(text) (sfunc = attack.step, stype = int);
CREATE VIEW attack.sleeping AS SELECT pg_sleep(0)::text;
CREATE VIEW attack.reading AS SELECT pg_read_file('/etc/hostname');
CREATE VIEW attack.linking AS SELECT dblink_exec('dbname=zoo', 'DELETE FROM attack.victims');
CREATE VIEW attack.texting AS SELECT query_to_xml('SELECT 1', true, true, '');
CREATE VIEW attack.behind AS SELECT 1 AS a FROM attack.victims, attack.linking;
CREATE VIEW attack.far_behind AS WITH w AS (SELECT * FROM attack.behind) SELECT w.a FROM w;
CREATE VIEW attack.gathering AS SELECT attack.gather_too(name) FROM attack.victims;
CREATE VIEW attack.checking AS SELECT id::attack.of_checked FROM attack.victims;
CREATE VIEW attack.operating AS SELECT 'a'::text OPERATOR(attack.===) 'b'::text;
CREATE VIEW attack.counting AS SELECT nextval('attack.touched');
CREATE VIEW attack.writing AS SELECT attack.run('DELETE FROM attack.victims');
CREATE VIEW attack.plain AS SELECT id, lower(name) AS name FROM attack.victims;
CREATE VIEW attack.of_plain AS
  SELECT p.id, clock_timestamp() AS at, fiscal.year AS year
  FROM attack.plain p CROSS JOIN LATERAL (VALUES (attack.fiscal_year(now()::date))) AS fiscal(year)
  WHERE p.name LIKE 'o%' GROUP BY 1, 2, 3 HAVING count(*) > 0;
CREATE DOMAIN attack.small AS int CHECK (value BETWEEN 0 AND 10 AND abs(value) < 11);
CREATE TYPE attack.small_range AS RANGE (subtype = attack.small);
"""


@pytest.fixture(scope="module")
def url(zoo_url: str) -> Iterator[str]:
    """A database whose owner left every trap."""
    with psycopg.connect(zoo_url, autocommit=True) as connection:
        connection.execute(WORLD.encode())
        yield f"{zoo_url}?options=-csearch_path%3Dpublic,attack"
        connection.execute("DROP SCHEMA attack, attack_aside CASCADE")


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
    "a function with the wrong label": "SELECT labelled(1)",
    "a function that calls one with the wrong label": "SELECT labelled_too(1)",
    "a function that runs its text": "SELECT text_runner('SELECT 1')",
    "a function of parsed statements": "SELECT atomic(1)",
    "a function that looks elsewhere": "SELECT elsewhere()",
    "a cast in a function": "SELECT nested(1)",
    "an operator with the wrong label": "SELECT 'SELECT 1'::text OPERATOR(attack.~~~) ''",
    "an operator on PostgreSQL's own function": "SELECT 1::oid <-> '/tmp/ktx-export'::text",
    "a built-in by another name": "SELECT internal_sleep(0)",
    "a built-in by another name in a function": "SELECT by_another_name()",
    "a domain of a domain": "SELECT 1::attack.of_checked",
    "an array of a domain": "SELECT '{1}'::attack.of_checked[]",
    "an array by its own name": "SELECT '{1}'::attack._of_checked",
    "a domain that reads a file": "SELECT '/etc/hostname'::attack.of_a_file",
    "a domain in a row type": "SELECT '(/etc/hostname)'::attack.holder",
    "a domain in a row from JSON": 'SELECT json_populate_record(null::attack.holder, \'{"inside": "/etc/hostname"}\')',
    "a domain in an array in a row": "SELECT null::attack.outer_holder",
    "a domain in a range": "SELECT '[1,2]'::attack.checked_range",
    "a domain in the columns of JSON": "SELECT * FROM json_to_record('{}') AS r(a attack.of_checked)",
    "a domain in a table's row": "SELECT jsonb_populate_record(g, '{\"held\": 1}') FROM attack.guarded g",
    "a policy": "SELECT * FROM attack.policed",
    "a view that sleeps": "SELECT * FROM sleeping",
    "a view that reads a file": "SELECT * FROM attack.reading",
    "a view that runs a text": "TABLE attack.texting",
    "a view that writes past the transaction": "SELECT * FROM attack.linking",
    "a view of a view": "SELECT a FROM attack.behind",
    "a view of a view of a view": "SELECT count(*) FROM (SELECT a FROM far_behind LIMIT 1) q",
    "a view in quotes": 'SELECT * FROM "attack"."linking"',
    "a view by its Unicode name": 'SELECT * FROM attack.U&"l\\0069nking"',
    "a view in a subquery": "SELECT (SELECT 1 FROM linking)",
    "a view in a join": "SELECT 1 FROM attack.victims JOIN attack.linking ON true",
    "a view with an aggregate": "SELECT * FROM attack.gathering",
    "a view with a cast": "SELECT * FROM attack.checking",
    "a view with an operator": "SELECT * FROM attack.operating",
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
    assert "does not exist" not in str(refusal.value), "the statement itself was wrong"
    assert state(url) == before


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT upper(name), count(*) FROM attack.victims GROUP BY 1",
        "SELECT fiscal_year('2024-12-15'), attack.fiscal_year(current_date)",
        "SELECT similarity('a', 'b'), 'A'::citext = 'a', 'abc' % 'abd'",
        "SELECT 'attack.victims'::regclass, v.id FROM attack.victims v WHERE v.name LIKE 'o%' AND id IN (1, 2)",
        "SELECT * FROM attack.plain",
        "SELECT count(*) FROM attack.of_plain WHERE at <= now() AND random() >= 0",
        "SELECT 1::attack.small, '[1,2]'::attack.small_range",
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
        ("SELECT labelled(1)", "pg_sleep"),
        ("SELECT * FROM attack.sleeping", "pg_sleep"),
        ("SELECT count(*) FROM attack.gathering", "attack.step"),
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

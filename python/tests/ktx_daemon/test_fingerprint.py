"""Fingerprints: what they must not see, what they must see, and that they stay what they are."""

import random
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ktx_daemon.sql.fingerprint import Fingerprint, fingerprint
from ktx_daemon.sql.parsing import dialect_named
from tests.ktx_daemon.daemon_process import PYTHON_DIRECTORY


def of(sql: str, dialect: str = "postgres") -> Fingerprint:
    """The fingerprint of a statement that parses."""
    answer = fingerprint(sql, dialect_named(dialect))
    assert answer["error"] is None
    return answer


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT x FROM t WHERE a = 7", "9ad6e9953f4a46fd72b58c328eeb1467"),
        (
            "SELECT COUNT(*) FROM s.t WHERE d > DATE '2024-01-01' AND k IN ('a', 'b') LIMIT 10",
            "71d620f5ada7b7d641cd14a9c0c8e9c9",
        ),
        (
            'WITH c AS (SELECT "Odd name" FROM a) SELECT * FROM c JOIN b ON c.id = b.id ORDER BY 1',
            "c7f63fab8c3829c026654ca68b7b7cb6",
        ),
    ],
)
def test_stays_the_same_between_releases(sql: str, expected: str) -> None:
    assert of(sql)["fingerprint"] == expected


def test_stays_the_same_between_processes() -> None:
    program = (
        "from ktx_daemon.sql.fingerprint import fingerprint; from ktx_daemon.sql.parsing import dialect_named;"
        "print(fingerprint('select a from t where b in (1, 2)', dialect_named('postgres'))['fingerprint'])"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(PYTHON_DIRECTORY)},
            capture_output=True,
            check=True,
            text=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert found == {of("select a from t where b in (1, 2)")["fingerprint"]}


BASE = "SELECT x, COUNT(*) FROM s.t WHERE a = 7 AND b IN (1, 2) AND c IS NOT NULL"


@pytest.mark.parametrize(
    "variant",
    [
        "select x, count(*) from s.t where a = 7 and b in (1, 2) and c is not null",
        "SELECT x, COUNT(*) FROM s.t WHERE a = 8 AND b IN (1, 2) AND c IS NOT NULL",
        "SELECT x, COUNT(*) FROM s.t WHERE a = -8 AND b IN (1, 2) AND c IS NOT NULL",
        "SELECT x, COUNT(*) FROM s.t WHERE a = 'text' AND b IN (1, 2) AND c IS NOT NULL",
        "SELECT x, COUNT(*) FROM s.t WHERE a = NULL AND b IN (1, 2) AND c IS NOT NULL",
        "SELECT x, COUNT(*) FROM s.t WHERE a = TRUE AND b IN (1, 2) AND c IS NOT NULL",
        "SELECT x, COUNT(*) FROM s.t WHERE a = 7 AND b IN (5) AND c IS NOT NULL",
        "SELECT x, COUNT(*) FROM s.t WHERE a = 7 AND b IN (1, 2, 3, -4) AND c IS NOT NULL",
        "/* who */ SELECT x,COUNT ( * )\nFROM s . t -- where\nWHERE a=7 AND b IN(1,2)AND c IS   NOT\tNULL ;",
    ],
)
def test_does_not_see_literals_comments_space_keyword_case_and_list_length(variant: str) -> None:
    assert of(variant)["fingerprint"] == of(BASE)["fingerprint"]
    assert of(variant)["normalized_sql"] == of(BASE)["normalized_sql"]


@pytest.mark.parametrize(
    "variant",
    [
        "SELECT y, COUNT(*) FROM s.t WHERE a = 7 AND b IN (1, 2) AND c IS NOT NULL",
        "SELECT X, COUNT(*) FROM s.t WHERE a = 7 AND b IN (1, 2) AND c IS NOT NULL",
        'SELECT "x", COUNT(*) FROM s.t WHERE a = 7 AND b IN (1, 2) AND c IS NOT NULL',
        "SELECT x, COUNT(*) FROM s.u WHERE a = 7 AND b IN (1, 2) AND c IS NOT NULL",
        "SELECT x, COUNT(*) FROM t WHERE a = 7 AND b IN (1, 2) AND c IS NOT NULL",
        "SELECT x, COUNT(*) FROM s.t WHERE a = ? AND b IN (1, 2) AND c IS NOT NULL",
        "SELECT x, COUNT(*) FROM s.t WHERE a <> 7 AND b IN (1, 2) AND c IS NOT NULL",
        "SELECT x, COUNT(*) FROM s.t WHERE a - 7 AND b IN (1, 2) AND c IS NOT NULL",
        "SELECT x, COUNT(*) FROM s.t WHERE a = 7 OR b IN (1, 2) AND c IS NOT NULL",
        "SELECT x, COUNT(*) FROM s.t WHERE a = 7 AND b NOT IN (1, 2) AND c IS NOT NULL",
        "SELECT x, COUNT(*) FROM s.t WHERE a = 7 AND b IN (1, z) AND c IS NOT NULL",
        "SELECT x, COUNT(*) FROM s.t WHERE a = 7 AND b IN (1, 2) AND c IS NULL",
        "SELECT x, COUNT(*) FROM s.t WHERE a = 7 AND b IN (1, 2) AND c IS NOT TRUE",
        "SELECT x, COUNT(*) FROM s.t AS t WHERE a = 7 AND b IN (1, 2) AND c IS NOT NULL",
        "SELECT x, SUM(*) FROM s.t WHERE a = 7 AND b IN (1, 2) AND c IS NOT NULL",
        "SELECT x, COUNT(*) FROM s.t WHERE a = 7 AND b IN (1, 2) AND c IS NOT NULL LIMIT 1",
    ],
)
def test_sees_every_other_difference(variant: str) -> None:
    assert of(variant)["fingerprint"] != of(BASE)["fingerprint"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("select a != 1", "select a <> 1"),
        ("select a from t b", "select a from t as b"),
        ("select * from a join b on x", "select * from a inner join b on x"),
        ("select a::int", "select cast(a as int)"),
        ("call p(1)", "call q(1)"),
        ("call p(x)", "call p(1)"),
        ("select a - 1", "select a, -1"),
        ("select a where b in (x, x)", "select a where b in (x)"),
        ("select a where b in ((1, 2))", "select a where b in (1, 2)"),
        ("select a = $1 and b = $1", "select a = $1 and b = $2"),
    ],
)
def test_tells_apart_what_a_syntax_tree_confuses(first: str, second: str) -> None:
    assert of(first)["fingerprint"] != of(second)["fingerprint"]


def test_does_not_see_how_a_query_log_numbers_its_parameters() -> None:
    short = of("select a from t where b in ($1,$2) and c = $3")
    assert of("select a from t where b in ($1,$2,$3) and c = $4") == short
    assert short["normalized_sql"] == "SELECT a FROM t WHERE b IN ($1) AND c = $2"
    assert short["literal_slots"] == []


@pytest.mark.parametrize(
    ("sql", "normalized"),
    [
        ("select name, date, Type from users u", "SELECT name, date, Type FROM users u"),
        ("select u.Date from a as u where date > date '2024-01-01'", "SELECT u.Date FROM a AS u WHERE date > DATE ?"),
        ("insert into T(a, B) values (1, 'x')", "INSERT INTO T(a, B) VALUES (?, ?)"),
        ("with q(n) as (select 1) select N from Q", "WITH q(n) AS (SELECT ?) SELECT N FROM Q"),
        (
            "select extract(Year from Ts) from t order by x nulls first",
            "SELECT EXTRACT(YEAR FROM Ts) FROM t ORDER BY x NULLS FIRST",
        ),
        ("select :Param, @Var from t", "SELECT :Param, @Var FROM t"),
        ("vacuum  Full", "VACUUM FULL"),
        ("explain  select A from t where b = 'x'", "EXPLAIN SELECT A FROM t WHERE b = ?"),
        ("call P(1, 'x')", "CALL P(?, ?)"),
        ("select Coalesce(a, 1)::Numeric(10, 2), x[1]", "SELECT COALESCE(a, ?)::NUMERIC (?, ?), x[?]"),
    ],
)
def test_keeps_names_as_written_even_where_they_look_like_keywords(sql: str, normalized: str) -> None:
    assert of(sql)["normalized_sql"] == normalized


@pytest.mark.parametrize(
    ("expression", "kind", "example"),
    [
        ("7", "number", "7"),
        ("1.5e3", "number", "1.5e3"),
        ("-7", "number", "-7"),
        ("'it''s'", "string", "it's"),
        ("$$body$$", "string", "body"),
        ("DATE '2024-01-31'", "date", "2024-01-31"),
        ("'2024-01-31'::date", "date", "2024-01-31"),
        ("CAST('2024-01-31' AS date)", "date", "2024-01-31"),
        ("TIMESTAMP '2024-01-31 10:00'", "timestamp", "2024-01-31 10:00"),
        ("'2024-01-31 10:00'::timestamptz", "timestamp", "2024-01-31 10:00"),
        ("INTERVAL '1 day'", "string", "1 day"),
        ("true", "boolean", "true"),
        ("NULL", "null", "NULL"),
        ("X'ff'", "unknown", "ff"),
    ],
)
def test_knows_the_types_of_literals(expression: str, kind: str, example: str) -> None:
    answer = of(f"select a from t where b = {expression}")
    assert answer["literal_slots"] == [{"position": 1, "type": kind, "example_value": example}]


def test_counts_literals_in_reading_order_and_names_tables_as_written() -> None:
    answer = of("with c as (select 1 from Inner_One) select 'b' from Cat.Sch.T join c on x = 3 limit 4")
    assert [(slot["position"], slot["example_value"]) for slot in answer["literal_slots"]] == [
        (1, "1"),
        (2, "b"),
        (3, "3"),
        (4, "4"),
    ]
    assert answer["tables_touched"] == ["Inner_One", "Cat.Sch.T"]
    assert answer["normalized_sql"] == (
        "WITH c AS (SELECT ? FROM Inner_One) SELECT ? FROM Cat.Sch.T JOIN c ON x = ? LIMIT ?"
    )


@pytest.mark.parametrize("sql", ["", "-- nothing", "selec t from", "select 'open", "select " + "(" * 300])
def test_answers_with_an_error_when_the_text_does_not_parse(sql: str) -> None:
    answer = fingerprint(sql, dialect_named("postgres"))
    assert answer.pop("error")
    assert answer == {"fingerprint": "", "normalized_sql": "", "tables_touched": [], "literal_slots": []}


literal = st.one_of(
    st.integers(-(10**6), 10**6).map(str),
    st.floats(0, 1e6, allow_nan=False).map(lambda value: format(value, ".3f")),
    st.text("abc '%$?", max_size=6).map(lambda text: "'" + text.replace("'", "''") + "'"),
    st.sampled_from(["NULL", "TRUE", "false", "DATE '2024-01-01'"]),
)


@given(
    literals=st.lists(literal, min_size=3, max_size=3),
    keys=st.lists(literal, min_size=1, max_size=5),
    seed=st.integers(),
)
def test_is_blind_to_any_literals_spaces_and_keyword_case(literals: list[str], keys: list[str], seed: int) -> None:
    dice = random.Random(seed)
    words = [
        "select",
        "a",
        ",",
        literals[0].replace("DATE ", ""),
        "from",
        "T",
        "where",
        "b",
        "=",
        literals[1].replace("DATE ", ""),
    ]
    words += ["and", "c", "in", "(", ",".join(key.replace("DATE ", "") for key in keys), ")", "limit", "5"]
    keywords = {"select", "from", "where", "and", "in", "limit"}
    shuffled = [word.upper() if word in keywords and dice.random() < 0.5 else word for word in words]
    text = "".join(word + dice.choice([" ", "\n", "\t ", " /* x */ "]) for word in shuffled)
    assert of(text)["fingerprint"] == of("select a, 1 from T where b = 2 and c in (3) limit 4")["fingerprint"]

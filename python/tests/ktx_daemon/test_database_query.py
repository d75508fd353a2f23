"""Queries against a real PostgreSQL server: values, bounds and the guard."""

import base64
import json
from decimal import Decimal
from typing import Any

import pytest

from ktx_daemon.cancellation import Cancellation
from ktx_daemon.database import introspection, query
from ktx_daemon.errors import RequestRejected


def ask(url: str, sql: str, **options: Any) -> dict[str, Any]:
    return query.respond(query.Request(connection_id="wh", url=url, sql=sql, **options), Cancellation())


@pytest.mark.parametrize(
    ("sql", "value", "kind"),
    [
        ("1::int", 1, "integer"),
        ("9007199254740991", 9007199254740991, "bigint"),
        ("9007199254740992", "9007199254740992", "bigint"),
        ("-9223372036854775808", "-9223372036854775808", "bigint"),
        ("1.5", 1.5, "numeric"),
        ("0.1::numeric(10, 4)", 0.1, "numeric(10,4)"),
        ("10::numeric", 10, "numeric"),
        ("0.12345678901234567890", "0.12345678901234567890", "numeric"),
        ("12345678901234567890::numeric", "12345678901234567890", "numeric"),
        ("'NaN'::numeric", "NaN", "numeric"),
        ("0.1::real", 0.1, "real"),
        ("1e300::float8", 1e300, "double precision"),
        ("'-Infinity'::float8", "-Infinity", "double precision"),
        ("true", True, "boolean"),
        ("NULL", None, "text"),
        ("'text'", "text", "text"),
        ("'x'::varchar(3)", "x", "character varying(3)"),
        ("'2024-01-31'::date", "2024-01-31", "date"),
        ("'2024-01-31 10:20:30.5'::timestamp", "2024-01-31T10:20:30.5", "timestamp without time zone"),
        ("now() - now() + '2024-01-31'::timestamp", "2024-01-31T00:00:00", "timestamp without time zone"),
        ("'10:20'::time", "10:20:00", "time without time zone"),
        ("'10:20+02'::timetz", "10:20:00+02:00", "time with time zone"),
        ("'10:20-03:30'::timetz", "10:20:00-03:30", "time with time zone"),
        ("'infinity'::timestamp", "infinity", "timestamp without time zone"),
        ("'0044-03-15 BC'::date", "0044-03-15 BC", "date"),
        ("interval '1 day 2 hours'", "P1DT2H", "interval"),
        (r"'\x00ff10'::bytea", base64.b64encode(b"\x00\xff\x10").decode(), "bytea"),
        ("ARRAY[1, NULL, 9007199254740992]", [1, None, "9007199254740992"], "bigint[]"),
        ("ARRAY[[1, 2], [3, 4]]", [[1, 2], [3, 4]], "integer[]"),
        ("ARRAY['2024-01-31 10:20'::timestamp]", ["2024-01-31T10:20:00"], "timestamp without time zone[]"),
        ("""'{"a": 1.10, "b": 12345678901234567890}'::jsonb""", '{"a": 1.10, "b": 12345678901234567890}', "jsonb"),
        ("'550e8400-e29b-41d4-a716-446655440000'::uuid", "550e8400-e29b-41d4-a716-446655440000", "uuid"),
        ("'glad'::mood", "glad", "mood"),
        ("int4range(1, 5)", "[1,5)", "int4range"),
        ("'10.0.0.1/8'::inet", "10.0.0.1/8", "inet"),
        ("ROW(1, 'x')", "(1,x)", "record"),
    ],
)  # fmt: skip
def test_gives_every_value_without_loss(zoo_url: str, sql: str, value: Any, kind: str) -> None:
    answer = ask(zoo_url, f"SELECT {sql} AS v")
    assert answer == {"headers": ["v"], "types": [kind], "rows": [[value]], "row_count": 1, "truncated": False}
    assert json.loads(json.dumps(answer)) == answer


def test_gives_numbers_that_read_back_as_the_same_decimals(zoo_url: str) -> None:
    texts = ["0", "0.1", "-0.30", "1e-7", "123456.789", "0.1000000000000000055511151231257827", "1e30", "3.14"]
    rows = ask(zoo_url, f"SELECT v::numeric FROM unnest('{{{','.join(texts)}}}'::numeric[]) v")["rows"]
    assert [Decimal(str(value)) for (value,) in rows] == [Decimal(text) for text in texts]


def test_cuts_the_answer_at_the_cap_and_says_so(zoo_url: str) -> None:
    three = ask(zoo_url, "SELECT g, g FROM generate_series(1, 9) g ORDER BY 1;", max_rows=3)
    assert (three["headers"], three["rows"]) == (["g", "g"], [[1, 1], [2, 2], [3, 3]])
    assert (three["row_count"], three["truncated"]) == (3, True)
    exact = ask(zoo_url, "SELECT g FROM generate_series(1, 3) g", max_rows=3)
    assert (exact["row_count"], exact["truncated"]) == (3, False)
    none = ask(zoo_url, "SELECT g FROM generate_series(1, 0) g")
    assert (none["headers"], none["rows"], none["truncated"]) == (["g"], [], False)


@pytest.mark.parametrize(
    "sql",
    [
        "WITH a AS (SELECT 1 AS x) SELECT * FROM a -- comment",
        "VALUES (1), (2)",
        "SELECT '%s' || '%' || 50 % 7",
        "SELECT 1 UNION SELECT 2 ORDER BY 1",
    ],
)
def test_runs_every_form_of_a_read(zoo_url: str, sql: str) -> None:
    assert ask(zoo_url, sql)["row_count"] >= 1


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT nothing FROM pets", 'column "nothing" does not exist'),
        ("SELECT * FROM nowhere", 'relation "nowhere" does not exist'),
        ("SELECT 1 / 0", "division by zero"),
        ("DELETE FROM pets", "SQL contains read/write operation: Delete"),
        ("SELECT pg_sleep(5)", "the statement was cancelled; it may run for 200 ms"),
        ("SELECT repeat('x', 70000000)", "the result is too large; select fewer rows or columns"),
    ],
)
def test_says_why_a_statement_failed(zoo_url: str, sql: str, message: str) -> None:
    with pytest.raises(RequestRejected) as failure:
        ask(zoo_url, sql, statement_timeout_ms=200 if "sleep" in sql else 10_000, allowed_functions=["pg_sleep"])
    assert str(failure.value) == message


def test_names_itself_to_the_server(zoo_url: str) -> None:
    assert ask(zoo_url, "SELECT current_setting('application_name')")["rows"] == [["ktx-daemon-database-query"]]
    assert introspection.APPLICATION == "ktx-daemon-database-introspection"

"""A call that is refused alone is refused wherever an expression can stand, and a harmless one is accepted there."""

import re

import pytest

from ktx_daemon.sql.parsing import dialect_named
from ktx_daemon.sql.read_only import objection
from tests.ktx_daemon.test_read_only import CASES

DIALECTS = sorted({case["dialect"] for case in CASES})
CALL = re.compile(r"select (\w+\([^;]*\))", re.IGNORECASE)

MORE_CALLS = {
    "bigquery": ["d.f(1)", "p.d.f(1)", "keys.new_keyset('AEAD_AES_GCM_256')"],
    "oracle": [
        "utl_http.request('http://x')",
        "utl_file.fopen('D', 'f', 'w')",
        "dbms_pipe.receive_message('a', 10)",
        "sys.dbms_lock.sleep(10)",
        "dbms_xmlgen.getxml('select 1 from dual')",
    ],
    "redshift": ["pg_cancel_backend(1)", "pg_terminate_backend(1)", "set_config('a', 'b', false)", "f_udf(1)"],
    "snowflake": ["system$wait(10)", "system$cancel_query('x')", "db.s.f(1)"],
    "trino": ["c.s.f(1)", "ai_gen('x')", "pg_sleep(1)"],
    "tsql": ["dbo.f(1)", "xp_cmdshell('dir')", "sys.fn_get_audit_file('x', null, null)"],
}
"""Besides those of the cases: procedures of the server, and functions of a user by their whole name."""

PLACES = [
    "select {} as x",
    "select 1 as x, {} as y from t",
    "select distinct {} as x from t",
    "select coalesce({}, 1) as x",
    "select abs(abs({})) as x",
    "select case when a = 1 then {} else 0 end as x from t",
    "select case {} when 1 then 2 end as x from t",
    "select cast({} as decimal(10, 2)) as x",
    "select -({}) + 1 as x",
    "select a from t where {} = 1",
    "select a from t where not (a = 1 or {} in (1, 2))",
    "select a from t where a in (select {} from u)",
    "select a from t where exists (select 1 from u where u.b = {})",
    "select a from t where a between 1 and {}",
    "select a, count(*) as n from t group by a having max(b) = {}",
    "select count(*) as n from t group by {}",
    "select sum({}) as x from t",
    "select a from t order by {}",
    "select row_number() over (partition by {} order by a) as x from t",
    "select x from (select {} as x from t) s",
    "with w as (select {} as x) select x from w",
    "select 1 as x union all select {}",
    "select a from t join u on t.a = {}",
    "select (select {}) as x",
]


def refused_calls(dialect: str) -> set[str]:
    """The calls of the cases, and one of a function that nobody knows."""
    statements = (case["sql"] for case in CASES if case["dialect"] == dialect and not case["read_only"])
    matches = (CALL.fullmatch(statement) for statement in statements)
    return {match[1] for match in matches if match} | {"nobody_knows(1)", *MORE_CALLS.get(dialect, [])}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_refused_call_is_refused_in_every_place(dialect: str) -> None:
    placed = [place.format(call) for call in refused_calls(dialect) for place in PLACES]
    assert [sql for sql in placed if objection(sql, dialect_named(dialect)) is None] == []


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_harmless_call_is_accepted_in_every_place(dialect: str) -> None:
    objections = {sql: objection(sql, dialect_named(dialect)) for sql in (place.format("abs(1)") for place in PLACES)}
    assert {sql: reason for sql, reason in objections.items() if reason is not None} == {}

"""The shared cases on PostgreSQL and DuckDB, and the SQL of every case in every documented dialect."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import duckdb
import psycopg
import pytest
import sqlglot
from sqlglot import exp

from semantic_layer import run_query
from tests.semantic_layer.cases import ANSWERED, Case, comparable

DIALECTS = (
    "postgres",
    "bigquery",
    "snowflake",
    "mysql",
    "duckdb",
    "sqlite",
    "tsql",
    "clickhouse",
    "redshift",
    "databricks",
)


@pytest.fixture(scope="module")
def postgres(postgres_server: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(postgres_server) as connection:
        yield connection


@pytest.mark.parametrize("case", ANSWERED, ids=str)
def test_rows_on_postgres(case: Case, postgres: psycopg.Connection[Any]) -> None:
    sql = run_query(case.sources, case.query, "postgres")["sql"]
    with postgres.cursor() as cursor:
        try:
            for statement in _translated(case, "postgres"):
                cursor.execute(statement)
            cursor.execute(sql)
            _check(case, [column.name for column in cursor.description or ()], cursor.fetchall(), sql)
        finally:
            postgres.rollback()


# Computed columns are the author's SQL, and here `/` divides integers exactly.
_DIVIDES_INTEGERS = {"sl-p117", "sl-p118"}


@pytest.mark.parametrize("case", [case for case in ANSWERED if case.id not in _DIVIDES_INTEGERS], ids=str)
def test_rows_on_duckdb(case: Case) -> None:
    sql = run_query(case.sources, case.query, "duckdb")["sql"]
    with duckdb.connect(":memory:") as database:
        for statement in _translated(case, "duckdb"):
            database.execute(statement)
        result = database.execute(sql)
        _check(case, [column[0] for column in result.description or ()], result.fetchall(), sql)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_sql_of_every_case_parses(dialect: str) -> None:
    for case in ANSWERED:
        if case.fixture == "words":
            # sqlglot cannot read back tables called fetch, which engines can.
            continue
        sql = run_query(case.sources, case.query, dialect)["sql"]
        (statement,) = sqlglot.parse(sql, dialect=dialect)
        assert isinstance(statement, exp.Select), sql
        assert sorted(statement.named_selects) == sorted(case.expect["columns"]), sql


def _check(case: Case, columns: list[str], rows: Iterable[Any], sql: str) -> None:
    ordered = case.expect["ordered"]
    expected = comparable(case.expect["columns"], case.expect["rows"], ordered=ordered)
    assert comparable(columns, rows, ordered=ordered) == expected, sql


def _translated(case: Case, dialect: str) -> Iterator[str]:
    """The fixture's statements. SQLite keeps times as text; a query that truncates one needs a real timestamp."""
    truncates = any(isinstance(dimension, dict) for dimension in case.query.get("dimensions", ()))
    times = {column["name"] for source in case.sources for column in source["columns"] if column["type"] == "time"}
    for text in case.setup_sql:
        statement = sqlglot.parse_one(text, dialect="sqlite")
        for column in statement.find_all(exp.ColumnDef):
            if truncates and column.name in times:
                column.set("kind", exp.DataType.build("timestamp"))
        yield statement.sql(dialect=dialect)

"""Random questions about random models on DuckDB and PostgreSQL: the rows of the plain evaluation, as on SQLite."""

from __future__ import annotations

import os
import random
import secrets
from collections.abc import Callable
from typing import Any

import duckdb
import psycopg
import pytest

from semantic_layer import SemanticLayerError, run_query
from tests.semantic_layer.cases import comparable
from tests.semantic_layer.oracle import Refused, answer
from tests.semantic_layer.oracle_model import Question, World
from tests.semantic_layer.random_worlds import random_question, random_world

_ANSWERED = 250
_QUESTIONS_PER_WORLD = 12
_TYPES = {"s": "TEXT", "t": "DATE"}


def test_rows_on_duckdb() -> None:
    with duckdb.connect(":memory:") as database:

        def rows(sql: str) -> Any:
            result = database.execute(sql)
            return [column[0] for column in result.description or ()], result.fetchall()

        _compare("duckdb", rows)


def test_rows_on_postgres(postgres_server: str) -> None:
    with psycopg.connect(postgres_server, autocommit=True) as connection:

        def rows(sql: str) -> Any:
            result = connection.execute(sql)  # type: ignore[arg-type]
            return ([c.name for c in result.description], result.fetchall()) if result.description else ([], [])

        _compare("postgres", rows)


def _compare(dialect: str, rows: Callable[[str], Any]) -> None:
    seed = int(os.environ.get("KTX_PROPERTY_SEED") or secrets.randbits(32))
    generator = random.Random(seed)
    answered = 0
    while answered < _ANSWERED:
        world = random_world(generator)
        for table, columns in world.columns.items():
            rows(f"DROP TABLE IF EXISTS {table}_rows")
            typed = ", ".join(f"{name} {_TYPES.get(name, 'INTEGER')}" for name in columns)
            rows(f"CREATE TABLE {table}_rows ({typed})")
            for row in world.tables[table]:
                rows(f"INSERT INTO {table}_rows VALUES ({', '.join(_literal(row[name]) for name in columns)})")
        for _ in range(_QUESTIONS_PER_WORLD):
            question = random_question(generator, world)
            expected = _expected(world, question)
            try:
                sql = run_query(world.sources, question.request(), dialect)["sql"]
            except SemanticLayerError as error:
                if expected is not None:
                    pytest.fail(f"KTX_PROPERTY_SEED={seed} {question.request()} {world.sources} refused: {error}")
                continue
            found = comparable(*rows(sql), ordered=True)
            if found != expected:
                pytest.fail(
                    f"KTX_PROPERTY_SEED={seed}\nquery: {question.request()}\nsources: {world.sources}\n"
                    f"tables: {world.tables}\nsql: {sql}\nexpected: {expected}\nfound: {found}"
                )
            answered += 1


def _expected(world: World, question: Question) -> Any:
    try:
        return comparable(*answer(world, question), ordered=True)
    except Refused:
        return None


def _literal(value: Any) -> str:
    return "NULL" if value is None else f"'{value}'" if isinstance(value, str) else str(value)

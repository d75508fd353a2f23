"""Random questions about random models: the compiled SQL's rows are those of the plain evaluation.

``KTX_PROPERTY_SEED`` repeats a run, ``KTX_PROPERTY_CASES`` changes its length.
"""

from __future__ import annotations

import json
import os
import random
import secrets
import sqlite3

import pytest

from semantic_layer import SemanticLayerError, run_query
from tests.semantic_layer.cases import comparable
from tests.semantic_layer.oracle import Refused, answer
from tests.semantic_layer.oracle_model import Question, World
from tests.semantic_layer.random_worlds import random_question, random_world

_CASES = int(os.environ.get("KTX_PROPERTY_CASES", "2400"))
_QUESTIONS_PER_WORLD = 15
# At least this share of the questions must have rows to compare; the rest are refusals.
_ANSWERED_SHARE = 0.6


def test_compiled_rows_equal_a_plain_evaluation() -> None:
    seed = int(os.environ.get("KTX_PROPERTY_SEED") or secrets.randbits(32))
    generator = random.Random(seed)
    answered = refused = 0
    while answered < _CASES:
        world = random_world(generator)
        database = _load(world)
        for _ in range(_QUESTIONS_PER_WORLD):
            question = random_question(generator, world)
            if _check(world, question, database, seed):
                answered += 1
            else:
                refused += 1
        database.close()
    assert answered / (answered + refused) >= _ANSWERED_SHARE


def _load(world: World) -> sqlite3.Connection:
    database = sqlite3.connect(":memory:")
    for table, columns in world.columns.items():
        database.execute(f"CREATE TABLE {table}_rows ({', '.join(columns)})")
        marks = ", ".join("?" * len(columns))
        rows = [[row[column] for column in columns] for row in world.tables[table]]
        database.executemany(f"INSERT INTO {table}_rows VALUES ({marks})", rows)
    return database


def _check(world: World, question: Question, database: sqlite3.Connection, seed: int) -> bool:
    """Whether the question was answered (rather than refused by both); fails when the two disagree."""
    request = question.request()
    sql = ""
    try:
        columns, rows = answer(world, question)
        expected = comparable(columns, rows, ordered=True)
    except Refused:
        expected = None
    try:
        sql = run_query(world.sources, request, "sqlite")["sql"]
        cursor = database.execute(sql)
        found = comparable([column[0] for column in cursor.description], cursor.fetchall(), ordered=True)
    except SemanticLayerError as error:
        found, sql = None, f"refused: {error}"
    if found != expected:
        pytest.fail(
            f"KTX_PROPERTY_SEED={seed}\nquery: {json.dumps(request)}\nsources: {json.dumps(world.sources)}\n"
            f"tables: {json.dumps(world.tables)}\nsql: {sql}\nexpected: {expected}\nfound: {found}"
        )
    return expected is not None

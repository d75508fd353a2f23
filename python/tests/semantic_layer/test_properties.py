"""Random questions about random models: the compiled SQL's rows are those of the plain evaluation.

``KTX_PROPERTY_SEED`` repeats a run, ``KTX_PROPERTY_CASES`` changes its length.
"""

from __future__ import annotations

import json
import os
import random
import secrets
import sqlite3
from functools import cache
from typing import Any

import pytest

from semantic_layer import SemanticLayerError, run_query
from tests.semantic_layer.cases import comparable
from tests.semantic_layer.oracle import Refused, answer
from tests.semantic_layer.oracle_model import Aggregate, Question, World
from tests.semantic_layer.random_worlds import random_question, random_world

_CASES = int(os.environ.get("KTX_PROPERTY_CASES", "2400"))
_PAIRS = 500
_QUESTIONS_PER_WORLD = 15
# At least this share of the questions must have rows to compare; the rest are refusals.
_ANSWERED_SHARE = 0.6


def test_compiled_rows_equal_a_plain_evaluation() -> None:
    seed = _seed()
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


def test_turning_the_dimensions_round_changes_no_row() -> None:
    generator = random.Random(_seed())
    compared = 0
    while compared < _PAIRS:
        world = random_world(generator)
        database = _load(world)
        for _ in range(_QUESTIONS_PER_WORLD):
            question = random_question(generator, world)
            # Without measures it is the first dimension that says whose rows these are.
            if len(question.dimensions) < 2 or not question.measures:
                continue
            # Which groups are empty is for the first dimension to say, unless all are of one place.
            is_one_place = len({dimension.place for dimension in question.dimensions}) == 1
            request = question.request() | {"limit": 1000, "order_by": []}
            request["include_empty"] = request["include_empty"] and is_one_place
            turned = request | {"dimensions": request["dimensions"][::-1]}
            rows = [_rows(world, database, each) for each in (request, turned)]
            assert rows[0] == rows[1], f"KTX_PROPERTY_SEED={_seed()} {request} {world.sources} {world.tables}"
            compared += rows[0] is not None
        database.close()


def test_the_groups_of_a_sum_or_count_add_up_to_its_total() -> None:
    generator = random.Random(_seed())
    compared = 0
    while compared < _PAIRS:
        world = random_world(generator)
        database = _load(world)
        for _ in range(_QUESTIONS_PER_WORLD):
            question = random_question(generator, world)
            sums = [
                measure
                for measure in question.measures
                if isinstance(measure, Aggregate) and measure.function in ("sum", "count")
            ]
            homes = {measure.node for measure in sums}
            if not sums or not question.dimensions or any(node not in homes for node, _ in question.segments):
                continue
            request = question.request() | {"measures": [measure.request for measure in sums]}
            request |= {"limit": 1000, "order_by": [], "include_empty": True}
            request["filters"] = [condition.text for condition in question.row_conditions]
            groups, total = (_rows(world, database, each) for each in (request, request | {"dimensions": []}))
            if groups is None:
                continue
            assert total is not None
            for label, value in total[0].items():
                added = sum(row[label] or 0 for row in groups)
                assert added == (value or 0), f"KTX_PROPERTY_SEED={_seed()} {request} {world.sources} {world.tables}"
            compared += 1
        database.close()


def _rows(world: World, database: sqlite3.Connection, request: dict[str, Any]) -> list[dict[str, Any]] | None:
    """The rows of a query by name, in any order, or None when it is refused."""
    try:
        cursor = database.execute(run_query(world.sources, request, "sqlite")["sql"])
    except SemanticLayerError:
        return None
    names = [column[0] for column in cursor.description]
    return sorted((dict(zip(names, row, strict=True)) for row in cursor), key=lambda row: repr(sorted(row.items())))


@cache
def _seed() -> int:
    return int(os.environ.get("KTX_PROPERTY_SEED") or secrets.randbits(32))


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

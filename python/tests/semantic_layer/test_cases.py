"""The shared cases on SQLite: the rows of every answered one, the refusal of every other."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest

from semantic_layer import SemanticLayerError, run_query
from tests.semantic_layer.cases import ALL, ANSWERED, REFUSED, Case, Pair, comparable, load_pairs


@pytest.mark.parametrize("case", ANSWERED, ids=str)
def test_rows_on_sqlite(case: Case) -> None:
    sql = run_query(case.sources, case.query, case.dialect)["sql"]
    database = sqlite3.connect(":memory:")
    for statement in case.setup_sql:
        database.execute(statement)
    cursor = database.execute(sql)
    columns = [column[0] for column in cursor.description]
    is_ordered = case.expect["ordered"]
    assert sorted(columns) == sorted(case.expect["columns"]), sql
    assert comparable(columns, cursor.fetchall(), ordered=is_ordered) == comparable(
        case.expect["columns"], case.expect["rows"], ordered=is_ordered
    ), sql


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_refusals(case: Case) -> None:
    with pytest.raises(SemanticLayerError) as refused:
        run_query(case.sources, case.query, case.dialect)
    assert any(word in str(refused.value).lower() for word in case.refusal_words), refused.value


@pytest.mark.parametrize("pair", load_pairs(), ids=str)
def test_pairs_of_queries_agree(pair: Pair) -> None:
    first, second = (_rows(pair, query) for query in pair.queries)
    if pair.kind == "turned":
        assert first
        assert _as_set(first) == _as_set(second)
    elif pair.kind == "adds-up":
        (total,) = second
        for column in pair.columns or []:
            assert sum(row[column] or 0 for row in first) == pytest.approx(total[column] or 0)
    else:
        assert first
        assert set(_as_set(first, pair.columns)) <= set(_as_set(second, pair.columns))


def _rows(pair: Pair, query: dict[str, Any]) -> list[dict[str, Any]]:
    database = sqlite3.connect(":memory:")
    for statement in pair.setup_sql:
        database.execute(statement)
    cursor = database.execute(run_query(pair.sources, query, pair.dialect)["sql"])
    return [dict(zip((column[0] for column in cursor.description), row, strict=True)) for row in cursor]


def _as_set(rows: list[dict[str, Any]], columns: list[str] | None = None) -> list[str]:
    return sorted(repr(sorted((name, row[name]) for name in columns or row)) for row in rows)


def test_no_case_was_lost() -> None:
    assert len(ALL) == 129 + 19 + 213
    assert len(REFUSED) == 31 + 33
    assert len(load_pairs()) == 21

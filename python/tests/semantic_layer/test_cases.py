"""The shared cases on SQLite: the rows of every answered one, the refusal of every other."""

from __future__ import annotations

import sqlite3

import pytest

from semantic_layer import SemanticLayerError, run_query
from tests.semantic_layer.cases import ALL, ANSWERED, REFUSED, Case, comparable


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


def test_no_case_was_lost() -> None:
    assert len(ALL) == 129 + 19
    assert len(REFUSED) == 31

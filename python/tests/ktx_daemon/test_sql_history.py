"""Statements as query histories hold them, and table names as people write them: tables of cases."""

import json
from pathlib import Path
from typing import Any

import pytest

from ktx_daemon.sql import table_usage
from ktx_daemon.sql.fingerprint import fingerprint
from ktx_daemon.sql.parsing import dialect_named
from ktx_daemon.sql.read_only import objection
from ktx_daemon.sql.table_identifiers import Item, Request, parse_identifier, respond


def cases(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(Path(__file__).with_name(name).read_text(encoding="utf-8"))
    return found


def folded(tables: list[str]) -> list[str]:
    return sorted(table.casefold() for table in tables)


@pytest.mark.parametrize(
    "case", cases("statement_cases.json"), ids=lambda case: f"{case['dialect']}: {case['sql'][:60]}"
)
def test_names_the_tables_of_a_statement(case: dict[str, Any]) -> None:
    dialect = dialect_named(case["dialect"])
    usage = table_usage.analyze(case["sql"], dialect)
    printed = fingerprint(case["sql"], dialect)
    found = [".".join(filter(None, (ref["catalog"], ref["db"], ref["name"]))) for ref in usage["tables_touched"]]
    if case["tables"] is None:
        assert (bool(usage["error"]), bool(printed["error"]), found) == (True, True, [])
    else:
        assert (usage["error"], printed["error"]) == (None, None)
        assert folded(found) == folded(printed["tables_touched"]) == folded(case["tables"])


def test_reads_histories_more_freely_than_the_guard() -> None:
    carriers = [
        case for case in cases("statement_cases.json") if case["sql"].lower().startswith(("explain", "prepare"))
    ]
    assert len(carriers) > 8
    for case in carriers:
        assert objection(case["sql"], dialect_named(case["dialect"])) is not None


@pytest.mark.parametrize(
    "case", cases("identifier_cases.json"), ids=lambda case: f"{case['dialect']}: {case['text'][:60]}"
)
def test_reads_a_table_name(case: dict[str, Any]) -> None:
    parsed = parse_identifier(case["text"], case["dialect"])
    expected = case["expect"]
    assert parsed["ok"] == ("reason" not in expected), parsed["detail"]
    assert {name: parsed[name] for name in expected} == expected  # type: ignore[literal-required]


def test_a_bad_name_costs_itself_and_not_the_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["ROWS FROM (f(1))", "(", "t t t", "\0", "a" * 10_000, "(" * 500, "fine"]
    items = [Item(key=text, sql_table_name=text, dialect="postgres") for text in texts]
    results = respond(Request(items=items))["results"]
    assert results["fine"]["ok"]
    assert list(results) == texts

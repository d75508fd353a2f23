"""Table identifiers against the shared case data, and the answers that better the old implementation's."""

import json
from pathlib import Path
from typing import Any

import pytest

from ktx_daemon.sql.table_identifiers import DIALECTS, Item, Request, parse_identifier, respond

CASE_FILE = Path(__file__).parents[3] / "fixtures/contract/ident-cases.json"
CASES = json.loads(CASE_FILE.read_text(encoding="utf-8"))["cases"]
NORMAL = [case for case in CASES if case["class"] == "normal"]


def test_has_all_of_the_shared_cases() -> None:
    assert (len(CASES), len(NORMAL)) == (138, 112)


@pytest.mark.parametrize("case", NORMAL, ids=lambda case: case["id"])
def test_gives_the_exact_answer_of_the_shared_cases(case: dict[str, Any]) -> None:
    answer: dict[str, Any] = {**parse_identifier(case["sql_table_name"], case["dialect"])}
    expected = dict(case["expect"])
    assert (answer.pop("detail") is None) == (expected.pop("detail") is None)
    assert answer == expected


@pytest.mark.parametrize(
    ("text", "dialect", "parts", "canonical"),
    [
        ("#temp", "tsql", (None, None, "#temp"), "#temp"),
        ("##temp", "tsql", (None, None, "##temp"), "##temp"),
        ("[#odd name]", "tsql", (None, None, "#odd name"), "[#odd name]"),
        ("db..t", "tsql", ("db", None, "t"), "db..t"),
        ("db..t", "snowflake", ("db", None, "t"), "db..t"),
        ("[a]]b]", "tsql", (None, None, "a]b"), "[a]]b]"),
        ('"a""b"', "clickhouse", (None, None, 'a"b'), '"a""b"'),
        ("m.GROUP", "bigquery", (None, "m", "GROUP"), "m.`GROUP`"),
        ("db.t FOR SYSTEM_TIME AS OF CURRENT_TIMESTAMP()", "bigquery", (None, "db", "t"), "db.t"),
        ("a.b PARTITION (p0)", "mysql", (None, "a", "b"), "a.b"),
    ],
)
def test_keeps_what_the_old_implementation_lost(
    text: str, dialect: str, parts: tuple[str | None, str | None, str], canonical: str
) -> None:
    answer = parse_identifier(text, dialect)
    assert (answer["catalog"], answer["schema"], answer["name"]) == parts
    assert (answer["ok"], answer["canonical_table"], answer["reason"]) == (True, canonical, None)


@pytest.mark.parametrize(
    ("text", "dialect", "reason"),
    [
        ("remote('h', db.t)", "clickhouse", "derived_table_not_supported"),
        ("generate_series(1,3) g", "postgres", "derived_table_not_supported"),
        ("table(generator(rowcount=>1))", "snowflake", "derived_table_not_supported"),
        ("(a.b)", "postgres", "derived_table_not_supported"),
        ("srv.db.dbo.t", "tsql", "parse_error"),
        ("a.b.c.d", "postgres", "parse_error"),
        ("x, lateral (select 1) q", "postgres", "multiple_table_references"),
        ("a intersect select * from b", "postgres", "no_physical_table"),
        ("a; select 1", "postgres", "no_physical_table"),
        ("'unbalanced", "postgres", "parse_error"),
        ("(" * 400, "postgres", "parse_error"),
        ("${x}", "oracle", "unsupported_dialect"),
        ("${x} ((", "postgres", "looker_template_unresolved"),
        ("t", " postgres", "unsupported_dialect"),
    ],
)
def test_refuses_what_is_no_single_table(text: str, dialect: str, reason: str) -> None:
    answer = parse_identifier(text, dialect)
    assert (answer["ok"], answer["reason"]) == (False, reason)
    assert answer["name"] is answer["canonical_table"] is None
    assert "\x1b" not in (answer["detail"] or "")


@pytest.mark.parametrize("dialect", sorted(DIALECTS))
def test_reads_its_own_canonical_names_back(dialect: str) -> None:
    for name in ("plain", "Odd name", "select", "a-b", "ünïcode", "1st", "x.y"):
        if dialect == "bigquery" and "." in name:
            continue  # one back-ticked string holds all parts there
        quoted = {"bigquery": f"`{name}`", "mysql": f"`{name}`", "tsql": f"[{name}]"}.get(dialect, f'"{name}"')
        first = parse_identifier(f"s.{quoted}", dialect)
        assert (first["schema"], first["name"]) == ("s", name)
        if name != "select":  # a reserved word is quoted for three dialects only
            assert parse_identifier(first["canonical_table"] or "", dialect) == first


def test_lets_the_last_of_two_items_with_one_key_win() -> None:
    items = [Item(key="k", sql_table_name=name, dialect="postgres") for name in ("a", "b")]
    assert respond(Request(items=items))["results"]["k"]["name"] == "b"
    assert respond(Request(items=[])) == {"results": {}}

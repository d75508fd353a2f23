"""The shared case files, and how their rows are compared."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).resolve().parents[3] / "fixtures" / "contract"


@dataclass(frozen=True)
class Case:
    """One query over small tables, with the rows or the kind of refusal that it must give."""

    id: str
    title: str
    fixture: str
    dialect: str
    sources: list[dict[str, Any]]
    query: dict[str, Any]
    setup_sql: list[str]
    expect: dict[str, Any]
    refusal_words: list[str]

    def __str__(self) -> str:
        """The name under which pytest lists it."""
        return self.id


@dataclass(frozen=True)
class Pair:
    """Two queries over the same tables, and how their rows must agree."""

    id: str
    kind: str
    dialect: str
    sources: list[dict[str, Any]]
    setup_sql: list[str]
    queries: tuple[dict[str, Any], dict[str, Any]]
    columns: list[str] | None

    def __str__(self) -> str:
        """The name under which pytest lists it."""
        return self.id


def load(file: str) -> list[Case]:
    """All cases of a file."""
    document = json.loads((_FOLDER / file).read_text(encoding="utf-8"))
    cases = []
    for case in document["cases"]:
        fixture = document["fixtures"][case["fixture"]] if "fixture" in case else case
        by_name = {source["name"]: source for source in fixture["sources"]}
        chosen = [by_name[name] for name in case.get("source_names", by_name)]
        refusal = case["expect"].get("error", {}).get("category")
        cases.append(
            Case(
                id=case["id"],
                title=case["title"],
                fixture=case.get("fixture", case["id"]),
                dialect=case["dialect"],
                sources=case.get("sources") or chosen,
                query=case["query"],
                setup_sql=fixture["setup_sql"],
                expect=case["expect"],
                refusal_words=document["error_categories"][refusal] if refusal else [],
            )
        )
    return cases


def load_pairs() -> list[Pair]:
    """All pairs of queries, with the tables they are over."""
    document = json.loads((_FOLDER / "sl-pairs.json").read_text(encoding="utf-8"))
    pairs = []
    for pair in document["pairs"]:
        fixture = document["fixtures"][pair["fixture"]]
        pairs.append(
            Pair(
                id=pair["id"],
                kind=pair["kind"],
                dialect=pair["dialect"],
                sources=fixture["sources"],
                setup_sql=fixture["setup_sql"],
                queries=(pair["a"], pair["b"]),
                columns=pair.get("columns"),
            )
        )
    return pairs


# What a later file says about a case replaces what an earlier one says.
_BY_ID = {
    case.id: case
    for file in ("sl-cases.json", "sl-cases-corrections.json", "sl-cases-paths.json")
    for case in load(file)
}
ALL = list(_BY_ID.values())
ANSWERED = [case for case in ALL if "error" not in case.expect]
REFUSED = [case for case in ALL if "error" in case.expect]


def comparable(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, ordered: bool) -> list[Any]:
    """Rows as sorted (name, value) pairs, so that column order and number types do not matter."""
    order = sorted(range(len(columns)), key=columns.__getitem__)
    compared = [tuple((columns[index], *_value(row[index])) for index in order) for row in rows]
    return compared if ordered else sorted(compared)


def _value(value: Any) -> tuple[str, Any]:
    if value is None:
        return ("null", "")
    if isinstance(value, (bool, int, float, Decimal)):
        return ("number", round(float(value), 9))
    if isinstance(value, datetime):
        is_midnight = (value.hour, value.minute, value.second) == (0, 0, 0)
        return ("text", value.strftime("%Y-%m-%d" if is_midnight else "%Y-%m-%d %H:%M:%S"))
    if isinstance(value, date):
        return ("text", value.isoformat())
    return ("text", str(value))

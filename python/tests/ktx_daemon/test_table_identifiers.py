"""Table identifiers against the shared case data, and the answers that better the old implementation's."""

import json
from pathlib import Path
from typing import Any

import pytest

from ktx_daemon.sql.table_identifiers import parse_identifier

CASES = json.loads((Path(__file__).parents[3] / "fixtures/contract/ident-cases.json").read_text(encoding="utf-8"))[
    "cases"
]


@pytest.mark.parametrize("case", [case for case in CASES if case["class"] == "normal"], ids=lambda case: case["id"])
def test_gives_the_exact_answer_of_the_shared_cases(case: dict[str, Any]) -> None:
    answer: dict[str, Any] = {**parse_identifier(case["sql_table_name"], case["dialect"])}
    expected = dict(case["expect"])
    assert (answer.pop("detail") is None) == (expected.pop("detail") is None)
    assert answer == expected

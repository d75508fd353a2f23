"""The models of the shared cases, for tests that need one but not its rows."""

from __future__ import annotations

from typing import Any

from semantic_layer import run_query
from tests.semantic_layer.cases import ALL

_OF_CASE = {case.id: case.sources for case in ALL}
SHOP = _OF_CASE["sl-s001"]
AIR = _OF_CASE["sl-s066"]
STAFF = _OF_CASE["sl-s070"]
LIBRARY = _OF_CASE["sl-s121"]


def sql(query: dict[str, Any], sources: list[dict[str, Any]] = SHOP, dialect: str = "sqlite") -> str:
    """The SQL of a query."""
    return run_query(sources, {"measures": []} | query, dialect)["sql"]


def labels(query: dict[str, Any], sources: list[dict[str, Any]] = SHOP) -> list[str]:
    """The output names of a query, in order."""
    return [column["name"] for column in run_query(sources, {"measures": []} | query, "sqlite")["plan"]["columns"]]


def changed(name: str, sources: list[dict[str, Any]] = SHOP, **additions: list[Any]) -> list[dict[str, Any]]:
    """The model with more columns, measures, segments or joins in one source."""
    return [
        source | {key: [*source.get(key, []), *more] for key, more in additions.items()}
        if source["name"] == name
        else source
        for source in sources
    ]

"""Names that statements make up: a column, a measure, a source or a role of the same name changes no row."""

from __future__ import annotations

import re
import sqlite3
from typing import Any

import duckdb
import pytest

from semantic_layer import run_query

_QUERIES: dict[str, dict[str, Any]] = {
    "empty groups": {"measures": ["f.m"], "dimensions": ["d.k"]},
    "no keys": {"measures": ["f.m", "f.computed"], "dimensions": ["loose.k"]},
    "two facts": {"measures": ["f.m", "g.m", {"expr": "f.m - g.m", "name": "x"}], "dimensions": ["d.k"]},
    "hidden": {"measures": ["f.m"], "dimensions": ["d.k"], "filters": ["g.m > 1", "f.n > 0"]},
    "both have": {"measures": ["f.m", "g.m"], "dimensions": ["d.k"], "include_empty": False},
    "filled": {"measures": ["f.n"], "dimensions": ["f.at:month", "f.k"], "fill": True},
    "spans": {
        "measures": ["f.window", "f.running", "f.to_date", {"expr": "f.n", "name": "before", "offset": "1 month"}],
        "dimensions": ["f.at:month", "f.k"],
    },
}


def _sources(names: dict[str, str]) -> list[dict[str, Any]]:
    """Two facts of one dimension, with the column k, the measure m and the source d under other names."""
    k, m, d = names.get("k", "k"), names.get("m", "m"), names.get("d", "d")

    def source(name: str, grain: list[str], *joins: dict[str, str], **more: Any) -> dict[str, Any]:
        columns = [{"name": column, "type": "number"} for column in ("id", "d_id", "v", k)]
        columns.append({"name": "at", "type": "time"})
        return {"name": name, "table": f'"{name}"', "grain": grain, "columns": columns, "joins": list(joins), **more}

    to_d = {"to": d, "on": f'd_id = "{d}".id', "relationship": "many_to_one"}
    to_loose = {"to": "loose", "on": "d_id = loose.key", "relationship": "many_to_one"}
    loose = source("loose", ["key"])
    loose["columns"].append({"name": "key", "type": "number", "expr": f'coalesce("{k}", 0)'})
    return [
        source(d, ["id"]),
        loose,
        source("g", ["id"], to_d, measures=[{"name": m, "expr": "count(distinct v)"}]),
        source(
            "f",
            ["id"],
            to_d,
            to_loose,
            measures=[
                {"name": m, "expr": "sum(v)"},
                {"name": "n", "expr": "count(*)"},
                {"name": "computed", "expr": "sum(loose.key)"},
                {"name": "window", "expr": "count(distinct v) + sum(v)", "window": "2 months"},
                {"name": "running", "expr": "count(distinct v)", "type": "cumulative"},
                {"name": "to_date", "expr": "count(distinct v)", "grain_to_date": "year"},
            ],
        ),
    ]


def _rows(dialect: str, names: dict[str, str]) -> dict[str, list[tuple[str, ...]]]:
    """The rows of every query over a database with those names."""
    database: Any = duckdb.connect(":memory:") if dialect == "duckdb" else sqlite3.connect(":memory:")
    sources = _sources(names)
    for source in sources:
        stored = [column for column in source["columns"] if "expr" not in column]
        columns = ", ".join(f'"{column["name"]}" {_KINDS[dialect][column["type"]]}' for column in stored)
        rows = ", ".join(
            f"({number}, {number % 4 or 'NULL'}, {number % 5}, {number % 3 + 7}, '2024-0{number % 7 + 1}-28')"
            for number in range(12)
        )
        database.execute(f"CREATE TABLE {source['table']} ({columns})")
        database.execute(f"INSERT INTO {source['table']} VALUES {rows}")
    found = {}
    for title, query in _QUERIES.items():
        sql = run_query(sources, _renamed(query, names), dialect)["sql"]
        found[title] = [tuple(map(str, row)) for row in database.execute(sql).fetchall()]
    database.close()
    return found


_KINDS = {"duckdb": {"number": "INTEGER", "time": "DATE"}, "sqlite": {"number": "INTEGER", "time": "TEXT"}}


def _renamed(query: Any, names: dict[str, str]) -> Any:
    if isinstance(query, dict):
        return {key: value if key == "name" else _renamed(value, names) for key, value in query.items()}
    if isinstance(query, list):
        return [_renamed(part, names) for part in query]
    if not isinstance(query, str):
        return query
    return re.sub(r"\b([kmd])\b", lambda word: f'"{names.get(word[1], word[1])}"', query)


def _made_up(dialect: str) -> list[str]:
    """Every name in the statements that the model and the queries do not have."""
    found: set[str] = set()
    for query in _QUERIES.values():
        sql = run_query(_sources({}), query, dialect)["sql"]
        found |= {name for pair in re.findall(r"\bAS (\w+)|\b(\w+) AS \(", sql) for name in pair}
    known = {
        "",
        "id",
        "d_id",
        "v",
        "k",
        "at",
        "d",
        "f",
        "g",
        "m",
        "n",
        "x",
        "loose",
        "key",
        "computed",
        "window",
        "running",
    }
    return sorted(
        found
        - known
        - {"to_date", "before", "f_m", "g_m", "at_month", "text", "date", "real"}
        - {name.upper() for name in found}
    )


@pytest.mark.parametrize("dialect", ["sqlite", "duckdb"])
def test_made_up_names_may_be_those_of_the_model(dialect: str) -> None:
    names = _made_up(dialect)
    assert {"is_asked", "result_groups", "last_period", "is_row"} <= set(names)
    usual = _rows(dialect, {})
    for place, name in enumerate(names):
        # Most databases tell no case apart.
        following = [names[(place + step) % len(names)].upper() for step in (1, 2)]
        others = {"k": name, "m": following[0], "d": following[1]}
        assert _rows(dialect, others) == usual, others

"""Queries over the schemas that real projects have, against SQL written by hand: every measure by every dimension."""

from __future__ import annotations

import sqlite3
from functools import cache
from typing import Any

import pytest

from semantic_layer import SemanticLayerError, run_query
from tests.semantic_layer import real_schemas
from tests.semantic_layer.cases import comparable
from tests.semantic_layer.real_schemas import FACTS, PAIRS, Fact


@cache
def _database(schema: str) -> sqlite3.Connection:
    return real_schemas.database(schema)


@cache
def _sources(schema: str) -> list[dict[str, Any]]:
    return real_schemas.sources(schema)


def _compare(schema: str, query: dict[str, Any], sql: str) -> None:
    compiled = run_query(_sources(schema), query, "sqlite")["sql"]
    found = _database(schema).execute(compiled).fetchall()
    expected = _database(schema).execute(sql).fetchall()
    names = [str(number) for number in range(len(expected[0]) if expected else 0)]
    assert comparable(names, found, ordered=False) == comparable(names, expected, ordered=False), f"{compiled}\n{sql}"


@pytest.mark.parametrize("include_empty", [True, False])
@pytest.mark.parametrize(("fact", "dimension"), [(fact, place) for fact in FACTS for place in fact.places])
def test_all_measures_by_a_dimension(fact: Fact, dimension: str, include_empty: bool) -> None:
    place, measures = fact.places[dimension], list(fact.measures)
    query = {"measures": measures, "dimensions": [dimension], "include_empty": include_empty}
    sql = f"WITH f AS ({real_schemas.groups(fact, measures, dimension, [], inner=not include_empty)}) SELECT * FROM f"
    if include_empty and place.alone:
        nothing = ", ".join(real_schemas.zero(measure) for measure in measures)
        taken = f"SELECT {place.key} FROM {fact.rows} WHERE {place.key} IS NOT NULL"
        sql = (
            f"WITH f AS ({real_schemas.groups(fact, measures, dimension, [], inner=False)}), "
            f"e (d, k) AS ({place.alone}) SELECT * FROM f UNION ALL "
            f"SELECT DISTINCT d, {nothing} FROM e WHERE k NOT IN ({taken}) AND NOT EXISTS "
            "(SELECT 1 FROM f WHERE f.d IS e.d)"
        )
    _compare(fact.schema, query, sql)


@pytest.mark.parametrize(
    ("fact", "text", "dimension"),
    [(fact, text, place) for fact in FACTS for text in fact.filters for place in [*fact.places, None]],
)
def test_filters(fact: Fact, text: str, dimension: str | None) -> None:
    measures = list(fact.measures)
    query: dict[str, Any] = {"measures": measures, "filters": [text], "include_empty": False}
    query["dimensions"] = [dimension] if dimension else []
    _compare(fact.schema, query, real_schemas.groups(fact, measures, dimension, [text], inner=True))
    if text.startswith((measures[0].rpartition(".")[0], "rental.")):
        # A filter on the fact's own rows leaves no empty groups.
        kept = real_schemas.groups(fact, measures, dimension, [text], inner=False)
        _compare(fact.schema, query | {"include_empty": True}, kept)


@pytest.mark.parametrize(
    ("first", "second", "dimension"),
    [(a, b, place) for a, b in PAIRS for place in a.places if place in b.places and b.places[place].alone],
)
def test_two_facts_by_a_shared_dimension(first: Fact, second: Fact, dimension: str) -> None:
    """What both have, what either has, and the rows of the dimension's table that neither has."""
    own, other = list(first.measures), list(second.measures)
    left = real_schemas.groups(first, own, dimension, [], inner=False)
    right = real_schemas.groups(second, other, dimension, [], inner=False)
    values = [f"iif(f.found, f.m{n}, {real_schemas.zero(m)})" for n, m in enumerate(own)]
    values += [f"iif(g.found, g.m{n}, {real_schemas.zero(m)})" for n, m in enumerate(other)]
    place = first.places[dimension]
    sql = (
        f"WITH f AS (SELECT *, 1 AS found FROM ({left})), g AS (SELECT *, 1 AS found FROM ({right})), "
        f"e (d, k) AS ({place.alone}), n AS (SELECT d FROM f UNION SELECT d FROM g UNION SELECT d FROM e "
        f"WHERE k NOT IN (SELECT {place.key} FROM {first.rows} WHERE {place.key} IS NOT NULL) "
        f"AND k NOT IN (SELECT {second.places[dimension].key} FROM {second.rows} "
        f"WHERE {second.places[dimension].key} IS NOT NULL)) "
        f"SELECT n.d, {', '.join(values)} FROM n LEFT JOIN f ON f.d IS n.d LEFT JOIN g ON g.d IS n.d"
    )
    _compare(first.schema, {"measures": [*own, *other], "dimensions": [dimension]}, sql)


@pytest.mark.parametrize(
    ("schema", "dimensions", "paths"),
    [
        ("rental", ["store.name"], "`inventory.store`, `customer.store`"),
    ],
)
def test_what_is_ambiguous_is_refused_with_the_paths(schema: str, dimensions: list[str], paths: str) -> None:
    with pytest.raises(SemanticLayerError) as refused:
        run_query(_sources(schema), {"measures": ["rental.rentals"], "dimensions": dimensions}, "sqlite")
    assert paths in str(refused.value)


def test_longer_paths_are_pointed_out() -> None:
    (warning,) = run_query(
        _sources("rental"), {"measures": ["rental.rentals"], "dimensions": ["address.district"]}, "sqlite"
    )["warnings"]
    assert warning["code"] == "longer-path"
    assert "by `customer.address`, not by" in warning["message"]
    assert "`inventory.store.address`" in warning["message"]
    assert "`customer.store.address.district`" in warning["hint"]


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: next(iter(fact.measures)))
def test_totals(fact: Fact) -> None:
    _compare(
        fact.schema,
        {"measures": list(fact.measures)},
        real_schemas.groups(fact, list(fact.measures), None, [], inner=False),
    )


def test_there_are_forty_queries_for_each_schema() -> None:
    for schema in ("rental", "trading", "music"):
        facts = [fact for fact in FACTS if fact.schema == schema]
        by_dimension = sum(2 * len(fact.places) for fact in facts)
        filtered = sum(len(fact.filters) * (len(fact.places) + 1) for fact in facts)
        assert by_dimension + filtered >= 40

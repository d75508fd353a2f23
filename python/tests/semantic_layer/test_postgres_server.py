"""The server that other tests rely on is real, and what only it can show: types that SQLite does not have."""

from typing import Any

import psycopg
import pytest

from semantic_layer import run_query


def test_the_server_answers_as_a_superuser(postgres_server: str) -> None:
    with psycopg.connect(postgres_server) as connection:
        assert connection.execute("SELECT current_setting('is_superuser')").fetchone() == ("on",)


_VALUES = {
    "text[]": ["NULL", "'{}'", "'{NULL}'", "'{a,b}'"],
    "jsonb": ["NULL", "'null'", "'{}'", """'{"a": null}'""", "'[1]'"],
    "boolean": ["NULL", "true", "false"],
    "uuid": ["NULL", "'00000000-0000-0000-0000-000000000001'"],
    "double precision": ["NULL", "'NaN'", "0", "1.5"],
}


@pytest.mark.parametrize("kind", _VALUES)
def test_facts_by_values_of_any_type_meet_where_the_database_groups_them(kind: str, postgres_server: str) -> None:
    """Each value occurs once in one fact and twice in the other, and the last of them in one alone."""
    with psycopg.connect(postgres_server) as connection:
        for table in ("f", "g"):
            connection.execute(f"CREATE TEMP TABLE {table} (id int, d_id int)")  # type: ignore[arg-type]
        connection.execute(f"CREATE TEMP TABLE d (id int, v {kind}, w {kind})")  # type: ignore[arg-type]
        for number, value in enumerate(_VALUES[kind]):
            connection.execute(f"INSERT INTO d VALUES ({number}, {value}, {value})")  # type: ignore[arg-type]
            connection.execute("INSERT INTO f VALUES (1, %s)", [number])
            connection.execute("INSERT INTO g SELECT 1, %s FROM generate_series(1, 2)", [number])
        connection.execute("DELETE FROM g WHERE d_id = %s", [len(_VALUES[kind]) - 1])
        query = {"measures": ["f.n", "g.n", "f.some"], "dimensions": ["d.v", "d.id"]}
        rows = connection.execute(run_query(_facts(is_scalar=kind != "text[]"), query, "postgres")["sql"]).fetchall()  # type: ignore[arg-type]
        plain = connection.execute("SELECT v, id FROM d").fetchall()
        assert len(rows) == len(plain)
        for value, number, in_f, in_g, some in rows:
            assert (in_f, in_g) == (1, 0 if number == len(_VALUES[kind]) - 1 else 2)
            assert kind == "text[]" or repr(some) == repr(value)
        by_value = run_query(_facts(is_scalar=kind != "text[]"), query | {"dimensions": ["d.v"]}, "postgres")["sql"]
        assert len(connection.execute(by_value).fetchall()) == len(plain)  # type: ignore[arg-type]


def _facts(*, is_scalar: bool) -> list[dict[str, Any]]:
    join = {"to": "d", "on": "d_id = d.id", "relationship": "many_to_one"}
    keys = [{"name": "id", "type": "number"}, {"name": "d_id", "type": "number"}]
    return [
        {
            "name": name,
            "table": name,
            "grain": ["id"],
            "columns": keys,
            "joins": [join],
            "measures": [
                {"name": "n", "expr": "count(*)"},
                {"name": "some", "expr": "(array_agg(d.w))[1]" if is_scalar else "max(cast(d.w as text))"},
            ],
        }
        for name in "fg"
    ] + [
        {
            "name": "d",
            "table": "d",
            "grain": ["id"],
            "columns": [{"name": name, "type": "string"} for name in ("id", "v", "w")],
        }
    ]


def test_arrays_of_a_fact_stay_arrays_beside_another(postgres_server: str) -> None:
    facts = _facts(is_scalar=True)
    facts[0]["measures"].append({"name": "all", "expr": "array_agg(f.id)"})
    with psycopg.connect(postgres_server) as connection:
        connection.execute("CREATE TEMP TABLE f (id int, d_id int); CREATE TEMP TABLE g (id int, d_id int)")
        connection.execute("CREATE TEMP TABLE d (id int, v int, w int); INSERT INTO d VALUES (1, 5, 6)")
        connection.execute("INSERT INTO f VALUES (1, 1), (2, 1); INSERT INTO g VALUES (1, 1)")
        query = {"measures": ["f.all", "g.n"], "dimensions": ["d.v"]}
        rows = connection.execute(run_query(facts, query, "postgres")["sql"]).fetchall()  # type: ignore[arg-type]
        assert rows == [(5, [1, 2], 1)]

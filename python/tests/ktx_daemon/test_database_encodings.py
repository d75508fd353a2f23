"""Databases that hold LATIN1 or undeclared bytes, on a real server."""

from collections.abc import Iterator

import psycopg
import pytest

from ktx_daemon.errors import RequestRejected
from tests.ktx_daemon.test_database_query import ask
from tests.ktx_daemon.test_introspection import introspect

ENCODINGS = ["LATIN1", "SQL_ASCII", "EUC_JP"]


@pytest.fixture(scope="module")
def server(postgres_server: str) -> Iterator[str]:
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        for encoding in ENCODINGS:
            connection.execute(f"CREATE DATABASE {encoding} TEMPLATE template0 ENCODING '{encoding}'".encode())
    yield postgres_server.removesuffix("/postgres")
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        for encoding in ENCODINGS:
            connection.execute(f"DROP DATABASE {encoding} WITH (FORCE)".encode())


def fill(url: str, encoding: str, *statements: str) -> str:
    """Write with the client encoding that the database has itself."""
    with psycopg.connect(url, autocommit=True, client_encoding="SQL_ASCII") as connection:
        connection.execute("DROP TABLE IF EXISTS people")
        for statement in statements:
            connection.execute(statement.encode(encoding))
    return url


@pytest.mark.parametrize(
    ("database", "encoding", "name"),
    [("latin1", "latin-1", "Müller"), ("euc_jp", "euc_jp", "日本"), ("sql_ascii", "utf-8", "Müller 日本")],
)
def test_reads_and_filters_what_is_not_ascii(server: str, database: str, encoding: str, name: str) -> None:
    insert = f"INSERT INTO people VALUES ('{name}'), ('plain')"
    url = fill(f"{server}/{database}", encoding, "CREATE TABLE people (name text)", insert)
    assert ask(url, "SELECT name FROM people")["rows"] == [[name], ["plain"]]
    assert ask(url, f"SELECT count(*) FROM people WHERE name = '{name}'")["rows"] == [[1]]
    assert ask(url, f'SELECT name AS "{name}" FROM people LIMIT 1')["headers"] == [name]


def test_the_url_does_not_choose_the_encoding(server: str) -> None:
    url = fill(f"{server}/latin1", "latin-1", "CREATE TABLE people (name text)", "INSERT INTO people VALUES ('Müller')")
    assert ask(f"{url}?client_encoding=LATIN1", "SELECT name FROM people WHERE name = 'Müller'")["rows"] == [["Müller"]]


def test_says_that_a_literal_does_not_exist_in_the_encoding(server: str) -> None:
    url = fill(f"{server}/latin1", "latin-1", "CREATE TABLE people (name text)")
    with pytest.raises(RequestRejected, match='has no equivalent in encoding "LATIN1"'):
        ask(url, "SELECT * FROM people WHERE name = '日本'")


def test_names_the_column_whose_text_cannot_be_decoded(server: str) -> None:
    url = fill(
        f"{server}/sql_ascii",
        "latin-1",
        "CREATE TABLE people (id int, name text)",
        "INSERT INTO people VALUES (1, 'plain'), (2, 'Müller')",
    )
    with pytest.raises(RequestRejected) as failure:
        ask(url, "SELECT id, name FROM people")
    assert str(failure.value).startswith(
        r"column name has text that is not UTF-8: `M\xfcller`, and a database in SQL_ASCII"
    )
    advice = str(failure.value).partition("select ")[2]
    assert ask(url, f"SELECT {advice} FROM people ORDER BY id")["rows"] == [["plain"], ["Müller"]]
    assert ask(url, "SELECT id FROM people")["row_count"] == 2
    with pytest.raises(RequestRejected, match=r"column 2 has text that is not UTF-8: `na\\xefve`"):
        ask(fill(url, "latin-1", 'CREATE TABLE people (id int, "naïve" int)'), "SELECT * FROM people")
    with pytest.raises(RequestRejected, match=r"column name has text that is not UTF-8: `na\\xefve`"):
        introspect(url)


def test_introspects_names_that_are_not_ascii(server: str) -> None:
    url = fill(f"{server}/latin1", "latin-1", 'CREATE TABLE people ("naïve" int)', "COMMENT ON TABLE people IS 'für'")
    (table,) = introspect(url)["tables"]
    assert (table["comment"], table["columns"][0]["name"]) == ("für", "naïve")

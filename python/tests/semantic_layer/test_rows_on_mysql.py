"""The shared cases on MariaDB, through the daemon's own driver with its guard and its session."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pymysql
import pytest
import sqlglot
from sqlglot import exp

from ktx_daemon.cancellation import Cancellation
from ktx_daemon.database import query
from semantic_layer import run_query
from tests.semantic_layer.cases import ANSWERED, Case, comparable

# The author's SQL: here `/` divides integers exactly, and double quotes hold text.
_MEAN_SOMETHING_ELSE = {"sl-p117", "sl-p118", "sl-p179"}


@pytest.fixture(scope="module")
def database_of(mariadb_server: str) -> Iterator[Callable[[Case], str]]:
    """The URL of a database with the tables of a case; cases with the same tables share one."""
    made: dict[tuple[str, ...], str] = {}
    with (
        pymysql.connect(unix_socket=mariadb_server, user="root", autocommit=True, sql_mode="") as connection,
        connection.cursor() as cursor,
    ):

        def database(case: Case) -> str:
            statements = tuple(_translated(case))
            if statements not in made:
                made[statements] = f"case_{len(made)}"
                cursor.execute(f"CREATE DATABASE {made[statements]} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
                cursor.execute(f"USE {made[statements]}")
                for statement in statements:
                    cursor.execute(statement)
            return f"mysql://root@localhost/{made[statements]}?unix_socket={mariadb_server}"

        yield database
        for name in made.values():
            cursor.execute(f"DROP DATABASE {name}")


@pytest.mark.parametrize("case", [case for case in ANSWERED if case.id not in _MEAN_SOMETHING_ELSE], ids=str)
def test_rows_on_mysql(case: Case, database_of: Callable[[Case], str]) -> None:
    sql = run_query(case.sources, case.query, "mysql")["sql"]
    request = query.Request(connection_id="c", driver="mysql", url=database_of(case), sql=sql)
    answer = query.respond(request, Cancellation())
    rows = [[_number(value, kind) for value, kind in zip(row, answer["types"], strict=True)] for row in answer["rows"]]
    ordered = case.expect["ordered"]
    expected = comparable(case.expect["columns"], case.expect["rows"], ordered=ordered)
    assert comparable(answer["headers"], rows, ordered=ordered) == expected, sql


def _number(value: Any, kind: str) -> Any:
    """Read a decimal that is text because a double would change it; times are compared as cases write them."""
    if isinstance(value, str) and kind.startswith("decimal"):
        return Decimal(value)
    return value.removesuffix("T00:00:00").replace("T", " ") if kind == "datetime" and value else value


def _translated(case: Case) -> Iterator[str]:
    """The fixture's statements: texts that can be keys, and real timestamps where a query truncates them."""
    truncates = any(isinstance(dimension, dict) for dimension in case.query.get("dimensions", ()))
    times = {column["name"] for source in case.sources for column in source["columns"] if column["type"] == "time"}
    for text in case.setup_sql:
        statement = sqlglot.parse_one(text, dialect="sqlite")
        for column in statement.find_all(exp.ColumnDef):
            kind = column.kind
            if truncates and column.name in times:
                column.set("kind", exp.DataType.build("datetime", dialect="mysql"))
            elif kind is not None and kind.is_type("text"):
                column.set("kind", exp.DataType.build("varchar(200)"))
            elif kind is not None and kind.is_type("decimal"):
                column.set("kind", exp.DataType.build("decimal(30, 10)"))
        yield statement.sql(dialect="mysql")

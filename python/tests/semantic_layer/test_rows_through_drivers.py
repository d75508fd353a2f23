"""The shared cases on engines behind drivers of the daemon, with the guard and the session of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import Any

import clickhouse_connect
import pymysql
import pytest
import sqlglot
from sqlglot import exp

from ktx_daemon.cancellation import Cancellation
from ktx_daemon.database import query
from semantic_layer import run_query
from tests.semantic_layer.cases import ANSWERED, Case, comparable


@dataclass
class Engine:
    """One driver, and the databases that are made through it: one for all cases with the same tables."""

    driver: str
    execute: Callable[[str], Any]
    create: str
    """Creates the database `{name}`."""

    url: str
    """Of the database `{name}`."""

    types: dict[str, str]
    """What the columns of the cases are here."""

    suffix: str = ""
    """What follows the columns of a table."""

    made: dict[tuple[str, ...], str] = field(default_factory=dict)

    def url_for(self, case: Case) -> str:
        """The URL of a database with the tables of a case."""
        statements = tuple(self._translated(case))
        if statements not in self.made:
            name = self.made[statements] = f"case_{len(self.made)}"
            self.execute(self.create.format(name=name))
            for statement in statements:
                self.execute(statement.replace(_DATABASE, name))
        return self.url.format(name=self.made[statements])

    def _translated(self, case: Case) -> Iterator[str]:
        """The fixture's statements, with real timestamps where a query truncates them."""
        truncates = any(isinstance(dimension, dict) for dimension in case.query.get("dimensions", ()))
        times = {column["name"] for source in case.sources for column in source["columns"] if column["type"] == "time"}
        for text in case.setup_sql:
            statement = sqlglot.parse_one(text, dialect="sqlite")
            for column in statement.find_all(exp.ColumnDef):
                assert column.kind is not None
                kind = "timestamp" if truncates and column.name in times else column.kind.sql("sqlite").lower()
                column.set("kind", exp.DataType.build(self.types.get(kind.split("(")[0], kind), dialect=self.driver))
                column.set("constraints", [])
            for schema in statement.find_all(exp.Schema) if isinstance(statement, exp.Create) else ():
                schema.set("expressions", [part for part in schema.expressions if isinstance(part, exp.ColumnDef)])
            table = statement.find(exp.Table)
            assert table is not None
            table.set("db", exp.to_identifier(_DATABASE))
            yield statement.sql(dialect=self.driver) + (self.suffix if isinstance(statement, exp.Create) else "")


_DATABASE = "ktx_database_of_the_case"


def _mysql(request: pytest.FixtureRequest) -> Iterator[Engine]:
    socket: str = request.getfixturevalue("mariadb_server")
    with (
        pymysql.connect(unix_socket=socket, user="root", autocommit=True, sql_mode="") as connection,
        connection.cursor() as cursor,
    ):
        engine = Engine(
            driver="mysql",
            execute=cursor.execute,
            create="CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
            url=f"mysql://root@localhost/{{name}}?unix_socket={socket}",
            types={"timestamp": "datetime", "text": "varchar(200)", "decimal": "decimal(30, 10)"},
        )
        yield engine
        for name in engine.made.values():
            cursor.execute(f"DROP DATABASE {name}")


def _clickhouse(request: pytest.FixtureRequest) -> Iterator[Engine]:
    address: str = request.getfixturevalue("clickhouse_server")
    host, port = address.split(":")
    client = clickhouse_connect.get_client(
        host=host, port=int(port), username="default", autogenerate_session_id=False, dedicated_pool=True
    )
    yield Engine(
        driver="clickhouse",
        execute=client.command,
        create="CREATE DATABASE {name}",
        url=f"clickhouse://{address}/{{name}}",
        types={
            "timestamp": "Nullable(DateTime64(6))", "text": "Nullable(String)", "integer": "Nullable(Int64)",
            "decimal": "Nullable(Decimal(30, 10))", "real": "Nullable(Float64)", "boolean": "Nullable(Bool)",
        },
        suffix=" ENGINE = Memory",
    )  # fmt: skip
    client.close()


_MAKERS: dict[str, Callable[[pytest.FixtureRequest], Iterator[Engine]]] = {
    "mysql": _mysql,
    "clickhouse": _clickhouse,
}

_MEAN_SOMETHING_ELSE = {
    # The author's SQL: here `/` divides integers exactly, and double quotes hold text.
    "mysql": {"sl-p117", "sl-p118", "sl-p179"},
    "clickhouse": {"sl-p117", "sl-p118"},
}


@pytest.fixture(scope="module")
def engine_of(request: pytest.FixtureRequest) -> Iterator[Callable[[str], Engine]]:
    """Each engine, once."""
    with ExitStack() as ending:

        @cache
        def engine(name: str) -> Engine:
            return ending.enter_context(contextmanager(_MAKERS[name])(request))

        yield engine


_ROWS = [(name, case) for name in _MAKERS for case in ANSWERED if case.id not in _MEAN_SOMETHING_ELSE[name]]


@pytest.mark.parametrize(("name", "case"), _ROWS, ids=str)
def test_rows_through_drivers(name: str, case: Case, engine_of: Callable[[str], Engine]) -> None:
    engine = engine_of(name)
    sql = run_query(case.sources, case.query, engine.driver)["sql"]
    request = query.Request(connection_id="c", driver=engine.driver, url=engine.url_for(case), sql=sql)
    answer = query.respond(request, Cancellation())
    rows = [[_plain(value, kind) for value, kind in zip(row, answer["types"], strict=True)] for row in answer["rows"]]
    ordered = case.expect["ordered"]
    expected = comparable(case.expect["columns"], case.expect["rows"], ordered=ordered)
    assert comparable(answer["headers"], rows, ordered=ordered) == expected, sql


def _plain(value: Any, kind: str) -> Any:
    """Read a decimal that is text because a double would change it; times are compared as cases write them."""
    if isinstance(value, str) and "decimal" in kind.lower():
        return Decimal(value)
    return value.removesuffix("T00:00:00").replace("T", " ") if "datetime" in kind.lower() and value else value

"""The same small shop in every database that a driver reads, on the real engine."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import clickhouse_connect
import duckdb
import psycopg
import pymysql
import pytest
from pymysql.constants import CLIENT

from ktx_daemon.cancellation import Cancellation
from ktx_daemon.database import access, export, introspection, query

SHOP = """
CREATE TABLE owners (id int PRIMARY KEY, name varchar(40) NOT NULL);
CREATE TABLE pets (
    id bigint PRIMARY KEY,
    name varchar(40) NOT NULL,
    weight numeric(6, 2),
    born date,
    owner_id int REFERENCES owners (id)
);
CREATE TABLE numbers (n int);
CREATE VIEW named AS SELECT name FROM pets;
INSERT INTO owners VALUES (1, 'Zoë'), (2, '李');
INSERT INTO pets VALUES (1, 'Rex', 12.50, '2020-02-29', 1), (2, 'O''Neil 🐈', NULL, NULL, 2);
"""

COMMENTS = """
COMMENT ON TABLE pets IS 'those at home';
COMMENT ON COLUMN pets.name IS 'as called';
"""

NUMBERS = "INSERT INTO numbers SELECT g FROM generate_series(1, 5000) AS s(g);"


@dataclass(frozen=True)
class World:
    """One driver, where its shop is, and how its SQL says what the suite needs."""

    driver: str
    place: dict[str, str]
    schema: str
    endless: str
    """A query that runs for minutes and that the guard lets pass."""

    writes: tuple[str, ...]
    """Statements that the engine itself must refuse, beyond those of the suite."""

    has_keys: bool = True
    """Whether the engine keeps primary and foreign keys."""

    has_binary: bool = True
    """Whether the engine has a type for bytes, apart from that for text."""

    def ask(self, sql: str, cancellation: Cancellation | None = None, **options: Any) -> dict[str, Any]:
        request = query.Request(connection_id="wh", driver=self.driver, sql=sql, **(self._whole | options))
        return query.respond(request, cancellation or Cancellation())

    def export(
        self, sql: str, file: Path, form: str, cancellation: Cancellation | None = None, **options: Any
    ) -> dict[str, Any]:
        request = export.Request(
            connection_id="wh",
            driver=self.driver,
            sql=sql,
            file=str(file),
            **(self._whole | {"format": form} | options),
        )
        return export.respond(request, cancellation or Cancellation())

    def introspect(self, **options: Any) -> dict[str, Any]:
        request = introspection.Request(connection_id="wh", driver=self.driver, **(self._whole | options))
        return introspection.respond(request, Cancellation())

    def access(self) -> dict[str, Any]:
        return access.respond(access.Request(connection_id="wh", driver=self.driver, **self._whole), Cancellation())

    @property
    def _whole(self) -> dict[str, Any]:
        return {"url": "", **self.place}


def _postgres(request: pytest.FixtureRequest, folder: Path) -> World:
    server: str = request.getfixturevalue("postgres_server")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("CREATE DATABASE shop")
    url = server.rsplit("/", 1)[0] + "/shop"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute((SHOP + COMMENTS + NUMBERS).encode())
    return World(
        driver="postgres",
        place={"url": url},
        schema="public",
        endless="SELECT count(*) FROM numbers a, numbers b, numbers c, numbers d",
        writes=("CREATE TABLE t (a int)",),
    )


def _duckdb(request: pytest.FixtureRequest, folder: Path) -> World:
    path = folder / "shop.duckdb"
    with duckdb.connect(path) as connection:
        connection.execute(SHOP + COMMENTS + NUMBERS)
    return World(
        driver="duckdb",
        place={"path": str(path)},
        schema="main",
        endless="SELECT count(*) FROM numbers a, numbers b, numbers c, numbers d WHERE a.n + b.n + c.n > d.n",
        writes=(
            f"COPY pets TO '{folder}/copy.csv'",
            f"ATTACH '{folder}/other.duckdb' AS other",
            "INSTALL httpfs",
            "SET threads = 1",
        ),
    )


def _mysql(request: pytest.FixtureRequest, folder: Path) -> World:
    socket: str = request.getfixturevalue("mariadb_server")
    shop = SHOP.replace("REFERENCES owners (id)", "").replace(
        "owner_id int \n);", "owner_id int,\n    FOREIGN KEY (owner_id) REFERENCES owners (id)\n);"
    )
    comments = """
ALTER TABLE pets COMMENT 'those at home', MODIFY name varchar(40) NOT NULL COMMENT 'as called';
INSERT INTO numbers SELECT seq FROM seq_1_to_5000;
"""
    with pymysql.connect(unix_socket=socket, user="root", client_flag=CLIENT.MULTI_STATEMENTS) as connection:
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE shop CHARACTER SET utf8mb4; USE shop; {shop} {comments}")
            while cursor.nextset():
                pass
        connection.commit()
    return World(
        driver="mysql",
        place={"url": f"mysql://root@localhost/shop?unix_socket={socket}"},
        schema="shop",
        endless="SELECT count(*) FROM numbers a, numbers b, numbers c, numbers d WHERE a.n + b.n + c.n > d.n",
        writes=("CREATE TABLE t (a int)", f"SELECT * FROM pets INTO OUTFILE '{folder}/copy.csv'"),
    )


def _clickhouse(request: pytest.FixtureRequest, folder: Path) -> World:
    address: str = request.getfixturevalue("clickhouse_server")
    host, port = address.split(":")
    client = clickhouse_connect.get_client(host=host, port=int(port), username="default", autogenerate_session_id=False)
    for statement in (
        "CREATE DATABASE shop",
        "CREATE TABLE shop.owners (id Int32, name String) ORDER BY id",
        """CREATE TABLE shop.pets (id Int64, name String COMMENT 'as called', weight Nullable(Decimal(6, 2)),
           born Nullable(Date), owner_id Nullable(Int32)) ORDER BY id COMMENT 'those at home'""",
        "CREATE TABLE shop.numbers (n Nullable(Int32)) ORDER BY tuple()",
        "CREATE VIEW shop.named AS SELECT name FROM shop.pets",
        "INSERT INTO shop.owners VALUES (1, 'Zoë'), (2, '李')",
        "INSERT INTO shop.pets VALUES (1, 'Rex', 12.50, '2020-02-29', 1), (2, 'O''Neil 🐈', NULL, NULL, 2)",
        "INSERT INTO shop.numbers SELECT number + 1 FROM numbers(5000)",
    ):
        client.command(statement)
    return World(
        driver="clickhouse",
        place={"url": f"clickhouse://default@{address}/shop"},
        schema="shop",
        endless="SELECT count(*) FROM numbers a, numbers b, numbers c, numbers d WHERE a.n + b.n + c.n > d.n",
        writes=(
            "CREATE TABLE t (a Int32) ORDER BY a",
            f"SELECT * FROM file('{folder}/copy.csv', 'CSV', 'a Int32')",
            "SELECT 1 SETTINGS max_execution_time = 0",
        ),
        has_keys=False,
        has_binary=False,
    )


_MAKERS: dict[str, Callable[[pytest.FixtureRequest, Path], World]] = {
    "postgres": _postgres,
    "duckdb": _duckdb,
    "mysql": _mysql,
    "clickhouse": _clickhouse,
}

DRIVERS = tuple(_MAKERS)


@pytest.fixture(scope="session", params=DRIVERS)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The shop in each database, once for the session."""
    driver: str = request.param
    return _MAKERS[driver](request, tmp_path_factory.mktemp(driver))

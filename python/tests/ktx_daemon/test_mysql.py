"""What is MySQL's own, on a real MariaDB: its types, URLs, users, and servers that refuse or go away."""

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pymysql
import pytest

from ktx_daemon.database.mysql import session
from ktx_daemon.database.mysql.access import READER
from ktx_daemon.errors import RequestRejected
from tests.ktx_daemon.driver_worlds import World

ZOO = """
CREATE DATABASE zoo CHARACTER SET utf8mb4
CREATE TABLE zoo.things (
  u bigint unsigned, m mediumint, y year, b bit(12), f float, e enum('sad', 'glad'), s set('a', 'b'), j json,
  t mediumtext, bl blob, vb varbinary(4), ts timestamp NULL, zero datetime, tt time(3), bo boolean, c char(3)
)
SET SESSION sql_mode = ''
INSERT INTO zoo.things VALUES (18446744073709551615, -8388608, 2024, b'100000000001', 0.1, 'glad', 'a,b',
  '{"a": 1.10}', 'text', x'00ff', x'beef', '2024-01-31 10:20:30', '0000-00-00 00:00:00', '-838:59:59.500', true, 'abc')
CREATE TABLE zoo.`odd ``name``.x` (`a b` int, `select` int COMMENT 'reserved', PRIMARY KEY (`a b`, `select`))
CREATE TABLE zoo.`keys` (x int, y int, CONSTRAINT both_of_them FOREIGN KEY (y, x) REFERENCES zoo.`odd ``name``.x`
  (`a b`, `select`))
CREATE USER reader IDENTIFIED BY 'se/cr@t'
GRANT SELECT ON zoo.* TO reader
CREATE USER half IDENTIFIED BY 'hunter22'
GRANT SELECT ON zoo.`keys` TO half
GRANT INSERT ON zoo.things TO half
"""


@pytest.fixture(scope="module")
def server(mariadb_server: str) -> Iterator[str]:
    """The socket of a server with a small zoo."""
    statements: list[str] = []
    for line in ZOO.strip().splitlines():
        if line.startswith((" ", ")")):
            statements[-1] += line
        else:
            statements.append(line)
    with pymysql.connect(unix_socket=mariadb_server, user="root") as connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        connection.commit()
        yield mariadb_server
        cursor.execute("DROP DATABASE zoo")
        cursor.execute("DROP USER reader, half")


def world(server: str, user: str = "root", database: str = "zoo") -> World:
    url = f"mysql://{user}@localhost/{database}?unix_socket={server}"
    return World(driver="mysql", place={"url": url}, schema=database, endless="", writes=())


@pytest.mark.parametrize(
    ("sql", "value", "kind"),
    [
        ("u", "18446744073709551615", "bigint unsigned"),
        ("m", -8388608, "mediumint"),
        ("y", 2024, "year"),
        ("b", 2049, "bit"),
        ("f", 0.1, "float"),
        ("e", "glad", "char"),
        ("s", "a,b", "char"),
        ("j", '{"a": 1.10}', None),
        ("t", "text", "text"),
        ("bl", "AP8=", "blob"),
        ("vb", "vu8=", "varbinary"),
        ("ts", "2024-01-31T10:20:30", "timestamp"),
        ("zero", "0000-00-00T00:00:00", "datetime"),
        ("tt", "-838:59:59.500", "time"),
        ("bo", 1, "tinyint"),
        ("c", "abc", "char"),
        ("NULL", None, "null"),
        ("u - 1 > 0", 1, "int"),
        ("st_geomfromtext('POINT(1 2)')", "AAAAAAEBAAAAAAAAAAAA8D8AAAAAAAAAQA==", "geometry"),
    ],
)
def test_gives_its_own_types_without_loss(server: str, sql: str, value: Any, kind: str | None) -> None:
    answer = world(server).ask(f"SELECT {sql} AS v FROM things", allowed_functions=["st_geomfromtext"])
    assert answer["rows"] == [[value]]
    assert kind in (None, answer["types"][0])


def test_reads_sql_as_the_guard_does(server: str) -> None:
    """Whatever modes the server has: double quotes and backslashes mean what sqlglot takes them for."""
    with pymysql.connect(unix_socket=server, user="root") as connection, connection.cursor() as cursor:
        cursor.execute("SELECT @@GLOBAL.sql_mode")
        [mode] = cursor.fetchone() or [""]
        cursor.execute("SET GLOBAL sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT'")
        try:
            assert world(server).ask("""SELECT "a" AS x, 'it\\'s' AS y""")["rows"] == [["a", "it's"]]
        finally:
            cursor.execute("SET GLOBAL sql_mode = %s", (mode,))


def test_describes_odd_names_and_composite_keys(server: str) -> None:
    tables = {table["name"]: table for table in world(server).introspect()["tables"]}
    odd = tables["odd `name`.x"]
    assert [(c["name"], c["primary_key"], c["comment"]) for c in odd["columns"]] == [
        ("a b", True, None),
        ("select", True, "reserved"),
    ]
    keys = [
        (k["from_column"], k["to_table"], k["to_column"], k["constraint_name"]) for k in tables["keys"]["foreign_keys"]
    ]
    assert keys == [
        ("y", "odd `name`.x", "a b", "both_of_them"),
        ("x", "odd `name`.x", "select", "both_of_them"),
    ]
    assert tables["things"]["columns"][0]["type"].startswith("bigint(20) unsigned")


def test_shows_what_the_user_may_read(server: str) -> None:
    assert {table["name"] for table in world(server, "half:hunter22").introspect()["tables"]} == {"keys", "things"}
    with pytest.raises(RequestRejected, match=r"SELECT command denied .* \(MySQL error 1142\)"):
        world(server, "half:hunter22").ask("SELECT * FROM things")


def test_says_whether_the_user_could_write(server: str) -> None:
    assert world(server, "reader:se%2Fcr%40t").access()["warning"] is None
    half = world(server, "half:hunter22").access()
    assert half["warning"] == (
        "user half@% has INSERT on table zoo.things; ktx only reads, so give it a user that cannot write"
    )
    assert half["grants"] == [
        f"CREATE USER '{READER}'@'%' IDENTIFIED BY 'choose a password';",
        f"GRANT SELECT, SHOW VIEW ON `zoo`.* TO '{READER}'@'%';",
    ]
    with pymysql.connect(unix_socket=server, user="root") as connection, connection.cursor() as cursor:
        for statement in half["grants"]:
            cursor.execute(statement)
        try:
            made = world(server, f"{READER}:choose%20a%20password")
            assert made.access()["warning"] is None
            assert made.ask("SELECT count(*) AS n FROM things")["rows"] == [[1]]
        finally:
            cursor.execute(f"DROP USER {READER}")


@pytest.mark.parametrize(
    ("user", "database", "said"),
    [
        ("half:wrong", "zoo", "Access denied for user 'half'@'localhost' (using password: YES) (MySQL error 1045)"),
        ("root", "nothing", "Unknown database 'nothing' (MySQL error 1049)"),
        ("reader:se%2Fcr%40t", "mysql", "Access denied for user 'reader'@'%' to database 'mysql' (MySQL error 1044)"),
        ("root", "", "url names no database; add it as in mysql://host/database, or list `schemas`"),
    ],
)
def test_says_what_the_server_refuses(server: str, user: str, database: str, said: str) -> None:
    with pytest.raises(RequestRejected) as refusal:
        world(server, user, database).introspect()
    assert str(refusal.value) == said


@pytest.mark.parametrize(
    "url",
    [
        "", "x", "postgresql://h/d", "mysql://u:hunter22@h:port/d", "mysql://u:hunt/er22@h/d", "mysql://h:0/d",
        "mysql://u:hunter22@h/d?colour=red", "mysql://u:hunter22@[h/d",
    ],
)  # fmt: skip
def test_refuses_a_url_without_repeating_it(url: str) -> None:
    with pytest.raises(RequestRejected) as refusal:
        session.connection_settings(url)
    assert str(refusal.value).startswith(("url is not a valid MySQL URL", "url has an unknown option `colour`"))
    assert "hunter" not in str(refusal.value)


def test_reads_a_url() -> None:
    settings = session.connection_settings("mariadb://me%40work:a%2Fb@db.example:3307/shop?ssl_ca=/etc/ca.pem")
    assert settings == {
        "host": "db.example",
        "port": 3307,
        "user": "me@work",
        "password": "a/b",
        "database": "shop",
        "ssl_ca": "/etc/ca.pem",
    }


def test_reports_a_server_that_is_not_there_or_says_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        started = time.monotonic()
        quiet = World("mysql", {"url": f"mysql://u:hunter22@127.0.0.1:{port}/d"}, "d", "", ())
        with pytest.raises(session.ServerUnreachable):
            quiet.ask("SELECT 1", connection_timeout_seconds=1, statement_timeout_ms=1)
        assert time.monotonic() - started < 20
    with pytest.raises(session.ServerUnreachable, match=r"MySQL error 2003") as gone:
        quiet.ask("SELECT 1")
    assert "hunter" not in str(gone.value)


def test_reports_a_connection_that_breaks(server: str) -> None:
    with (
        pymysql.connect(unix_socket=server, user="root") as connection,
        connection.cursor() as cursor,
        pytest.raises((session.ServerUnreachable, RequestRejected), match=r"MySQL error (2013|1927|1152|2006)"),
    ):
        _ask_and_break(world(server), cursor)


def _ask_and_break(place: World, cursor: Any) -> None:
    def kill() -> None:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            cursor.execute("SELECT id FROM information_schema.PROCESSLIST WHERE INFO LIKE 'SELECT sleep%'")
            for (thread,) in cursor.fetchall():
                cursor.execute(f"KILL {thread}")
                return
            time.sleep(0.02)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        place.ask("SELECT sleep(20) AS s", allowed_functions=["sleep"])
    finally:
        killer.join()

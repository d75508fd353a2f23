"""A wrong host, role, password, database or schema: the engine says which, and the secret stays out of the message."""

from pathlib import Path

import pymysql
import pytest

from ktx_daemon.cancellation import Cancellation
from ktx_daemon.database import introspection
from ktx_daemon.errors import plain_message

SECRET = "hunter22-secret"


def refusal(driver: str, url: str = "", path: str = "", schemas: list[str] | None = None) -> str:
    """Try it, and return what is said."""
    place = {"path": path} if path else {"url": url}
    request = introspection.Request(
        connection_id="wh", driver=driver, schemas=schemas, connection_timeout_seconds=2, **place
    )
    try:
        answer = introspection.respond(request, Cancellation())
    except Exception as error:  # the type decides the status, which other tests check
        return plain_message(error)
    return "; ".join(warning["message"] for warning in answer["warnings"])


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://nobody:{secret}@{server}/postgres", 'role "nobody" does not exist'),
        ("postgresql://postgres:{secret}@{server}/nothing", 'database "nothing" does not exist'),
        ("postgresql://postgres:{secret}@127.0.0.1:1/postgres", "Connection refused"),
    ],
    ids=["role", "database", "host"],
)
def test_postgres_says_which_part_is_wrong(postgres_server: str, url: str, said: str) -> None:
    server = postgres_server.partition("@")[2].partition("/")[0]
    message = refusal("postgres", url.format(secret=SECRET, server=server))
    assert said in message
    assert SECRET not in message
    assert refusal("postgres", postgres_server) == ""
    assert "`nothing`" in refusal("postgres", postgres_server, schemas=["nothing"])


@pytest.mark.parametrize(
    ("user", "database", "said"),
    [
        (f"reader:{SECRET}x", "places", "Access denied for user 'reader'@'localhost'"),
        (f"nobody:{SECRET}", "places", "Access denied for user 'nobody'@'localhost'"),
        (f"reader:{SECRET}", "nothing", "'nothing'"),
    ],
    ids=["password", "user", "database"],
)
def test_mysql_says_which_part_is_wrong(mariadb_server: str, user: str, database: str, said: str) -> None:
    with pymysql.connect(unix_socket=mariadb_server, user="root") as connection, connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE IF NOT EXISTS places")
        cursor.execute(f"CREATE USER IF NOT EXISTS 'reader'@'localhost' IDENTIFIED BY '{SECRET}'")
        cursor.execute("GRANT SELECT ON places.* TO 'reader'@'localhost'")
    place = f"@localhost/{{}}?unix_socket={mariadb_server}"
    message = refusal("mysql", f"mysql://{user}{place.format(database)}")
    assert said in message
    assert "(MySQL error " in message
    assert SECRET not in message
    right = f"mysql://reader:{SECRET}{place.format('places')}"
    assert refusal("mysql", right) == ""
    assert "`nothing`" in refusal("mysql", right, schemas=["nothing"])


def test_duckdb_says_what_is_wrong_with_the_file(tmp_path: Path) -> None:
    file = tmp_path / "shop.duckdb"
    assert "no such file or folder" in refusal("duckdb", path=str(file))
    file.write_bytes(b"certainly no database\n" * 1000)
    assert "not a valid DuckDB database file" in refusal("duckdb", path=str(file))

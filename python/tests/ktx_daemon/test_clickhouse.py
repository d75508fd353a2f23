"""What is ClickHouse's own, on its real engine: types, URLs, grants, settings, and servers that refuse or go away."""

import socket
from typing import Any

import pytest

from ktx_daemon.database.clickhouse import session
from ktx_daemon.database.clickhouse.access import access
from ktx_daemon.database.clickhouse.json_values import converter
from ktx_daemon.errors import RequestRejected, ServerUnreachable
from tests.ktx_daemon.driver_worlds import World


def world(address: str, database: str = "default", user: str = "default") -> World:
    url = f"clickhouse://{user}@{address}/{database}"
    return World(driver="clickhouse", place={"url": url}, schema=database, endless="", writes=())


@pytest.mark.parametrize(
    ("sql", "value", "kind"),
    [
        ("toUInt64(18446744073709551615)", "18446744073709551615", "UInt64"),
        ("toInt256('-9')", -9, "Int256"),
        ("toFloat32(0.1)", 0.1, "Float32"),
        ("nan", "NaN", "Float64"),
        ("-inf", "-Infinity", "Float64"),
        ("1e20", 1e20, "Float64"),
        ("toDecimal64('1.10', 4)", 1.1, "Decimal(18, 4)"),
        ("true", True, "Bool"),
        ("toUUID('00000000-0000-0000-0000-00000000000a')", "00000000-0000-0000-0000-00000000000a", "UUID"),
        ("toIPv4('1.2.3.4')", "1.2.3.4", "IPv4"),
        ("CAST('a,(''', 'Enum8(\\'a,(\\\\\\'\\' = 1)')", "a,('", None),
        ("toLowCardinality(toNullable('x'))", "x", "LowCardinality(Nullable(String))"),
        ("toDate32('1900-01-01')", "1900-01-01", "Date32"),
        ("toDateTime64('2024-01-31 10:20:30.5000', 4, 'Europe/Berlin')", "2024-01-31T10:20:30.5", None),
        ("[1, 2, 9007199254740993]", [1, 2, "9007199254740993"], "Array(UInt64)"),
        ("[toDecimal64('0.1', 1), NULL]", [0.1, None], "Array(Nullable(Decimal(18, 1)))"),
        ("map('a', toDateTime('2024-01-31 10:20:30'))", {"a": "2024-01-31T10:20:30"}, "Map(String, DateTime)"),
        ("tuple(1, 'a', 0.5)", [1, "a", 0.5], "Tuple(UInt8, String, Float64)"),
        ("CAST((1, 'x'), 'Tuple(n Int64, s String)')", {"n": 1, "s": "x"}, "Tuple(n Int64, s String)"),
        ('\'{"a": {"b": [1, 2.5]}}\'::JSON', {"a": {"b": [1, 2.5]}}, "JSON"),
        ("[unhex('ff'), 'é']", ["/w==", "é"], "Array(String)"),
        ("NULL", None, "Nullable(Nothing)"),
    ],
)
def test_gives_its_own_types_without_loss(clickhouse_server: str, sql: str, value: Any, kind: str | None) -> None:
    answer = world(clickhouse_server).ask(f"SELECT {sql} AS v", allowed_functions=["tolowcardinality", "toint256"])
    assert answer["rows"] == [[value]]
    assert kind in (None, answer["types"][0])


def test_a_type_that_is_not_known_goes_by_its_values() -> None:
    assert converter("SomethingNew(Int8)")({"a": [2**53 + 1, True, None]}) == {"a": ["9007199254740993", True, None]}


JOIN = "SELECT b.x FROM (SELECT 1 AS k) a LEFT JOIN (SELECT 2 AS k, 5 AS x) b USING k"


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        (JOIN, [[0]]),
        (f"{JOIN} SETTINGS join_use_nulls = 1", [[None]]),
        ("SELECT ' SETTINGS join_use_nulls = 1' AS settings", [[" SETTINGS join_use_nulls = 1"]]),
        ("SELECT 1 AS settings -- SETTINGS final = 1", [[1]]),
    ],
)  # fmt: skip
def test_a_statement_may_say_how_it_is_read(clickhouse_server: str, sql: str, rows: list[Any]) -> None:
    assert world(clickhouse_server).ask(sql)["rows"] == rows


@pytest.mark.parametrize(
    "settings", ["readonly = 0", "max_execution_time = 0", "join_use_nulls = 1, max_execution_time = 0"]
)
def test_a_statement_may_not_lift_the_limits(clickhouse_server: str, settings: str) -> None:
    with pytest.raises(
        RequestRejected, match=r"Cannot modify '\w+' setting in readonly mode\. \(ClickHouse error 164\)"
    ):
        world(clickhouse_server).ask(f"SELECT 1 SETTINGS {settings}")


@pytest.mark.parametrize(
    ("user", "database", "said"),
    [
        ("nobody:hunter22", "default", "Authentication failed. (ClickHouse error 516)"),
        ("default", "nothing", "Database nothing does not exist. (ClickHouse error 81)"),
    ],
)
def test_says_what_the_server_refuses(clickhouse_server: str, user: str, database: str, said: str) -> None:
    with pytest.raises(RequestRejected) as refusal:
        world(clickhouse_server, database, user).introspect()
    assert str(refusal.value) == said


GRANTS = [
    (["GRANT SELECT ON shop.* TO reader", "GRANT SHOW DATABASES, dictGet ON *.* TO reader"], None),
    (["GRANT SELECT(id, name) ON shop.pets TO reader", "GRANT SOURCES ON *.* TO reader"], None),
    (["GRANT analysts TO reader", "REVOKE INSERT ON *.* FROM reader"], None),
    (["GRANT SELECT, INSERT(id, name) ON shop.* TO writer"], "INSERT on shop.*"),
    (["GRANT ALL ON *.* TO admin WITH GRANT OPTION"], "ALL on *.*"),
    (["GRANT SELECT ON *.* TO admin", "GRANT ALTER UPDATE ON shop.pets TO admin"], "ALTER UPDATE on shop.pets"),
]


@pytest.mark.parametrize(("lines", "reason"), GRANTS, ids=str)
def test_says_whether_the_user_could_write(lines: list[str], reason: str | None) -> None:
    answer = access("u", "0", lines, ["shop"])
    assert answer["can_write"] == (reason is not None)
    assert answer["warning"] == (reason and f"user u has {reason}; ktx only reads, so give it a user that cannot write")
    assert access("u", "2", lines, ["shop"])["warning"] is None


def test_the_statements_for_a_reader_quote_the_database() -> None:
    assert access("u", "0", ["GRANT ALL ON *.* TO u"], ["sh`op"])["grants"] == [
        "CREATE USER ktx_reader IDENTIFIED WITH sha256_password BY 'choose a password';",
        "GRANT SELECT ON `sh\\`op`.* TO ktx_reader;",
    ]


@pytest.mark.parametrize(
    "url",
    [
        "", "x", "postgresql://h/d", "clickhouse://u:hunter22@h:port/d", "clickhouse://u:hunt/er22@h/d",
        "clickhouse://h:0/d", "clickhouse://u:hunter22@h/d?colour=red", "clickhouse://u:hunter22@[h/d",
    ],
)  # fmt: skip
def test_refuses_a_url_without_repeating_it(url: str) -> None:
    with pytest.raises(RequestRejected) as refusal:
        session.connection_settings(url)
    assert str(refusal.value).startswith(("url is not a valid ClickHouse URL", "url has an unknown option `colour`"))
    assert "hunter" not in str(refusal.value)


@pytest.mark.parametrize(
    ("url", "port", "secure"),
    [
        ("clickhouse://me%40work:a%2Fb@h/shop?ca_cert=/ca.pem", 8123, False),
        ("clickhouses://me%40work:a%2Fb@h/shop?ca_cert=/ca.pem", 8443, True),
        ("https://me%40work:a%2Fb@h:443/shop?ca_cert=/ca.pem", 443, True),
    ],
)
def test_reads_a_url(url: str, port: int, secure: bool) -> None:
    assert session.connection_settings(url) == {
        "host": "h",
        "port": port,
        "secure": secure,
        "username": "me@work",
        "password": "a/b",
        "database": "shop",
        "ca_cert": "/ca.pem",
    }


def test_an_old_server_is_refused_with_the_version_that_is_needed() -> None:
    for version in ("23.8.1.1", "24.3", "26.9.2.1"):
        session.require_version(version)
    for version in ("23.7.5.30", "22.8", "9.1"):
        with pytest.raises(RequestRejected, match=rf"the server is ClickHouse {version}; ktx needs 23.8 or newer"):
            session.require_version(version)


def test_reports_a_server_that_is_not_there_or_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "CLIENT_GRACE_SECONDS", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        quiet = world(f"127.0.0.1:{silent.getsockname()[1]}", user="u:hunter22")
        with pytest.raises(ServerUnreachable, match="there is no answer from the ClickHouse server"):
            quiet.ask("SELECT 1", connection_timeout_seconds=1, statement_timeout_ms=1)
    with pytest.raises(ServerUnreachable, match="Connection refused") as gone:
        quiet.ask("SELECT 1")
    assert "hunter" not in str(gone.value)

"""One suite that every driver passes: what a client of the daemon may rely on, whatever the database."""

import json
import threading
import time
from typing import Any

import pytest

from ktx_daemon.cancellation import Cancellation
from ktx_daemon.database.driver import Statement, driver_named
from ktx_daemon.database.query import Request
from ktx_daemon.errors import RequestRejected
from ktx_daemon.sql.parsing import dialect_named
from ktx_daemon.sql.read_only import read
from tests.ktx_daemon.driver_worlds import DRIVERS, World


def test_every_driver_of_the_daemon_is_here() -> None:
    with pytest.raises(RequestRejected) as refusal:
        driver_named("nothing", "database query")
    assert str(refusal.value).removeprefix("database query supports only the drivers ").replace('"', "").split(
        ", "
    ) == sorted(DRIVERS)


PER_DRIVER = [
    ("an integer", "CAST(7 AS {int})", 7),
    ("a number that a double keeps", "9007199254740991", 9007199254740991),
    ("a number that it does not", "9007199254740993", "9007199254740993"),
    ("the smallest", "-9223372036854775807", "-9223372036854775807"),
    ("a decimal", "CAST(1.50 AS decimal(10, 2))", 1.5),
    ("a whole decimal", "CAST(10 AS decimal(10, 2))", 10),
    ("a long decimal", "CAST('0.12345678901234567890' AS decimal(30, 20))", "0.12345678901234567890"),
    ("a large decimal", "CAST(12345678901234567890 AS decimal(30, 0))", "12345678901234567890"),
    ("a double", "CAST(1e300 AS {double})", 1e300),
    ("a small double", "CAST(0.1 AS {double})", 0.1),
    ("nothing", "NULL", None),
    ("nothing of a type", "CAST(NULL AS {int})", None),
    ("an empty text", "''", ""),
    ("a text with every quote", "'it''s \"so\" `here`'", 'it\'s "so" `here`'),
    ("a text of all planes", "'Zoë 李 🐈 \u2028'", "Zoë 李 🐈 \u2028"),
    ("a text with percent signs", "'100 %s %% %(a)s'", "100 %s %% %(a)s"),
    ("a text with a line break", "'a\nb'", "a\nb"),
    ("a date", "CAST('2024-02-29' AS date)", "2024-02-29"),
    ("a timestamp", "CAST('2024-01-31 10:20:30' AS {timestamp})", "2024-01-31T10:20:30"),
    ("microseconds", "CAST('2024-01-31 10:20:30.000001' AS {timestamp6})", "2024-01-31T10:20:30.000001"),
    ("a time of day", "CAST('10:20:30' AS time)", "10:20:30"),
    ("bytes", "{bytes}", "AP8Q"),
]

TYPES = {
    "postgres": {
        "int": "int", "double": "float8", "timestamp": "timestamp", "timestamp6": "timestamp",
        "bytes": r"'\x00ff10'::bytea",
    },
    "mysql": {
        "int": "signed", "double": "double", "timestamp": "datetime", "timestamp6": "datetime(6)",
        "bytes": "x'00ff10'",
    },
    "clickhouse": {
        "int": "Nullable(Int32)", "double": "double", "timestamp": "DateTime", "timestamp6": "DateTime64(6)",
        "bytes": "unhex('00ff10')",
    },
    "duckdb": {
        "int": "int", "double": "double", "timestamp": "timestamp", "timestamp6": "timestamp",
        "bytes": r"'\x00\xff\x10'::blob",
    },
}  # fmt: skip


@pytest.mark.parametrize(("sql", "value"), [case[1:] for case in PER_DRIVER], ids=[case[0] for case in PER_DRIVER])
def test_gives_every_value_without_loss(world: World, sql: str, value: Any) -> None:
    for name, text in TYPES[world.driver].items():
        sql = sql.replace(f"{{{name}}}", text)
    answer = world.ask(f"SELECT {sql} AS v")
    assert (answer["headers"], answer["rows"]) == (["v"], [[value]])
    assert len(answer["types"]) == 1
    assert json.loads(json.dumps(answer)) == answer


def test_gives_rows_in_their_order_with_their_names(world: World) -> None:
    answer = world.ask("SELECT n, -n AS minus, n FROM numbers ORDER BY n DESC", max_rows=5000)
    assert answer["headers"] == ["n", "minus", "n"]
    assert answer["rows"] == [[n, -n, n] for n in range(5000, 0, -1)]


def test_cuts_the_answer_at_the_cap_and_says_so(world: World) -> None:
    sql = "SELECT n FROM numbers WHERE n <= 9 ORDER BY n;"
    for cap, rows, truncated in [(3, 3, True), (8, 8, True), (9, 9, False), (10, 9, False)]:
        answer = world.ask(sql, max_rows=cap)
        assert (answer["row_count"], len(answer["rows"]), answer["truncated"]) == (rows, rows, truncated)
    assert world.ask("SELECT n FROM numbers WHERE n < 0")["rows"] == []
    assert world.ask("SELECT n FROM numbers WHERE n < 0")["headers"] == ["n"]


@pytest.mark.parametrize(
    "sql",
    [
        "WITH a AS (SELECT 1 AS x) SELECT * FROM a -- comment",
        "SELECT 1 UNION DISTINCT SELECT 2 ORDER BY 1",
        "SELECT 50 % 7",
        "select count(*) from pets where name like '%e%' /* why */ ;",
        "SELECT o.name, count(p.id) FROM owners o LEFT JOIN pets p ON p.owner_id = o.id GROUP BY o.name",
    ],
)
def test_runs_every_form_of_a_read(world: World, sql: str) -> None:
    assert world.ask(sql)["row_count"] >= 1


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT nothing FROM pets", "nothing"),
        ("SELECT * FROM nowhere", "nowhere"),
        ("SELECT name FROM pets GROUP BY name HAVING nothing_at_all > 1", "nothing_at_all"),
    ],
)
def test_says_what_the_database_does_not_know(world: World, sql: str, said: str) -> None:
    with pytest.raises(RequestRejected, match=said):
        world.ask(sql)


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("DELETE FROM pets", "SQL contains read/write operation: Delete"),
        ("INSERT INTO pets (id) VALUES (9)", "SQL contains read/write operation: Insert"),
        ("DROP TABLE pets", "SQL contains read/write operation: Drop"),
        ("SELECT 1; SELECT 2", "Only one SQL statement can be executed."),
        ("SET x = 1", "SQL contains read/write operation: Set"),
        ("SELECT made_up(1)", "made_up"),
        ("SELECT * FROM read_text('/etc/hostname')", "read_text"),
        ("", "SQL did not parse to a statement."),
    ],
)
def test_the_guard_stops_what_does_not_only_read(world: World, sql: str, said: str) -> None:
    with pytest.raises(RequestRejected, match=said):
        world.ask(sql)


def test_the_session_stops_what_passes_the_guard(world: World) -> None:
    """The second layer: statements that reach the driver although a guard should have stopped them."""
    driver = driver_named(world.driver, "test")
    harmless = read("SELECT 1", dialect_named(driver.DIALECT))
    rows = world.ask("SELECT count(*) FROM pets")["rows"]
    request = Request(connection_id="wh", driver=world.driver, sql="", **{"url": "", **world.place})
    for sql in ("DELETE FROM pets", "INSERT INTO owners VALUES (9, 'x')", "DROP VIEW named", *world.writes):
        with (
            pytest.raises(RequestRejected),
            driver.session(request, Cancellation(), application="test") as session,
            session.rows(Statement(sql, harmless, 10, [])) as found,
        ):
            list(found.rows)
    assert world.ask("SELECT count(*) FROM pets")["rows"] == rows
    assert {table["name"] for table in world.introspect()["tables"]} == {"owners", "pets", "numbers", "named"}


def test_a_function_passes_once_it_is_allowed(world: World) -> None:
    """The database, not the guard, then says that it has no such function."""
    with pytest.raises(RequestRejected) as refusal:
        world.ask("SELECT made_up(1)", allowed_functions=["made_up"])
    assert "read/write" not in str(refusal.value)
    assert "made_up" in str(refusal.value)


def test_ends_a_statement_at_its_timeout(world: World) -> None:
    started = time.monotonic()
    with pytest.raises(RequestRejected, match="the statement was cancelled; it may run for 300 ms"):
        world.ask(world.endless, statement_timeout_ms=300)
    assert time.monotonic() - started < 20


def test_ends_a_statement_that_nobody_waits_for(world: World) -> None:
    cancellation = Cancellation()
    stopper = threading.Timer(0.3, cancellation.cancel)
    stopper.start()
    try:
        with pytest.raises(RequestRejected, match="cancelled"):
            world.ask(world.endless, cancellation, statement_timeout_ms=60_000)
    finally:
        cancellation.end()
        stopper.join()


def test_serves_several_at_once(world: World) -> None:
    answers: list[Any] = []
    threads = [
        threading.Thread(target=lambda: answers.append(world.ask("SELECT sum(n) AS s FROM numbers")["rows"]))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [float(rows[0][0]) for rows in answers] == [12502500.0] * 4


def test_describes_tables_with_types_keys_and_comments(world: World) -> None:
    answer = world.introspect()
    assert answer["metadata"] == {"driver": world.driver, "schemas": [world.schema]}
    assert answer["warnings"] == []
    tables = {table["name"]: table for table in answer["tables"]}
    assert {name: (table["kind"], table["db"]) for name, table in tables.items()} == {
        "named": ("view", world.schema),
        "numbers": ("table", world.schema),
        "owners": ("table", world.schema),
        "pets": ("table", world.schema),
    }
    pets = tables["pets"]
    assert pets["comment"] == "those at home"
    assert [(c["name"], c["nullable"], c["primary_key"], c["comment"]) for c in pets["columns"]] == [
        ("id", False, world.has_keys, None),
        ("name", False, False, "as called"),
        ("weight", True, False, None),
        ("born", True, False, None),
        ("owner_id", True, False, None),
    ]
    assert [column["type"].lower().split("(")[0] for column in pets["columns"]][3] == "date"
    assert [(key["from_column"], key["to_table"], key["to_column"]) for key in pets["foreign_keys"]] == [
        ("owner_id", "owners", "id")
    ] * world.has_keys


def test_looks_at_the_tables_in_scope_only(world: World) -> None:
    scope = [{"name": "owners"}, {"name": "pets", "db": "elsewhere"}]
    assert [table["name"] for table in world.introspect(table_scope=scope)["tables"]] == ["owners"]


def test_names_a_schema_that_is_not_there(world: World) -> None:
    answer = world.introspect(schemas=["nothing", world.schema])
    assert [(warning["code"], warning["table"]) for warning in answer["warnings"]] == [("unknown_schema", None)]
    assert "`nothing`" in answer["warnings"][0]["message"]
    assert len(answer["tables"]) == 4


def test_says_whether_the_role_could_write(world: World) -> None:
    answer = world.access()
    assert answer["can_write"] == (world.driver != "duckdb")
    assert bool(answer["grants"]) == bool(answer["warning"]) == answer["can_write"]

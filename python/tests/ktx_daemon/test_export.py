"""Rows into files: every value as the answer has it, in bounded memory, and nothing left behind on failure."""

import csv
import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ktx_daemon.cancellation import Cancellation
from ktx_daemon.errors import RequestRejected
from tests.ktx_daemon.driver_worlds import World
from tests.ktx_daemon.test_drivers import PER_DRIVER, TYPES

FORMATS = ("csv", "jsonl", "parquet")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / ".partial-it's"
    path.touch()
    return path


def every_value(world: World) -> tuple[str, dict[str, Any]]:
    """One statement with every value of the suite, and what they are."""
    columns = []
    for place, (_, sql, _) in enumerate(PER_DRIVER):
        for name, text in TYPES[world.driver].items():
            sql = sql.replace(f"{{{name}}}", text)
        columns.append(f"{sql} AS v{place}")
    return f"SELECT {', '.join(columns)}", {f"v{place}": case[2] for place, case in enumerate(PER_DRIVER)}


def test_csv_has_every_value_and_tells_nothing_from_an_empty_text(world: World, file: Path) -> None:
    sql, values = every_value(world)
    assert world.export(sql, file, "csv") == {"rows": 1}
    names, fields = csv.reader(file.open(newline="", encoding="utf-8"))
    for name, field in zip(names, fields, strict=True):
        wanted = values[name]
        is_number = isinstance(wanted, (int, float))
        assert (float(field) if is_number else field) == (wanted if is_number else wanted or ""), name
    world.export("SELECT '' AS a, NULL AS b, 'x' AS c, 'a,b' AS d", renewed(file), "csv")
    assert file.read_text() == 'a,b,c,d\n"",,x,"a,b"\n'


def test_json_lines_have_every_value_as_the_answer_does(world: World, file: Path) -> None:
    sql, values = every_value(world)
    assert world.export(sql, file, "jsonl") == {"rows": 1}
    assert [json.loads(line) for line in file.read_text().split("\n")[:-1]] == [values]


def test_parquet_has_every_value_in_its_own_type(world: World, file: Path) -> None:
    sql, _ = every_value(world)
    assert world.export(sql, file, "parquet") == {"rows": 1}
    read = duckdb.sql(f"SELECT * FROM read_parquet('{quoted(file)}')")
    found = dict(zip(read.columns, read.fetchall()[0], strict=True))
    assert {name: str(value) for name, value in found.items()} == {
        "v0": "7", "v1": "9007199254740991", "v2": "9007199254740993", "v3": "-9223372036854775807", "v4": "1.50",
        "v5": "10.00", "v6": "0.12345678901234567890", "v7": "12345678901234567890", "v8": "1e+300", "v9": "0.1",
        "v10": "None", "v11": "None", "v12": "", "v13": 'it\'s "so" `here`', "v14": "Zoë 李 🐈 \u2028",
        "v15": "100 %s %% %(a)s", "v16": "a\nb", "v17": "2024-02-29", "v18": "2024-01-31 10:20:30",
        "v19": "2024-01-31 10:20:30.000001", "v20": "10:20:30",
        "v21": str(b"\x00\xff\x10") if world.has_binary else "AP8Q",
    } | {name: str(found[name]) for name in ("v4", "v5") if float(found[name]) in (1.5, 10.0)}  # fmt: skip
    kinds = dict(zip(read.columns, map(str, read.types), strict=True))
    assert [kinds[name] for name in ("v17", "v18", "v20", "v21")] == [
        "DATE",
        "TIMESTAMP",
        "TIME",
        "BLOB" if world.has_binary else "VARCHAR",
    ]
    assert kinds["v9"] == "DOUBLE"
    assert kinds["v7"].startswith("DECIMAL")


@pytest.mark.parametrize("form", FORMATS)
def test_the_columns_asked_for_come_in_their_order(world: World, file: Path, form: str) -> None:
    sql = "SELECT n, -n AS minus, n + 1 AS next FROM numbers ORDER BY n"
    assert world.export(sql, file, form, columns=[2, 0]) == {"rows": 5000}
    reader = {"csv": "read_csv", "jsonl": "read_json", "parquet": "read_parquet"}[form]
    read = duckdb.sql(f"SELECT * FROM {reader}('{quoted(file)}')")
    assert read.columns == ["next", "n"]
    assert read.fetchall() == [(n + 1, n) for n in range(1, 5001)]
    with pytest.raises(RequestRejected, match="the statement has no column 3"):
        world.export(sql, renewed(file), form, columns=[3])


def test_two_columns_of_one_name_are_for_csv_only(world: World, file: Path) -> None:
    for form in ("jsonl", "parquet"):
        with pytest.raises(RequestRejected, match="two columns are named `n`"):
            world.export("SELECT n, n FROM numbers", renewed(file), form)
        assert not file.exists()
    assert world.export("SELECT n, n FROM numbers", renewed(file), "csv")["rows"] == 5000


@pytest.mark.parametrize("form", FORMATS)
def test_a_statement_that_fails_leaves_no_file(world: World, file: Path, form: str) -> None:
    for sql, said in [
        ("SELECT nothing FROM pets", "nothing"),
        ("DELETE FROM pets", "read/write operation: Delete"),
        ("SELECT made_up(1)", "made_up"),
    ]:
        with pytest.raises(RequestRejected, match=said):
            world.export(sql, renewed(file), form)
        assert "Delete" in said or not file.exists()


@pytest.mark.parametrize("form", FORMATS)
def test_an_export_that_is_cancelled_or_takes_too_long_leaves_no_file(world: World, file: Path, form: str) -> None:
    with pytest.raises(RequestRejected, match="it may run for 300 ms"):
        world.export(world.endless, file, form, statement_timeout_ms=300)
    assert list(file.parent.iterdir()) == []
    cancellation = Cancellation()
    stopper = threading.Timer(0.2, cancellation.cancel)
    stopper.start()
    try:
        with pytest.raises(RequestRejected, match="cancelled"):
            world.export(world.endless, renewed(file), form, cancellation, statement_timeout_ms=60_000)
    finally:
        cancellation.end()
        stopper.join()
    assert list(file.parent.iterdir()) == []


def test_only_a_new_unfinished_file_is_written(world: World, file: Path) -> None:
    full, link = file.with_name(".partial-full"), file.with_name(".partial-link")
    full.write_text("mine")
    link.symlink_to(file)
    for wrong, said in [
        (file.with_name("orders.csv"), "begins with `.partial-`"),
        (Path(".partial-here"), "not the absolute path"),
        (file.with_name(".partial-none"), "it may be on another machine"),
        (full, "no new file"),
        (link, "no new file"),
        (file.parent, "not the absolute path|begins with|no new file"),
    ]:
        with pytest.raises(RequestRejected, match=said):
            world.export("SELECT 1 AS a", wrong, "csv")
    assert full.read_text() == "mine"
    assert world.export("SELECT 1 AS a", file, "csv") == {"rows": 1}


def test_a_value_that_parquet_cannot_hold_is_named_with_its_column(mariadb_server: str, file: Path) -> None:
    sql = "SELECT 1 AS a, CAST('0000-00-00' AS date) AS born"
    world = World("mysql", {"url": f"mysql://root@localhost/mysql?unix_socket={mariadb_server}"}, "mysql", "", ())
    with pytest.raises(RequestRejected, match=r"the column `born` has the value 0000-00-00, which .* hold as DATE"):
        world.export(sql, file, "parquet")
    assert list(file.parent.iterdir()) == []
    world.export(sql, renewed(file), "csv")
    assert file.read_text() == "a,born\n1,0000-00-00\n"


DUCKDB_VALUES = [
    ("99999999999999999999999999999999999999::hugeint", "99999999999999999999999999999999999999"),
    ("18446744073709551615::ubigint", "18446744073709551615"),
    ("-9007199254740991::bigint", -9007199254740991),
    ("0.1::float", 0.1),
    ("'nan'::double", "NaN"),
    ("'-inf'::double", "-Infinity"),
    ("'inf'::float", "Infinity"),
    ("1.10::decimal(30, 20)", 1.1),
    ("12345678901234567890.5::decimal(30, 1)", "12345678901234567890.5"),
    ("12345678901234567000::decimal(30, 1)", "12345678901234567000.0"),
    ("0.1234567890123456::decimal(30, 20)", 0.1234567890123456),
    ("0.12345678901234567::decimal(30, 20)", "0.12345678901234567000"),
    ("timestamptz '2024-01-01 00:00:00+00'", "2024-01-01T00:00:00+00:00"),
    ("timestamp '0044-03-15 (BC) 12:00:00'", "0044-03-15 (BC) 12:00:00"),
    ("'infinity'::timestamp", "infinity"),
    ("interval 1 microsecond", "00:00:00.000001"),
    ("'10:00:00+02'::timetz", "10:00:00+02:00"),
    ("'2024-01-01 10:00:00.000000001'::timestamp_ns", "2024-01-01T10:00:00.000000001"),
    ("'101'::bit", "101"),
    ("true", True),
    ("'b'::enum('a', 'b')", "b"),
    ("[1, 9007199254740993]", [1, "9007199254740993"]),
    ("{'a': 1.5::double, 'b': 'nan'::double}", {"a": 1.5, "b": "NaN"}),
]


@pytest.mark.parametrize(("sql", "value"), DUCKDB_VALUES, ids=[sql for sql, _ in DUCKDB_VALUES])
def test_what_duckdb_writes_by_itself_is_what_the_answer_has(tmp_path: Path, file: Path, sql: str, value: Any) -> None:
    path = tmp_path / "empty.duckdb"
    duckdb.connect(path).close()
    world = World("duckdb", {"path": str(path)}, "main", "", ())
    # DuckDB gives times with a zone in the one of the machine.
    assert value == world.ask(f"SELECT {sql} AS v")["rows"][0][0] or sql.startswith("timestamptz")
    value = world.ask(f"SELECT {sql} AS v")["rows"][0][0]
    world.export(f"SELECT {sql} AS v", file, "jsonl")
    assert json.loads(file.read_text()) == {"v": value}
    world.export(f"SELECT {sql} AS v", renewed(file), "csv")
    (_, (field,)) = csv.reader(file.open(newline=""))
    if isinstance(value, (str, dict, list)):
        assert field == value or not isinstance(value, str)
    else:
        assert json.loads(field) == value
    world.export(f"SELECT {sql} AS v", renewed(file), "parquet")
    kept = duckdb.sql(f"SELECT CAST(v AS VARCHAR) FROM read_parquet('{quoted(file)}')").fetchall()
    whole = duckdb.sql(f"SELECT CAST({sql} AS VARCHAR)").fetchall()
    assert kept == whole or isinstance(value, dict)


def test_many_rows_need_little_more_memory_than_one(world: World, tmp_path: Path) -> None:
    """Held in Python, these rows would take ten times as much."""
    many = 1_000_000 if world.driver == "duckdb" else 300_000
    forms = {"csv": 32 << 20, "parquet": 160 << 20}
    if world.driver == "duckdb":  # which has buffers per thread
        forms = dict.fromkeys(FORMATS, 160 << 20)
    peaks = {}
    for form, rows in [(form, rows) for form in forms for rows in (1, many)]:
        file = tmp_path / f".partial-{rows}-{form}"
        file.touch()
        source = "numbers a" if rows == 1 else f"numbers a, numbers b WHERE b.n <= {rows // 5000}"
        limit = "LIMIT 1" if rows == 1 else ""
        answer, peaks[form, rows] = one_shot(world, f"SELECT a.n, 'some text' AS t FROM {source} {limit}", file, form)
        assert json.loads(answer.stdout) == {"rows": rows}, answer.stderr
        file.unlink()
    grown = {form: peaks[form, many] - peaks[form, 1] for form in forms}
    assert all(grown[form] < most for form, most in forms.items()), grown


@pytest.mark.parametrize("form", FORMATS)
def test_a_full_disk_is_an_error_that_leaves_no_file(world: World, file: Path, form: str) -> None:
    """A limit on the size of files stands for the disk; the system calls fail alike."""
    sql = "SELECT a.n, b.n AS m FROM numbers a, numbers b WHERE b.n <= 100"
    answer, _ = one_shot(world, sql, file, form, file_bytes=64 << 10)
    assert (answer.returncode, answer.stdout) == (1, "")
    assert "File too large" in answer.stderr
    assert list(file.parent.iterdir()) == []


PEAK = """
import resource, runpy, sys
from ktx_daemon.__main__ import main
if len(sys.argv) > 2:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv.pop()),) * 2)
try:
    code = main()
finally:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
sys.exit(code)
"""


def one_shot(
    world: World, sql: str, file: Path, form: str, file_bytes: int | None = None
) -> tuple[subprocess.CompletedProcess[str], int]:
    """Run the command in a process of its own, and say how much memory it needed at most."""
    request = {"connection_id": "wh", "driver": world.driver, "sql": sql, "file": str(file), "format": form}
    request |= {"url": "", **world.place}
    answer = subprocess.run(
        [sys.executable, "-c", PEAK, "database-export", *([] if file_bytes is None else [str(file_bytes)])],
        input=json.dumps(request), capture_output=True, text=True, check=False,
    )  # fmt: skip
    return answer, 1024 * int(answer.stderr.split()[-1])


def quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def renewed(path: Path) -> Path:
    path.unlink(missing_ok=True)
    path.touch()
    return path

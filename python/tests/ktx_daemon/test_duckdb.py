"""What is DuckDB's own: its types, data files as tables, and the walls around them."""

from pathlib import Path
from typing import Any

import duckdb
import pytest

from ktx_daemon.errors import RequestRejected
from tests.ktx_daemon.driver_worlds import World


def world(path: Path) -> World:
    return World(driver="duckdb", place={"path": str(path)}, schema="main", endless="", writes=())


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with data files of every kind, and things that are not tables."""
    folder = tmp_path_factory.mktemp("it's data")
    quoted = str(folder).replace("'", "''")
    with duckdb.connect() as connection:
        for statement in (
            f"COPY (SELECT 1 AS id, 'a' AS name) TO '{quoted}/plain.parquet'",
            f"COPY (SELECT 2 AS id) TO '{quoted}/text.csv'",
            f"COPY (SELECT 3 AS id) TO '{quoted}/packed.csv.gz'",
            f"COPY (SELECT 4 AS id, 5 AS other) TO '{quoted}/tabs.tsv' (DELIMITER '\t')",
            f"COPY (SELECT 6 AS id) TO '{quoted}/odd [1] na\"me.parquet'",
            f"COPY (SELECT i AS id, 2020 + i % 2 AS year FROM range(6) t(i)) TO '{quoted}/parts' "
            "(FORMAT parquet, PARTITION_BY (year))",
        ):
            connection.execute(statement)
    (folder / "notes.txt").write_text("no table")
    (folder / ".hidden.csv").write_text("a\n1\n")
    (folder / "mixed").mkdir()
    (folder / "mixed" / "a.txt").write_text("no table")
    return folder


@pytest.mark.parametrize(
    ("sql", "value", "kind"),
    [
        ("170141183460469231731687303715884105727::hugeint", "170141183460469231731687303715884105727", "HUGEINT"),
        ("18446744073709551615::ubigint", "18446744073709551615", "UBIGINT"),
        ("true", True, "BOOLEAN"),
        ("0.1::float", 0.1, "FLOAT"),
        ("'nan'::double", "NaN", "DOUBLE"),
        ("'-inf'::double", "-Infinity", "DOUBLE"),
        ("'2024-01-31 10:20:30.123456789'::timestamp_ns", "2024-01-31T10:20:30.123456789", "TIMESTAMP_NS"),
        ("'2024-01-31 10:20:30+02'::timestamptz = '2024-01-31 08:20:30+00'::timestamptz", True, "BOOLEAN"),
        ("'infinity'::timestamp", "infinity", "TIMESTAMP"),
        ("'0044-03-15 (BC)'::date", "0044-03-15 (BC)", "DATE"),
        ("'10:20:30+02'::timetz", "10:20:30+02:00", "TIME WITH TIME ZONE"),
        ("interval '1 month 2 days 3 hours'", "1 month 2 days 03:00:00", "INTERVAL"),
        ("'550e8400-e29b-41d4-a716-446655440000'::uuid", "550e8400-e29b-41d4-a716-446655440000", "UUID"),
        ("'101'::bit", "101", "BIT"),
        ("'glad'::enum('sad', 'glad')", "glad", "ENUM('sad', 'glad')"),
        ("[1, NULL, 9007199254740993]", [1, None, "9007199254740993"], "BIGINT[]"),
        ("[[1], []]", [[1], []], "INTEGER[][]"),
        ("[1, 2]::int[2]", [1, 2], "INTEGER[2]"),
        ("{'a': 0.12345678901234567890, 'b': ['x', NULL]}", {"a": "0.12345678901234567890", "b": ["x", None]}, None),
        ("{'n': 'nan'::double, 'i': '-inf'::double}", {"n": "NaN", "i": "-Infinity"}, None),
        ("map {'k': 1, 'l': NULL}", {"k": 1, "l": None}, "MAP(VARCHAR, INTEGER)"),
        ("'{\"a\": 1.10}'::json", '{"a": 1.10}', "JSON"),
    ],
)
def test_gives_its_own_types_without_loss(files: Path, sql: str, value: Any, kind: str | None) -> None:
    answer = world(files).ask(f"SELECT {sql} AS v")
    assert answer["rows"] == [[value]]
    assert kind in (None, answer["types"][0])


def test_says_the_zone_of_a_time(files: Path) -> None:
    [[text]] = world(files).ask("SELECT '2024-01-31 10:20:30+00'::timestamptz AS v")["rows"]
    assert text.startswith("2024-01-3")
    assert text[-6] in "+-"


def test_takes_files_for_tables(files: Path) -> None:
    tables = {table["name"]: [c["name"] for c in table["columns"]] for table in world(files).introspect()["tables"]}
    assert tables == {
        "plain": ["id", "name"],
        "text": ["id"],
        "packed": ["id"],
        "tabs": ["id", "other"],
        'odd [1] na"me': ["id"],
        "parts": ["id", "year"],
    }
    rows = world(files).ask(
        'SELECT a.id, b.id, c.id, d.id, e.id FROM plain a, text b, packed c, tabs d, "odd [1] na""me" e'
    )["rows"]
    assert rows == [[1, 2, 3, 4, 6]]
    assert world(files).ask("SELECT year, count(*) FROM parts GROUP BY 1 ORDER BY 1")["rows"] == [[2020, 3], [2021, 3]]


def test_takes_one_file_for_one_table(files: Path) -> None:
    one = world(files / "text.csv")
    assert [table["name"] for table in one.introspect()["tables"]] == ["text"]
    assert one.ask("SELECT * FROM text")["rows"] == [[2]]
    odd = world(files / 'odd [1] na"me.parquet')
    assert odd.ask('SELECT * FROM "odd [1] na""me"')["rows"] == [[6]]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM glob('/etc/*')",
        "FROM '/etc/hostname.csv'",
        "SELECT getenv('HOME')",
        "SELECT * FROM duckdb_secrets()",
    ],
)
def test_reads_no_other_file(files: Path, sql: str) -> None:
    for place in (files, files / "text.csv"):
        with pytest.raises(RequestRejected):
            world(place).ask(sql, allowed_functions=["read_csv", "glob"])


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("gone.duckdb", None, "no such file or folder"),
        ("text.duckdb", "certainly no database", "not a valid DuckDB database file"),
        ("empty", {}, "it holds no Parquet or CSV files"),
        ("twins", {"a.csv": "x\n1\n", "A.tsv": "x\n1\n"}, "A.tsv and a.csv|a.csv and A.tsv"),
        ("bad.parquet", "no parquet", "failed to open `.*bad.parquet`: .*Parquet|magic"),
    ],
)
def test_says_what_is_wrong_with_a_place(tmp_path: Path, name: str, content: Any, said: str) -> None:
    place = tmp_path / name
    if isinstance(content, str):
        place.write_text(content)
    elif content is not None:
        place.mkdir()
        for file, text in content.items():
            (place / file).write_text(text)
    with pytest.raises(RequestRejected, match=said) as refusal:
        world(place).introspect()
    assert str(place) in str(refusal.value)


def test_wants_a_whole_path() -> None:
    with pytest.raises(RequestRejected, match="absolute path"):
        world(Path("shop.duckdb")).introspect()


def test_holds_no_more_than_the_cap(files: Path) -> None:
    """Rows stream: an answer of ten rows out of a hundred million comes at once."""
    answer = world(files).ask("SELECT i, i::varchar AS t FROM range(100000000) r(i)", max_rows=10)
    assert (answer["rows"][9], answer["truncated"]) == ([9, "9"], True)

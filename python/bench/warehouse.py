"""The DuckDB driver beside DuckDB alone: an aggregate over a Parquet file, and rows into files of every format."""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import duckdb

from ktx_daemon.cancellation import Cancellation
from ktx_daemon.database import export, query

ROWS = 100_000_000
EXPORTED = 5_000_000
ROUNDS = 5

FACTS = (
    "SELECT range AS id, range * 7919 % 1000 AS region, (range * 7919 % 100000) / 100.0 AS amount FROM range({rows})"
)
AGGREGATE = "SELECT region, sum(amount) AS revenue FROM facts GROUP BY region ORDER BY region"
SOME = f"SELECT id, region, amount FROM facts WHERE id < {EXPORTED}"
FORMATS = {"csv": "csv, HEADER", "jsonl": "json", "parquet": "parquet"}


def main() -> int:
    """Print the fastest of interleaved rounds in milliseconds, and the ratio; the number of rows may be an argument."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        facts = folder / "facts.parquet"
        duckdb.connect().execute(f"COPY ({FACTS.format(rows=rows)}) TO '{facts}' (FORMAT parquet)")

        def alone(statement: str) -> None:
            with duckdb.connect() as connection:
                connection.execute(f"CREATE VIEW facts AS SELECT * FROM '{facts}'")
                connection.execute(statement).fetchall()

        def asked() -> None:
            request = query.Request(connection_id="lake", driver="duckdb", path=str(facts), sql=AGGREGATE)
            query.respond(request, Cancellation())

        def exported(form: str) -> None:
            file = folder / f".partial-ours.{form}"
            file.unlink(missing_ok=True)
            file.touch()
            place = {"connection_id": "lake", "driver": "duckdb", "path": str(facts)}
            request = export.Request.model_validate({**place, "sql": SOME, "file": str(file), "format": form})
            export.respond(request, Cancellation())

        compare(f"aggregate over {rows} rows", asked, lambda: alone(AGGREGATE))
        for form, options in FORMATS.items():
            copy = f"COPY ({SOME}) TO '{folder}/theirs.{form}' (FORMAT {options})"
            compare(f"{EXPORTED} rows into .{form}", lambda form=form: exported(form), lambda copy=copy: alone(copy))
    return 0


def compare(what: str, ours: Callable[[], object], theirs: Callable[[], object]) -> None:
    """Take turns, so that a slow moment of the machine meets both."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS + 1):  # the first fills caches
        for work, taken in zip((ours, theirs), times, strict=True):
            started = time.perf_counter()
            work()
            taken.append((time.perf_counter() - started) * 1000)
    value, peer = (min(taken[1:]) for taken in times)
    print(json.dumps({"what": what, "value": round(value), "peer": round(peer), "ratio": round(value / peer, 2)}))


if __name__ == "__main__":
    sys.exit(main())

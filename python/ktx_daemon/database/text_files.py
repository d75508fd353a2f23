"""Rows into files, one after another: CSV (RFC 4180, lines end with LF) and JSON Lines; Parquet is made from CSV.

A value is what the JSON of an answer has. In CSV, nothing at all is NULL, `""` is the empty text, and what is nested is
JSON.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from ktx_daemon.database.driver import Export, Rows

_ROWS_AT_ONCE = 1000


def write_rows(found: Rows, export: Export, dialect: str) -> int:
    """Write the rows and return their number."""
    places = export.columns(found.headers)
    headers = [found.headers[place] for place in places]
    rows = found.rows
    if export.places is not None:
        rows = ([row[place] for place in places] for row in rows)
    if export.format == "csv":
        return write_csv(headers, rows, export.file)
    if export.format == "jsonl":
        return _write("", (_json(dict(zip(headers, row, strict=True))) + "\n" for row in rows), export.file)

    from ktx_daemon.database.parquet import write_parquet

    return write_parquet(headers, [found.types[place] for place in places], dialect, rows, export.file)


def write_csv(headers: Sequence[str] | None, rows: Iterable[Sequence[Any]], file: Path) -> int:
    """Write the headers, if any, and the rows. Returns the number of rows."""
    return _write(_csv_line(headers) if headers else "", map(_csv_line, rows), file)


_json: Callable[[Any], str] = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def _csv_line(row: Sequence[Any]) -> str:
    return ",".join(map(_csv_field, row)) + "\n"


def _csv_field(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, (str, list, dict)):
        return repr(value)
    text = value if isinstance(value, str) else _json(value)
    if text and not any(letter in text for letter in ',"\r\n'):
        return text
    return '"' + text.replace('"', '""') + '"'


def _write(head: str, lines: Iterable[str], file: Path) -> int:
    count = 0
    lines = iter(lines)
    with file.open("w", encoding="utf-8", newline="") as output:
        output.write(head)
        while some := list(islice(lines, _ROWS_AT_ONCE)):
            output.write("".join(some))
            count += len(some)
    return count

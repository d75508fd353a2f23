"""DuckDB values as lossless JSON values, in the forms of `postgres.json_values`.

Python's own types lose nanoseconds, infinities, months and the zone of a time. So what is not a plain number, text or
bytes leaves the engine as the text that it prints, and what is nested as the JSON that it makes of it.
"""

import base64
import json
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from ktx_daemon.database import json_numbers

_SIZES = ("tinyint", "smallint", "integer", "bigint", "hugeint")
_INTEGERS = frozenset([*_SIZES, *(f"u{size}" for size in _SIZES)])
_NESTED = frozenset({"list", "array", "struct", "map", "union", "variant"})
_AS_THEY_ARE = frozenset({"boolean", "varchar", "sqlnull", '"null"', "null"})
_SHORT_OFFSET = re.compile(r"([+-]\d\d)$")


def column(kind: str, place: int) -> tuple[str, Callable[[Any], Any]]:
    """Return what to select for a column of the type, and what makes its value one of JSON."""
    if kind in _AS_THEY_ARE:
        return f"#{place}", _same
    if kind in _INTEGERS:
        return f"#{place}", json_numbers.integer
    if kind == "decimal":
        return f"#{place}", _decimal
    if kind == "blob":
        return f"#{place}", _bytes
    if kind in _NESTED:
        return f"CAST(to_json(#{place}) AS VARCHAR)", _nested
    text = f"CAST(#{place} AS VARCHAR)"
    if kind in ("float", "double"):
        return text, json_numbers.double
    return text, _time if kind.startswith("time") else _same


def is_nested(kind: str) -> bool:
    """Tell whether values of the type hold others."""
    return kind in _NESTED


def _same(value: Any) -> Any:
    return value


def _decimal(value: Decimal) -> int | float | str:
    return json_numbers.decimal(f"{value:f}")


def _bytes(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _time(text: str) -> str:
    """ISO 8601. Years before Christ stay as DuckDB prints them."""
    if "(BC)" in text:
        return text
    return _SHORT_OFFSET.sub(r"\1:00", text.replace(" ", "T", 1)) if ":" in text else text


def _nested(text: str) -> Any:
    return json.loads(
        text,
        parse_int=lambda digits: json_numbers.integer(int(digits)),
        parse_float=json_numbers.decimal,
        parse_constant=lambda name: name,
    )

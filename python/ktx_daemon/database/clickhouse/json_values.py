"""ClickHouse values as lossless JSON values, in the forms of `postgres.json_values`.

The server writes JSON in which every number has all its digits; its types say what becomes of one:
https://clickhouse.com/docs/sql-reference/data-types
"""

import base64
import json
import re
from collections.abc import Callable
from functools import cache
from typing import Any

from ktx_daemon.database import json_numbers

_INTEGER = re.compile(r"U?Int\d+")
_WRAPPERS = {"Nullable": 0, "LowCardinality": 0, "SimpleAggregateFunction": 1}
"""Types that only wrap another, and which of their arguments that is."""


class _Digits(str):
    """A number with a point or an exponent, as it was written."""

    __slots__ = ()


def line(text: bytes) -> list[Any]:
    """Read one line, in which a number with a point stays text."""
    try:
        values: list[Any] = json.loads(text, parse_float=_Digits)
    except UnicodeDecodeError:
        values = json.loads(text.decode("utf-8", "surrogateescape"), parse_float=_Digits)
        values = [_bytes(value) for value in values]
    return values


def without_wrappers(kind: str) -> str:
    """Return the type without `Nullable` and the like."""
    name, arguments = _parts(kind)
    while name in _WRAPPERS and len(arguments) > _WRAPPERS[name]:
        kind = arguments[_WRAPPERS[name]]
        name, arguments = _parts(kind)
    return kind


@cache
def converter(kind: str) -> Callable[[Any], Any]:
    """Return what makes a value of the type one of JSON."""
    name, arguments = _parts(without_wrappers(kind))
    if _INTEGER.fullmatch(name):
        convert: Callable[[Any], Any] = json_numbers.integer
    elif name.startswith(("Float", "BFloat")):
        convert = _double
    elif name.startswith("Decimal"):
        convert = _decimal
    elif name.startswith("DateTime"):
        convert = _time
    elif name == "Array" and arguments:
        item = converter(arguments[0])
        convert = lambda value: [item(each) for each in value]  # noqa: E731
    elif name == "Map" and len(arguments) == 2:
        item = converter(arguments[1])
        convert = lambda value: {key: item(each) for key, each in value.items()}  # noqa: E731
    else:
        convert = _any
    return lambda value: None if value is None else convert(value)


def _double(value: Any) -> float | str:
    return json_numbers.double(str(value))


def _decimal(value: Any) -> int | float | str:
    return json_numbers.decimal(str(value))


def _time(text: str) -> str:
    """ISO 8601, in the time zone of the type or of the server; zeros at the end of a fraction say nothing."""
    day, _, time = text.partition(" ")
    whole, point, fraction = time.partition(".")
    fraction = fraction.rstrip("0")
    return f"{day}T{whole}{point if fraction else ''}{fraction}"


def _any(value: Any) -> Any:
    """Go by the value where the type does not say more: tuples, variants and JSON."""
    if isinstance(value, _Digits):
        return json_numbers.decimal(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return json_numbers.integer(value)
    if isinstance(value, list):
        return [_any(each) for each in value]
    if isinstance(value, dict):
        return {key: _any(each) for key, each in value.items()}
    return value


def _bytes(value: Any) -> Any:
    """A text of ClickHouse may be any bytes; what is not UTF-8 becomes base64."""
    if isinstance(value, list):
        return [_bytes(each) for each in value]
    if isinstance(value, dict):
        return {_bytes(key): _bytes(each) for key, each in value.items()}
    if type(value) is str and not value.isascii():
        raw = value.encode("utf-8", "surrogateescape")
        try:
            return raw.decode()
        except UnicodeDecodeError:
            return base64.b64encode(raw).decode()
    return value


def _parts(kind: str) -> tuple[str, list[str]]:
    """Split `Name(a, b)` into its name and arguments."""
    name, bracket, rest = kind.partition("(")
    if not bracket:
        return kind, []
    arguments, depth, quoted, start = [], 0, False, 0
    inside = rest.removesuffix(")")
    for place, letter in enumerate(inside):
        if letter == "'" and inside[place - 1] != "\\":
            quoted = not quoted
        elif not quoted:
            depth += (letter == "(") - (letter == ")")
            if letter == "," and depth == 0:
                arguments.append(inside[start:place].strip())
                start = place + 1
    return name, [*arguments, inside[start:].strip()]

"""MySQL values as lossless JSON values, in the forms of `postgres.json_values`.

The text protocol sends every value as the text that the server prints; here is what becomes of it. Types are those of
the protocol: https://dev.mysql.com/doc/dev/mysql-server/latest/field__types_8h.html
"""

import base64
from collections.abc import Callable
from typing import Any

from pymysql.constants import FIELD_TYPE, FLAG
from pymysql.converters import encoders

from ktx_daemon.database import json_numbers

_BINARY = 63
"""The character set of bytes."""

_TYPES = {
    FIELD_TYPE.TINY: "tinyint", FIELD_TYPE.SHORT: "smallint", FIELD_TYPE.INT24: "mediumint", FIELD_TYPE.LONG: "int",
    FIELD_TYPE.LONGLONG: "bigint", FIELD_TYPE.YEAR: "year", FIELD_TYPE.BIT: "bit", FIELD_TYPE.DECIMAL: "decimal",
    FIELD_TYPE.NEWDECIMAL: "decimal", FIELD_TYPE.FLOAT: "float", FIELD_TYPE.DOUBLE: "double",
    FIELD_TYPE.DATE: "date", FIELD_TYPE.NEWDATE: "date", FIELD_TYPE.TIME: "time", FIELD_TYPE.DATETIME: "datetime",
    FIELD_TYPE.TIMESTAMP: "timestamp", FIELD_TYPE.JSON: "json", FIELD_TYPE.ENUM: "enum", FIELD_TYPE.SET: "set",
    FIELD_TYPE.GEOMETRY: "geometry", FIELD_TYPE.NULL: "null",
}  # fmt: skip

_NUMBERS = frozenset({"tinyint", "smallint", "mediumint", "int", "bigint", "decimal", "float", "double"})

_TEXTS = {
    FIELD_TYPE.STRING: ("char", "binary"),
    FIELD_TYPE.VAR_STRING: ("varchar", "varbinary"),
    FIELD_TYPE.VARCHAR: ("varchar", "varbinary"),
    FIELD_TYPE.TINY_BLOB: ("tinytext", "tinyblob"),
    FIELD_TYPE.BLOB: ("text", "blob"),
    FIELD_TYPE.MEDIUM_BLOB: ("mediumtext", "mediumblob"),
    FIELD_TYPE.LONG_BLOB: ("longtext", "longblob"),
}


def type_name(field: Any) -> str:
    """Return the name of a result column's type, without its length, which MySQL does not send for every text."""
    if (names := _TEXTS.get(field.type_code)) is not None:
        return names[field.charsetnr == _BINARY]
    name = _TYPES.get(field.type_code, f"type {field.type_code}")
    return f"{name} unsigned" if field.flags & FLAG.UNSIGNED and name in _NUMBERS else name


def _integer(text: str) -> int | str:
    return json_numbers.integer(int(text))


def _bits(value: bytes | str) -> int | str:
    return json_numbers.integer(int.from_bytes(value if isinstance(value, bytes) else value.encode("latin-1"), "big"))


def _time(text: str) -> str:
    """ISO 8601, in the time zone of the session; zeros at the end of a fraction say nothing. Zero dates stay."""
    day, separator, time = text.partition(" ")
    whole, point, fraction = time.partition(".")
    fraction = fraction.rstrip("0")
    return f"{day}{'T' if separator else ''}{whole}{point if fraction else ''}{fraction}"


def _bytes(value: bytes | str) -> str:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


DECODERS: dict[Any, Callable[..., Any]] = {
    **encoders,
    **dict.fromkeys(
        (
            FIELD_TYPE.TINY, FIELD_TYPE.SHORT, FIELD_TYPE.INT24, FIELD_TYPE.LONG, FIELD_TYPE.LONGLONG, FIELD_TYPE.YEAR
        ),
        _integer,
    ),
    **dict.fromkeys((FIELD_TYPE.DECIMAL, FIELD_TYPE.NEWDECIMAL), json_numbers.decimal),
    **dict.fromkeys((FIELD_TYPE.FLOAT, FIELD_TYPE.DOUBLE), json_numbers.double),
    **dict.fromkeys((FIELD_TYPE.DATETIME, FIELD_TYPE.TIMESTAMP), _time),
    **dict.fromkeys((*_TEXTS, FIELD_TYPE.GEOMETRY), _bytes),
    FIELD_TYPE.BIT: _bits,
}  # fmt: skip
"""What PyMySQL makes of a value, by the type of its column; the others stay text."""

"""PostgreSQL values as lossless JSON values.

Numbers stay numbers while every JSON reader gets them right, and become text beyond that; times are ISO 8601,
bytes base64. Whatever has no JSON form of its own is the text that PostgreSQL prints.
"""

import base64
import re
from typing import Any

import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import Loader

from ktx_daemon.database import json_numbers

_SHORT_OFFSET = re.compile(r"([+-]\d\d)$")


def register_json_loaders(connection: psycopg.Connection) -> None:
    """Make the connection's cursors return what `json.dumps` takes. Arrays become lists of such values."""
    array_oids = {info.array_oid for info in psycopg.adapters.types if info.array_oid}
    for info in psycopg.adapters.types:
        if info.oid not in array_oids:
            connection.adapters.register_loader(info.oid, _LOADERS.get(info.name, TextValue))


class TextValue(Loader):
    """The text that PostgreSQL prints."""

    def load(self, data: Buffer) -> Any:
        """Decode."""
        return bytes(data).decode()


class BooleanValue(Loader):
    """`true` or `false`."""

    def load(self, data: Buffer) -> bool:
        """Decode `t` or `f`."""
        return bytes(data) == b"t"


class IntegerValue(Loader):
    """A number, or text where a double would change it."""

    def load(self, data: Buffer) -> int | str:
        """Decode."""
        return json_numbers.integer(int(bytes(data)))


class DecimalValue(Loader):
    """A number where a double keeps its value, else text. JSON has no NaN and no infinity."""

    def load(self, data: Buffer) -> int | float | str:
        """Decode."""
        return json_numbers.decimal(bytes(data).decode())


class FloatValue(Loader):
    """A number; NaN and the infinities are text, which JSON cannot say otherwise."""

    def load(self, data: Buffer) -> float | str:
        """Decode."""
        return json_numbers.double(bytes(data).decode())


class TimestampValue(Loader):
    """ISO 8601, `2024-01-31T10:20:30.5+02:00`. Infinities and years before Christ stay as PostgreSQL prints them."""

    def load(self, data: Buffer) -> str:
        """Decode."""
        text = bytes(data).decode()
        if text.endswith(("BC", "infinity")):
            return text
        return _SHORT_OFFSET.sub(r"\1:00", text.replace(" ", "T", 1)) if ":" in text else text


class BytesValue(Loader):
    """Base64 (RFC 4648, with padding)."""

    def load(self, data: Buffer) -> str:
        r"""Decode the `\x…` form."""
        return base64.b64encode(bytes.fromhex(bytes(data)[2:].decode())).decode()


_LOADERS: dict[str, type[Loader]] = {
    "bool": BooleanValue,
    "int2": IntegerValue,
    "int4": IntegerValue,
    "int8": IntegerValue,
    "oid": IntegerValue,
    "numeric": DecimalValue,
    "float4": FloatValue,
    "float8": FloatValue,
    "timestamp": TimestampValue,
    "timestamptz": TimestampValue,
    "timetz": TimestampValue,
    "bytea": BytesValue,
}

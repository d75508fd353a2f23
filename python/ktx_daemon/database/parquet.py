"""Rows as Parquet, which DuckDB writes: through a CSV file beside it, so that memory does not grow with the rows.

The type of a column is that of the database, as sqlglot reads it; one that Parquet has no match for is text.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlglot import exp
from sqlglot.errors import SqlglotError

from ktx_daemon.database.text_files import write_csv
from ktx_daemon.errors import OptionalFeatureMissing, RequestRejected

if TYPE_CHECKING:
    import duckdb

_TYPES = {
    "BOOLEAN": "BOOLEAN", "TINYINT": "TINYINT", "SMALLINT": "SMALLINT", "MEDIUMINT": "INTEGER", "INT": "INTEGER",
    "BIGINT": "BIGINT", "UTINYINT": "UTINYINT", "USMALLINT": "USMALLINT", "UMEDIUMINT": "UINTEGER",
    "UINT": "UINTEGER", "UBIGINT": "UBIGINT", "FLOAT": "FLOAT", "DOUBLE": "DOUBLE", "DATE": "DATE", "DATE32": "DATE",
    "TIME": "TIME", "TIMESTAMP": "TIMESTAMP", "DATETIME": "TIMESTAMP", "DATETIME64": "TIMESTAMP",
    "TIMESTAMPTZ": "TIMESTAMPTZ", "TIMESTAMPNTZ": "TIMESTAMP",
    "UUID": "UUID", "BINARY": "BLOB", "VARBINARY": "BLOB", "BLOB": "BLOB", "TINYBLOB": "BLOB", "MEDIUMBLOB": "BLOB",
    "LONGBLOB": "BLOB", "DECIMAL": "DECIMAL", "UDECIMAL": "DECIMAL",
}  # fmt: skip
"""DuckDB's type for one of sqlglot's."""

_ZONELESS = {("mysql", "TIMESTAMPTZ"): "TIMESTAMP"}
"""MySQL prints its timestamps in the zone of the session and does not name it."""

_MOST_DIGITS = 38
_LONGEST_LINE = 64 << 20


def write_parquet(
    headers: Sequence[str], types: Sequence[str], dialect: str, rows: Iterable[Sequence[Any]], file: Path
) -> int:
    """Write the rows and return their number. Raises `RequestRejected` naming a column whose values do not fit."""
    try:
        import duckdb
    except ModuleNotFoundError:
        raise OptionalFeatureMissing(
            "Parquet files are written by DuckDB, which is not installed in this runtime; "
            "run: ktx runtime install --feature duckdb --yes"
        ) from None
    digits = {place: _Digits() for place, name in enumerate(types) if _type(name, dialect) == "DECIMAL"}
    text = file.with_name(f"{file.name}.csv")
    with _removed_after(text), duckdb.connect() as connection:
        count = write_csv(None, _counted(rows, digits), text)
        chosen = [digits[place].type if place in digits else _type(name, dialect) for place, name in enumerate(types)]
        source = _reader(str(text), len(types))
        columns = ", ".join(
            f"{_value(place, kind)} AS {_quoted(header)}"
            for place, (header, kind) in enumerate(zip(headers, chosen, strict=True))
        )
        path = str(file).replace("'", "''")
        try:
            connection.execute(
                f"COPY (SELECT {columns} FROM {source}) TO '{path}' (FORMAT parquet, USE_TMP_FILE false)"
            )
        except duckdb.ConversionException:
            _name_what_does_not_fit(connection, headers, chosen, source)
            raise
        except duckdb.IOException as error:
            raise RequestRejected(str(error)) from None
    return count


@contextmanager
def _removed_after(file: Path) -> Iterator[None]:
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


class _Digits:
    """The digits that the values of a column need, when its type does not say."""

    def __init__(self) -> None:
        self._whole = self._fraction = 0
        self._finite = True

    def count(self, value: Any) -> None:
        if value is None:
            return
        _, digits, exponent = Decimal(str(value)).as_tuple()
        if isinstance(exponent, str):
            self._finite = False
        else:
            self._whole = max(self._whole, len(digits) + exponent)
            self._fraction = max(self._fraction, -exponent)

    @property
    def type(self) -> str:
        width = max(self._whole + self._fraction, 1)
        return f"DECIMAL({width}, {self._fraction})" if self._finite and width <= _MOST_DIGITS else "VARCHAR"


def _counted(rows: Iterable[Sequence[Any]], digits: dict[int, _Digits]) -> Iterator[Sequence[Any]]:
    for row in rows:
        for place, column in digits.items():
            column.count(row[place])
        yield row


def _type(name: str, dialect: str) -> str:
    try:
        kind = exp.DataType.build(name, dialect=dialect)
    except SqlglotError:
        return "VARCHAR"
    if not isinstance(kind.this, exp.DType) or kind.args.get("nested"):
        return "VARCHAR"
    known = kind.this.name
    found = _ZONELESS.get((dialect, known)) or _TYPES.get(known, "VARCHAR")
    if found == "DECIMAL" and kind.expressions:
        found = f"DECIMAL({', '.join(part.sql() for part in kind.expressions)})"
    return found


def _reader(path: str, columns: int) -> str:
    names = ", ".join(f"c{place}: 'VARCHAR'" for place in range(columns))
    path = path.replace("'", "''")
    return (
        f"read_csv('{path}', columns = {{{names}}}, header = false, auto_detect = false, delim = ',', quote = '\"', "
        f"escape = '\"', nullstr = '', allow_quoted_nulls = false, max_line_size = {_LONGEST_LINE})"
    )


def _value(place: int, kind: str, cast: str = "CAST") -> str:
    if kind == "BLOB":
        return f"from_base64(c{place})"
    return f"c{place}" if kind == "VARCHAR" else f"{cast}(c{place} AS {kind})"


def _name_what_does_not_fit(
    connection: "duckdb.DuckDBPyConnection", headers: Sequence[str], types: Sequence[str], source: str
) -> None:
    for place, (header, kind) in enumerate(zip(headers, types, strict=True)):
        if kind in ("BLOB", "VARCHAR"):
            continue
        fits = _value(place, kind, "TRY_CAST")
        wrong = connection.execute(
            f"SELECT c{place} FROM {source} WHERE c{place} IS NOT NULL AND {fits} IS NULL LIMIT 1"
        ).fetchone()
        if wrong is not None:
            raise RequestRejected(
                f"the column `{header}` has the value {wrong[0][:80]}, which Parquet cannot hold as {kind}",
                hint="cast the column to text in the SQL, or write .csv",
            )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'

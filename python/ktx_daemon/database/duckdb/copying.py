"""What DuckDB's COPY writes for a column, so that nothing is lost and every driver's files look alike.

By itself COPY makes doubles of large integers and milliseconds of intervals in Parquet, and prints times its own way.
"""

from collections.abc import Callable, Sequence
from typing import Any

from ktx_daemon.database.driver import Export
from ktx_daemon.database.duckdb.json_values import is_nested
from ktx_daemon.database.json_numbers import LARGEST_EXACT_INTEGER

_OPTIONS = {"csv": "FORMAT csv, HEADER true", "jsonl": "FORMAT json", "parquet": "FORMAT parquet"}

_SAFE_DIGITS = 15
"""A double keeps every decimal of so many digits."""

_LARGE = frozenset({"bigint", "ubigint", "hugeint", "uhugeint"})
_HUGE = frozenset({"hugeint", "uhugeint"})
_PARQUET_LOSES = ("HUGEINT", "INTERVAL", "TIME WITH TIME ZONE", "UNION", "BIT")
_TEXTS = frozenset({"varchar", "boolean", "decimal", "sqlnull", '"null"', "null"})


def columns(export: Export, headers: Sequence[str], places: Sequence[int], types: Sequence[Any]) -> str:
    """Return the list of a SELECT over the statement."""
    written = _WRITTEN[export.format]
    names = (f'"{headers[place].replace(chr(34), chr(34) * 2)}"' for place in places)
    return ", ".join(
        f"{written(f'#{place + 1}', kind)} AS {name}" for place, kind, name in zip(places, types, names, strict=True)
    )


def target(export: Export) -> str:
    """Return what follows TO. The file is written in place: its maker renames it."""
    path = str(export.file).replace("'", "''")
    return f"'{path}' ({_OPTIONS[export.format]}, USE_TMP_FILE false)"


def _csv(value: str, kind: Any) -> str:
    if is_nested(kind.id):
        return f"CAST(to_json({value}) AS VARCHAR)"
    return value if kind.id in _TEXTS or kind.id.endswith("int") or kind.id == "integer" else _text(value, kind.id)


def _json(value: str, kind: Any) -> str:
    number, text = f"to_json({value})", f"to_json(CAST({value} AS VARCHAR))"
    if kind.id in _LARGE:
        return f"CASE WHEN {_exact(value)} THEN {number} ELSE {text} END"
    if kind.id in ("float", "double"):
        finite = f"to_json(CAST(CAST({value} AS VARCHAR) AS DOUBLE))" if kind.id == "float" else number
        return f"CASE WHEN isfinite({value}) THEN {finite} ELSE to_json({_text(value, kind.id)}) END"
    if kind.id == "decimal" and dict(kind.children)["precision"] > _SAFE_DIGITS:
        kept = f"TRY_CAST(CAST(CAST({value} AS DOUBLE) AS VARCHAR) AS {kind})"
        return f"CASE WHEN {_exact(value)} AND {value} = {kept} THEN {number} ELSE {text} END"
    return _csv(value, kind)


def _exact(value: str) -> str:
    return f"{value} BETWEEN -{LARGEST_EXACT_INTEGER} AND {LARGEST_EXACT_INTEGER}"


def _parquet(value: str, kind: Any) -> str:
    if kind.id in _HUGE:
        return f"CAST({value} AS DECIMAL(38, 0))"
    if not any(name in str(kind) for name in _PARQUET_LOSES):
        return value
    return f"CAST(to_json({value}) AS VARCHAR)" if is_nested(kind.id) else f"CAST({value} AS VARCHAR)"


def _text(value: str, kind: str) -> str:
    """In the forms of `json_values`."""
    if kind == "blob":
        return f"to_base64({value})"
    text = f"CAST({value} AS VARCHAR)"
    if kind in ("float", "double"):
        return (
            f"CASE WHEN isnan({value}) THEN 'NaN' WHEN isinf({value}) THEN if({value} > 0, 'Infinity', '-Infinity') "
            f"ELSE {text} END"
        )
    if kind.startswith("timestamp"):
        text = f"if(contains({text}, '(BC)'), {text}, replace({text}, ' ', 'T'))"
    if kind.endswith("time zone"):
        text = rf"regexp_replace({text}, '([+-]\d\d)$', '\1:00')"
    return text


_WRITTEN: dict[str, Callable[[str, Any], str]] = {"csv": _csv, "jsonl": _json, "parquet": _parquet}

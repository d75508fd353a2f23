"""Filters of measures: Looker's filter expressions as SQL conditions.

Covers what measure filters are written with: values, lists, exclusions, comparisons, NULL, and yes or no. Relative
dates and ranges are left as text, as Looker's own parser is not public.
"""

import re
from collections.abc import Iterator
from typing import Any

from ktx_daemon.lookml.columns import Column, ColumnBuilder, quote
from ktx_daemon.lookml.model import LookmlField
from ktx_daemon.lookml.references import Unresolvable, operand

_COMPARISON = re.compile(r"(>=|<=|<>|!=|>|<)\s*(-?\d+(?:\.\d+)?)")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def filters_of(field: LookmlField) -> Iterator[tuple[str, str]]:
    """Yield (field, value) of every filter, in both of LookML's notations."""
    pending: list[Any] = [field.single_filter, field.filters]
    while pending:
        part = pending.pop(0)
        if isinstance(part, list):
            pending = part + pending
        elif isinstance(part, dict) and {"field", "value"} <= part.keys():
            yield str(part["field"]), str(part["value"])
        elif isinstance(part, dict):
            yield from ((str(name), str(value)) for name, value in part.items())


def filter_condition(columns: ColumnBuilder, name: str, value: str) -> str | None:
    """Return the condition, or None for an empty value, which in Looker means any.

    Raises `Unresolvable` for a field that the view does not have.
    """
    kind_and_field = columns.view.fields.get(name.removeprefix(f"{columns.view.name}."))
    if kind_and_field is None or kind_and_field[0] == "measure":
        raise Unresolvable(f"could not resolve sql reference: ${{{name}}}")
    column = columns.column(*kind_and_field)
    wanted = value.strip()
    if not wanted:
        return None
    if column.type == "boolean":
        return _yes_or_no(column, wanted)
    if column.type == "number":
        return _number_condition(column, wanted)
    return _string_condition(column, wanted)


def _yes_or_no(column: Column, wanted: str) -> str:
    if wanted.lower() in ("no", "false"):
        return f"NOT ({column.expr or column.name})"
    return operand(column.expr) if column.expr else column.name


def _number_condition(column: Column, wanted: str) -> str:
    if comparison := _COMPARISON.fullmatch(wanted):
        operator = "<>" if comparison[1] == "!=" else comparison[1]
        return f"{column.expression} {operator} {comparison[2]}"
    parts = [part.strip() for part in wanted.split(",")]
    if all(_NUMBER.fullmatch(part) for part in parts):
        return _equals(column, parts)
    return _string_condition(column, wanted)


def _string_condition(column: Column, wanted: str) -> str:
    parts = [part.strip() for part in wanted.split(",") if part.strip()]
    excluded = [part[1:] for part in parts if part.startswith("-") and len(part) > 1]
    included = [part for part in parts if not (part.startswith("-") and len(part) > 1)]
    conditions = []
    if included:
        conditions.append(_any_of(column, included))
    if excluded:
        conditions.append(f"NOT ({_any_of(column, excluded)})")
    return " AND ".join(conditions)


def _any_of(column: Column, values: list[str]) -> str:
    alternatives = []
    if any(value.upper() == "NULL" for value in values):
        alternatives.append(f"{column.expression} IS NULL")
    alternatives += [f"{column.expression} LIKE {quote(value)}" for value in values if "%" in value]
    if plain := [quote(value) for value in values if "%" not in value and value.upper() != "NULL"]:
        alternatives.append(_equals(column, plain))
    return alternatives[0] if len(alternatives) == 1 else "(" + " OR ".join(alternatives) + ")"


def _equals(column: Column, written: list[str]) -> str:
    if len(written) == 1:
        return f"{column.expression} = {written[0]}"
    return f"{column.expression} IN ({', '.join(written)})"

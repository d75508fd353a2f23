"""Dimensions and dimension groups as columns."""

from dataclasses import dataclass

from ktx_daemon.lookml.inheritance import ResolvedView
from ktx_daemon.lookml.model import Case, FieldKind, LookmlField
from ktx_daemon.lookml.references import (
    LIQUID,
    LIQUID_REASON,
    MAX_DEPTH,
    Unresolvable,
    direct_column,
    operand,
    resolve,
)

_NUMBERS = frozenset({"number", "duration"})
_TIMES = frozenset(
    {"time", "date", "date_time", "date_raw", "date_date", "date_week", "date_month", "date_quarter", "date_year"}
)

_TIMEFRAMES = {
    "raw": "{0}",
    "time": "{0}",
    "date": "DATE_TRUNC('day', {0})",
    "week": "DATE_TRUNC('week', {0})",
    "month": "DATE_TRUNC('month', {0})",
    "quarter": "DATE_TRUNC('quarter', {0})",
    "year": "DATE_TRUNC('year', {0})",
    "hour": "DATE_TRUNC('hour', {0})",
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the drafted source."""

    name: str
    lookml_name: str
    type: str
    role: str
    visibility: str
    description: str | None
    is_computed: bool
    expr: str | None

    @property
    def expression(self) -> str:
        """What stands for it in other expressions."""
        return self.name if self.expr is None else operand(self.expr)


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something that was left out, and why."""

    name: str
    item_type: str
    reason: str


class ColumnBuilder:
    """Makes the columns of one view and resolves references to them."""

    def __init__(self, view: ResolvedView) -> None:
        self.view = view

    def columns(self) -> tuple[list[Column], list[Skipped]]:
        """Return the columns in the order of the fields, and the dimensions that were left out."""
        kept: list[Column] = []
        skipped: list[Skipped] = []
        taken: set[str] = set()
        for kind, field in self.view.fields.values():
            if kind == "measure" or (kind == "dimension_group" and (field.type or "time") != "time"):
                continue
            try:
                column = self.column(kind, field)
            except Unresolvable as error:
                skipped.append(Skipped(field.name, "dimension", str(error)))
                continue
            if column.name in taken and column.expr is None:
                # Two dimensions on one column: the second becomes an expression under its own name.
                column = _as_expression(column)
            taken.add(column.name)
            kept.append(column)
        return kept, skipped

    def column(self, kind: FieldKind, field: LookmlField, depth: int = 0) -> Column:
        """Make one column. Raises `Unresolvable` with the reason why it cannot be made."""
        sql = _sql_of(field)
        if LIQUID.search(sql):
            raise Unresolvable(LIQUID_REASON)
        direct = direct_column(sql)
        expression = None if direct else resolve(sql, lambda name: self.reference(name, depth + 1))
        return Column(
            name=direct or field.name,
            lookml_name=field.name,
            type=_column_type(kind, field),
            role="time" if kind == "dimension_group" else "default",
            visibility="hidden" if field.hidden == "yes" else "public",
            description=field.description or field.label,
            is_computed=direct is None,
            expr=expression,
        )

    def reference(self, name: str, depth: int = 0) -> str:
        """Return the expression of a field of this view. Raises `Unresolvable`."""
        own = name.removeprefix(f"{self.view.name}.")
        if "." in own or depth > MAX_DEPTH:
            raise Unresolvable(f"could not resolve sql reference: ${{{name}}}")
        kind_and_field = self.view.fields.get(own)
        if kind_and_field is not None and kind_and_field[0] == "dimension":
            return self.column(*kind_and_field, depth).expression
        group, _, timeframe = own.rpartition("_")
        kind_and_field = self.view.fields.get(group)
        if kind_and_field is None or kind_and_field[0] != "dimension_group" or timeframe not in _TIMEFRAMES:
            raise Unresolvable(f"could not resolve sql reference: ${{{name}}}")
        return _TIMEFRAMES[timeframe].format(self.column(*kind_and_field, depth).expression)

    def column_name(self, name: str) -> str:
        """Return the column that a field of this view becomes; a name that is no field stands for itself."""
        for candidate in (name, name.rpartition("_")[0]):
            kind, field = self.view.fields.get(candidate, ("measure", None))
            if field is not None and kind != "measure":
                return direct_column(field.sql or f"${{TABLE}}.{field.name}") or field.name
        return name


def _sql_of(field: LookmlField) -> str:
    if field.sql is not None and field.sql.strip():
        return field.sql
    if field.case is not None and field.case.whens:
        return _case_expression(field.case)
    if field.type == "location":
        raise Unresolvable("location without a single column")
    return f"${{TABLE}}.{field.name}"  # LookML's own default


def _case_expression(case: Case) -> str:
    branches = " ".join(f"WHEN {branch.sql.strip()} THEN {quote(branch.label)}" for branch in case.whens)
    otherwise = "" if case.otherwise is None else f" ELSE {quote(case.otherwise)}"
    return f"CASE {branches}{otherwise} END"


def quote(text: str) -> str:
    """Write a text as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


def _column_type(kind: FieldKind, field: LookmlField) -> str:
    declared = field.type or ("time" if kind == "dimension_group" else "string")
    if declared in _NUMBERS:
        return "number"
    if declared in _TIMES:
        return "time"
    return "boolean" if declared == "yesno" else "string"


def _as_expression(column: Column) -> Column:
    return Column(
        name=column.lookml_name,
        lookml_name=column.lookml_name,
        type=column.type,
        role=column.role,
        visibility=column.visibility,
        description=column.description,
        is_computed=True,
        expr=column.name,
    )

"""Dimensions and dimension groups as columns.

There are two forms. `Inline` writes a dimension out wherever another field names it. `Draft` names it: the semantic
layer writes out computed columns by itself, and a column that is computed from the physical one of its own name
would otherwise be computed twice.
"""

from dataclasses import dataclass, replace
from enum import Enum

from ktx_daemon.lookml.elements import Field, Place
from ktx_daemon.lookml.inheritance import ResolvedView
from ktx_daemon.lookml.liquid import resolved as without_liquid
from ktx_daemon.lookml.references import (
    MAX_DEPTH,
    Unresolvable,
    direct_column,
    operand,
    physical_columns,
    quote,
    referenced_names,
    resolve,
)
from ktx_daemon.lookml.syntax import Block
from ktx_daemon.lookml.tiers import tier_expression
from ktx_daemon.lookml.timeframes import INTERVALS, at_timeframe, duration, is_timeframe
from semantic_layer.dialects import SqlDialect
from semantic_layer.identifiers import written

_NUMBERS = frozenset({"number", "duration", "int"})
_TIMES = frozenset(
    {"time", "date", "date_time", "date_raw", "date_date", "date_week", "date_month", "date_quarter", "date_year"}
)
_TIERS = frozenset({"tier", "bin"})


class Form(Enum):
    """How a field appears in the SQL of another."""

    INLINE = "inline"
    DRAFT = "draft"


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `reads` are the physical columns that its own SQL names."""

    name: str
    lookml_name: str
    type: str
    place: Place
    role: str = "default"
    visibility: str = "public"
    description: str | None = None
    expr: str | None = None
    value_format: str | None = None
    reads: tuple[str, ...] = ()

    def answer(self) -> dict[str, object]:
        """The column as `/lookml/parse` gives it."""
        return {
            "name": self.name,
            "lookml_name": self.lookml_name,
            "type": self.type,
            "role": self.role,
            "visibility": self.visibility,
            "description": self.description,
            "is_computed": self.expr is not None,
            "expr": self.expr,
        }


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something that was skipped, and why."""

    name: str
    item_type: str
    reason: str
    place: Place

    def answer(self) -> dict[str, str]:
        """The item as `/lookml/parse` gives it."""
        return {"name": self.name, "item_type": self.item_type, "reason": self.reason}

    def told(self) -> dict[str, object]:
        """The item with the place at which it is written."""
        return {**self.answer(), "file": self.place.path, "line": self.place.line}


class ColumnBuilder:
    """Makes the columns of one view and resolves references to them."""

    def __init__(self, view: ResolvedView, dialect: SqlDialect, form: Form = Form.INLINE, *, prefix: str = "") -> None:
        """With a `prefix` such as `orders.` a draft's names are qualified."""
        self.view = view
        self._prefix = prefix
        self.dialect = dialect
        self.form = form
        self.known = liquid_names(view, dialect)
        self._columns: dict[str, Column] = {}

    def columns(self) -> tuple[list[Column], list[Skipped]]:
        """Return the columns, dimension groups last, and the dimensions that were left out."""
        kept: list[Column] = []
        skipped: list[Skipped] = []
        taken: set[str] = set()
        items = [item for item in self.view.fields.values() if not is_duration(item)]
        dimensions = [item for item in items if item.kind == "dimension"]
        for item in dimensions + [item for item in items if item.kind == "dimension_group"]:
            try:
                column = self.column(item)
            except Unresolvable as error:
                skipped.append(Skipped(item.name, "dimension", str(error), item.place))
                continue
            if column.name in taken and column.expr is None:
                # Two dimensions on one column: the second becomes an expression under its own name.
                column = replace(column, name=item.name, expr=column.name)
            taken.add(column.name)
            kept.append(column)
        return kept, skipped

    def column(self, item: Field, depth: int = 0) -> Column:
        """Return the column of a field. Raises `Unresolvable` with the reason why it cannot be made."""
        column = self._columns.get(item.name)
        if column is None:
            column = self._columns[item.name] = self._made(item, depth)
        return column

    def _made(self, item: Field, depth: int) -> Column:
        sql = self.sql_of(item)
        direct = None if _is_tier(item) else direct_column(sql)
        expression = None if direct else self.expression(sql, depth)
        if _is_tier(item):
            expression = tier_expression(item, expression or "")
        return Column(
            name=direct or item.name,
            lookml_name=item.name,
            type=column_type(item),
            place=item.place,
            role="time" if item.kind == "dimension_group" else "default",
            visibility="hidden" if item.says("hidden") else "public",
            description=item.words,
            expr=expression,
            value_format=item.text("value_format") or item.text("value_format_name"),
            reads=tuple(physical_columns(sql)),
        )

    def durations(self, item: Field) -> tuple[list[Column], list[Skipped]]:
        """The columns of a dimension group of the type duration, one for each interval."""
        kept: list[Column] = []
        skipped: list[Skipped] = []
        for interval in item.texts("intervals") or INTERVALS:
            name = f"{interval}s_{item.name}"
            try:
                expression, reads = self._duration(item, interval, 0)
            except Unresolvable as error:
                skipped.append(Skipped(name, "dimension", str(error), item.place))
                continue
            visibility = "hidden" if item.says("hidden") else "public"
            kept.append(
                Column(name, name, "number", item.place, "default", visibility, item.words, expression, None, reads)
            )
        return kept, skipped

    def _duration(self, item: Field, interval: str, depth: int) -> tuple[str, tuple[str, ...]]:
        start, end = item.text("sql_start"), item.text("sql_end")
        if start is None or end is None:
            raise Unresolvable("a duration needs sql_start and sql_end")
        first, last = (operand(self.expression(side, depth)) for side in (start, end))
        if interval not in INTERVALS:
            raise Unresolvable(f"unknown interval: {interval}")
        return duration(first, last, interval, self.dialect), tuple(physical_columns(f"{start} {end}"))

    def sql_of(self, item: Field) -> str:
        """The SQL of a field with Liquid resolved; LookML's own default where there is none."""
        if item.sql is not None:
            return without_liquid(item.sql, self.known)
        if case := item.block("case"):
            return without_liquid(_case_expression(case), self.known)
        if item.type in ("location", "distance"):
            raise Unresolvable(f"{item.type} without a single column")
        return f"${{TABLE}}.{item.name}"

    def expression(self, sql: str, depth: int = 0) -> str:
        """SQL of this view as an expression over its columns. Raises `Unresolvable`."""
        chosen = without_liquid(sql, self.known)
        return resolve(chosen, lambda name: self.reference(name, depth + 1), self.dialect.name)

    def reference(self, name: str, depth: int = 0) -> str:
        """Return the expression of a field of this view. Raises `Unresolvable`."""
        own = name.removeprefix(f"{self.view.name}.")
        if "." in own or depth > MAX_DEPTH:
            raise Unresolvable(f"could not resolve sql reference: ${{{name}}}")
        item = self.view.fields.get(own)
        if item is not None and item.kind == "dimension":
            return self._standing(item, depth)
        group, timeframe = self.group_of(own)
        if group is not None and is_timeframe(timeframe):
            return at_timeframe(self._standing(group, depth), timeframe, self.dialect)
        interval, _, name_of_group = own.partition("s_")
        item = self.view.fields.get(name_of_group)
        if item is None or not is_duration(item):
            raise Unresolvable(f"could not resolve sql reference: ${{{name}}}")
        expression = self._duration(item, interval, depth)[0]
        return self._prefix + own if self.form is Form.DRAFT else f"({expression})"

    def fields_named_in(self, sql: str) -> set[str]:
        """The columns of a draft that SQL of this view names as `${field}`."""
        found: set[str] = set()
        for name in referenced_names(sql):
            own = name.removeprefix(f"{self.view.name}.")
            group, _ = self.group_of(own)
            found.add(group.name if own not in self.view.fields and group is not None else own)
        return found - {"TABLE"}

    def group_of(self, name: str) -> tuple[Field | None, str]:
        """The dimension group and the timeframe that a name such as `created_month` speaks of."""
        group, _, timeframe = name.rpartition("_")
        item = self.view.fields.get(group)
        is_time = item is not None and item.kind == "dimension_group" and not is_duration(item)
        return (item if is_time else None), timeframe

    def _standing(self, item: Field, depth: int) -> str:
        """The text that replaces a field in the SQL of another."""
        column = self.column(item, depth)
        if self.form is Form.DRAFT:
            return self._prefix + written(item.name, self.dialect.name)
        return written(column.name, self.dialect.name) if column.expr is None else operand(column.expr)

    def column_name(self, name: str) -> str:
        """Return the column that a field of this view becomes; a name that is not a field stands for itself."""
        for candidate in (name, name.rpartition("_")[0]):
            item = self.view.fields.get(candidate)
            if item is not None and item.kind in ("dimension", "dimension_group"):
                return direct_column(item.sql or f"${{TABLE}}.{item.name}") or item.name
        return name


def is_duration(item: Field) -> bool:
    """Whether a dimension group measures the time between two times."""
    return item.kind == "dimension_group" and item.type == "duration"


def liquid_names(view: ResolvedView, dialect: SqlDialect) -> dict[str, object]:
    """What Liquid in a view may ask for and get the same answer in every query."""
    known: dict[str, object] = {"_dialect._name": dialect.name, "_view._name": view.name}
    for item in view.fields.values():
        default = item.text("default_value")
        if item.kind == "parameter" and default is not None:
            value = default if item.type in ("unquoted", "number", "yesno") else quote(default)
            known |= {f"{item.name}._parameter_value": value, f"{view.name}.{item.name}._parameter_value": value}
    return known


def _is_tier(item: Field) -> bool:
    return item.kind == "dimension" and item.type in _TIERS and bool(item.texts("tiers") or item.texts("bins"))


def _case_expression(case: Block) -> str:
    branches = [(branch.text("sql"), branch.text("label")) for branch in case.blocks("when")]
    written_out = " ".join(f"WHEN {sql} THEN {quote(label)}" for sql, label in branches if sql and label is not None)
    if not written_out:
        raise Unresolvable("a case without a branch")
    otherwise = case.text("else")
    return f"CASE {written_out}{'' if otherwise is None else f' ELSE {quote(otherwise)}'} END"


def column_type(item: Field) -> str:
    """The type of the column that a field becomes."""
    declared = item.type or ("time" if item.kind == "dimension_group" else "string")
    if declared in _NUMBERS:
        return "number"
    if declared in _TIMES:
        return "time"
    return "boolean" if declared == "yesno" else "string"

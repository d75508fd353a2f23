"""Views as definitions of the semantic layer that can be queried at once, and what of each view they leave out."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from ktx_daemon.lookml.columns import Column, ColumnBuilder, Form, Skipped, is_duration
from ktx_daemon.lookml.derived_tables import Relation
from ktx_daemon.lookml.elements import pairs_of
from ktx_daemon.lookml.inheritance import ResolvedView
from ktx_daemon.lookml.joins import DraftedJoin
from ktx_daemon.lookml.measures import Measure, MeasureBuilder
from ktx_daemon.lookml.references import Unresolvable
from ktx_daemon.lookml.views import uncovered
from semantic_layer.dialects import SqlDialect
from semantic_layer.errors import SemanticLayerError
from semantic_layer.expressions import columns_of, has_aggregate, has_window, parse_expression

_COLUMN = r"(?!(?:case|end|null|from|select)\b)[a-z_]\w*"
_PLAIN = re.compile(_COLUMN, re.IGNORECASE)
_PLAIN_AGGREGATE = re.compile(rf"(?:count|count_distinct|sum|avg|min|max)\((?:{_COLUMN}|\*)\)", re.IGNORECASE)
"""Most of what is written is one of these, and not worth a parser."""

_SUMS = frozenset({"sum", "sum_distinct", "average", "average_distinct", "median", "median_distinct"})


@dataclass(slots=True)
class Draft:
    """One source in the making."""

    view: ResolvedView
    relation: Relation
    dialect: SqlDialect
    columns: dict[str, Column] = field(default_factory=dict)
    """By lower-case name, physical ones first made by their readers."""

    measures: list[Measure] = field(default_factory=list)
    joins: list[dict[str, str]] = field(default_factory=list)
    segments: list[dict[str, str]] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    read: list[str] = field(default_factory=list)
    """Physical columns that only expressions name: a table that was scanned has them already."""

    def column_of(self, name: str) -> str | None:
        """The column that joins and keys name for a field: the physical one where the field is just that."""
        builder = ColumnBuilder(self.view, self.dialect, Form.DRAFT)
        item = self.view.fields.get(name)
        group, timeframe = builder.group_of(name)
        if item is None and group is not None and timeframe == "raw":
            item = group
        column = self.columns.get(item.name.lower() if item else name.lower())
        if column is None or column.expr is None or len(column.reads) != 1 or column.expr != column.reads[0]:
            return column.name if column else None
        physical = self.columns.get(column.reads[0].lower())
        return physical.name if physical and physical.expr is None else column.name

    def definition(self) -> dict[str, Any]:
        """The source as its file has it."""
        keys = [column for name in self.view.key_fields() if (column := self.column_of(name))]
        physical = [column.name for column in self.columns.values() if column.expr is None]
        return _filled(
            {
                "name": self.view.name,
                "table": self.relation.table,
                "sql": self.relation.sql,
                "description": self.view.view.words,
                # Without a key, all of its columns identify a row.
                "grain": keys or physical or [column.name for column in self.columns.values()],
                "columns": [_column(column) for column in self.columns.values()],
                "joins": self.joins,
                "measures": [_measure(measure) for measure in self.measures],
                "segments": self.segments,
            }
        )


def draft_view(view: ResolvedView, relation: Relation, dialect: SqlDialect) -> Draft:
    """Draft one view without its joins. What cannot be said is in `skipped`."""
    draft = Draft(view, relation, dialect)
    builder = ColumnBuilder(view, dialect, Form.DRAFT)
    candidates = _candidates(builder, draft.skipped)
    computed = _without_conflicts(builder, candidates, draft.skipped)
    measures = _measures(builder, {name.lower() for name in computed}, draft.skipped)
    _place_columns(draft, computed, measures)
    draft.measures = measures
    return draft


def _candidates(builder: ColumnBuilder, skipped: list[Skipped]) -> dict[str, Column]:
    """Columns by the names of their fields; one that is a physical column of another name is computed from it."""
    found: dict[str, Column] = {}
    for item in builder.view.fields.values():
        if is_duration(item):
            columns, left_out = builder.durations(item)
            found |= {column.name: column for column in columns}
            skipped += left_out
        elif item.kind in ("dimension", "dimension_group"):
            try:
                column = builder.column(item)
                if column.expr is None and column.name.lower() != item.name.lower():
                    column = replace(column, name=item.name, expr=builder.expression(builder.sql_of(item)))
                found[item.name] = column
                if column.expr is not None:
                    _check(column.expr, builder, column.reads)
            except Unresolvable as error:
                found.pop(item.name, None)
                skipped.append(Skipped(item.name, "dimension", str(error), item.place))
    return found


def _check(expression: str, builder: ColumnBuilder, reads: Iterable[str], *, aggregates: bool = False) -> None:
    """Refuse what the semantic layer would refuse in every query."""
    if _PLAIN.fullmatch(expression) or (aggregates and _PLAIN_AGGREGATE.fullmatch(expression)):
        return
    try:
        tree = parse_expression(expression, builder.dialect)
    except SemanticLayerError as error:
        raise Unresolvable(str(error)) from None
    if not aggregates and has_aggregate(tree):
        raise Unresolvable("it aggregates, which a dimension may not")
    if has_window(tree):
        raise Unresolvable("it uses a window function, which depends on the rows of the query")
    known = {name.lower() for name in reads} | {builder.view.name.lower()}
    for column in columns_of(tree):
        first = column.parts[0].name
        if len(column.parts) > 1 and first.lower() not in known and first not in builder.view.fields:
            raise Unresolvable(f"it names `{column.sql()}`, which is not a column of this view")


def _without_conflicts(
    builder: ColumnBuilder, candidates: dict[str, Column], skipped: list[Skipped]
) -> dict[str, Column]:
    """Drop columns that read a physical column which another field of its name hides, and those built on dropped."""
    kept = dict(candidates)
    while True:
        computed = {name.lower() for name, column in kept.items() if column.expr is not None}
        for name, column in kept.items():
            reason = _hidden_column(column.reads, computed - {name.lower()})
            item = builder.view.fields.get(name)
            absent = builder.fields_named_in(builder.sql_of(item) if item else "") - kept.keys()
            if reason is None and absent:
                reason = f"it is built on `{min(absent)}`, which was left out"
            if reason is not None:
                skipped.append(Skipped(name, "dimension", reason, column.place))
                del kept[name]
                break
        else:
            return kept


def _hidden_column(reads: Iterable[str], computed: set[str]) -> str | None:
    for read in reads:
        if read.lower() in computed:
            return f"it reads the column `{read}` of the table, which the dimension of that name computes anew"
    return None


def _measures(builder: ColumnBuilder, columns: set[str], skipped: list[Skipped]) -> list[Measure]:
    candidates, left_out = MeasureBuilder(builder).measures()
    skipped += left_out
    computed = {name for name in columns if (item := _field(builder, name)) is None or not _is_physical(builder, item)}
    kept = {measure.name: measure for measure in candidates}
    for measure in candidates:
        reason = _hidden_column(measure.reads, computed) or _unsayable(builder, measure)
        item = builder.view.fields[measure.name]
        named = builder.fields_named_in(item.sql or "")
        filtered = {builder.fields_named_in(f"${{{name}}}").pop() for name, _ in _filters(item)}
        absent = {name for name in named | filtered if name.lower() not in columns and name not in kept}
        if reason is None and absent:
            reason = f"it is built on `{min(absent)}`, which was left out"
        if reason is not None:
            del kept[measure.name]
            skipped.append(Skipped(measure.name, "measure", reason, measure.place))
    return _with_their_parts(kept, skipped)


def _filters(item: Any) -> list[tuple[str, str]]:
    return pairs_of(item.settings.get("filters", [])) if item.type != "number" else []


def _field(builder: ColumnBuilder, name: str) -> Any:
    return next((item for known, item in builder.view.fields.items() if known.lower() == name), None)


def _is_physical(builder: ColumnBuilder, item: Any) -> bool:
    column = builder.column(item)
    return column.expr is None and column.name.lower() == item.name.lower()


def _unsayable(builder: ColumnBuilder, measure: Measure) -> str | None:
    try:
        _check(measure.expr, builder, measure.reads, aggregates=True)
        if measure.filter:
            _check(measure.filter, builder, ())
    except Unresolvable as error:
        return str(error)
    return None


def _with_their_parts(kept: dict[str, Measure], skipped: list[Skipped]) -> list[Measure]:
    while True:
        for measure in kept.values():
            absent = [name for name in measure.depends_on if name not in kept]
            if absent:
                reason = f"it is built on `{absent[0]}`, which was left out"
                skipped.append(Skipped(measure.name, "measure", reason, measure.place))
                del kept[measure.name]
                break
        else:
            return list(kept.values())


def _place_columns(draft: Draft, computed: dict[str, Column], measures: list[Measure]) -> None:
    """Physical columns and computed ones. What expressions read is listed, or it would be looked for elsewhere."""
    taken = {name.lower() for name, column in computed.items() if column.expr is not None}
    for column in computed.values():
        for read in column.reads:
            if read.lower() not in taken and read.lower() not in draft.columns:
                is_itself = column.expr is None or column.expr == read
                kind = column.type if is_itself else "string"
                visibility = column.visibility if is_itself else "hidden"
                draft.columns[read.lower()] = Column(
                    read, read, kind, column.place, column.role if is_itself else "default", visibility, reads=(read,)
                )
                if not is_itself:
                    draft.read.append(read)
        key = column.name.lower()
        known = draft.columns.get(key)
        if column.expr is None and known is not None:
            column = replace(column, name=known.name)
            draft.read = [name for name in draft.read if name.lower() != key]
        draft.columns[key] = column
    for measure in measures:
        for read in measure.reads:
            if read.lower() not in draft.columns:
                kind = "number" if measure.type in _SUMS and measure.expr.endswith(f"({read})") else "string"
                draft.columns[read.lower()] = Column(read, read, kind, measure.place, visibility="hidden")
                draft.read.append(read)
    if draft.relation.sql is not None:
        listed = list(draft.columns.values())
        for column in uncovered(draft.relation.sql, listed, draft.view, draft.dialect):
            draft.columns[column.name.lower()] = column


def add_joins(drafts: dict[str, Draft], joins: Iterable[DraftedJoin], warn: Callable[[str], None]) -> None:
    """Give the drafts their joins. The semantic layer joins on columns that are equal, and on nothing else."""
    for drafted in joins:
        join, told = drafted.join, f"{drafted.place}: the join of `{drafted.join.source_view}` to `{drafted.join.to}`"
        source, target = drafts.get(join.source_view), drafts.get(join.to)
        if source is None or target is None:
            continue
        sides = [(source.column_of(own), target.column_of(other)) for own, other in drafted.pairs]
        if not sides or any(own is None or other is None for own, other in sides):
            warn(f"{told} was left out: its condition is more than columns of the two views that are equal")
            continue
        node = join.alias or join.to
        on = " AND ".join(f"{join.source_view}.{own} = {node}.{other}" for own, other in sides)
        written = {"to": join.to, "on": on, "relationship": join.relationship}
        source.joins.append(written | ({"alias": join.alias} if join.alias else {}))


def add_segment(draft: Draft, name: str, condition: str) -> None:
    """Give a draft a named condition. Raises `Unresolvable` for one that it cannot hold."""
    builder = ColumnBuilder(draft.view, draft.dialect, Form.DRAFT)
    _check(condition, builder, [column.name for column in draft.columns.values()])
    draft.segments.append({"name": name, "expr": condition})


def _column(column: Column) -> dict[str, Any]:
    return _filled(
        {
            "name": column.name,
            "type": column.type,
            "visibility": column.visibility if column.visibility != "public" else None,
            "role": column.role if column.role != "default" else None,
            "expr": column.expr,
            "description": column.description,
            "value_format": column.value_format,
        }
    )


def _measure(measure: Measure) -> dict[str, Any]:
    return _filled(
        {
            "name": measure.name,
            "offset": measure.offset,
            "expr": measure.expr,
            "filter": measure.filter,
            "description": measure.description,
            "value_format": measure.value_format,
        }
    )


def _filled(definition: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in definition.items() if value not in (None, [])}

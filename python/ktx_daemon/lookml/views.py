"""Views as drafted sources, and the views that become none."""

from dataclasses import dataclass, field
from typing import Any

from ktx_daemon.lookml.columns import Column, ColumnBuilder, Skipped
from ktx_daemon.lookml.deadline import attend
from ktx_daemon.lookml.derived_tables import Relation, Relations, projections
from ktx_daemon.lookml.elements import Explore
from ktx_daemon.lookml.inheritance import ResolvedView
from ktx_daemon.lookml.measures import MeasureBuilder
from ktx_daemon.lookml.references import Unresolvable
from semantic_layer.dialects import SqlDialect

NOTHING_TO_READ = "no sql_table_name or derived_table.sql"


@dataclass(slots=True)
class SortedViews:
    """The views of a project, by kind."""

    relations: dict[str, Relation] = field(default_factory=dict)
    """What each view reads that becomes a source."""

    skipped: list[Skipped] = field(default_factory=list)
    aliases: dict[str, str] = field(default_factory=dict)
    """Views that only give another view a second name."""


def sort_views(
    views: dict[str, ResolvedView], explores: list[Explore], dialect: SqlDialect, natives: dict[str, str]
) -> SortedViews:
    """Tell what each view reads; `natives` are the SELECTs of native derived tables that are known."""
    relations = Relations(views, dialect, natives)
    used = {explore.base for explore in explores}
    used |= {join.text("from") or name for explore in explores for name, join in explore.joins.items()}
    extended = {parent for view in views.values() for parent in view.parents} - used if explores else set()
    found = SortedViews()
    for view in views.values():
        attend(view.place.path)
        aliased = _aliased_view(view, views)
        reason = _skip_reason(view, aliased, natives, only_extended=view.name in extended)
        if reason is None:
            try:
                found.relations[view.name] = relations.of(view)
            except Unresolvable as error:
                reason = str(error)
        if reason is not None:
            found.skipped.append(Skipped(view.name, "view", reason, view.place))
            if aliased is not None and not view.is_abstract:
                found.aliases[view.name] = aliased
    attend()
    return found


def _skip_reason(
    view: ResolvedView, aliased: str | None, natives: dict[str, str], *, only_extended: bool
) -> str | None:
    if view.is_abstract:
        return "abstract base view (extension: required)"
    if aliased is not None:
        return f"alias view (same table as '{aliased}', used as join alias)"
    if view.is_native and view.name not in natives:
        return "native derived table (explore_source not supported)"
    # A view is its own table by default, but not when it is only there for others or has nothing to ask for.
    if not view.has_table and (only_extended or not view.fields):
        return NOTHING_TO_READ
    return None


def _aliased_view(view: ResolvedView, views: dict[str, ResolvedView]) -> str | None:
    """Return the view that this one extends without a change, when that one becomes a source."""
    if view.own_fields or len(view.parents) != 1:
        return None
    parent = views.get(view.parents[0])
    if parent is None or parent.is_abstract or parent.name == view.name or not parent.has_table:
        return None
    same = (view.table, view.sql, view.is_native) == (parent.table, parent.sql, parent.is_native)
    # An alias of an alias means what the first one means.
    return (_aliased_view(parent, views) or parent.name) if same else None


def source_answer(view: ResolvedView, relation: Relation, dialect: SqlDialect) -> dict[str, Any]:
    """A view as `/lookml/parse` gives it, with the fields that it names written out."""
    attend(view.place.path)
    builder = ColumnBuilder(view, dialect)
    columns, skipped_dimensions = builder.columns()
    measures, skipped_measures = MeasureBuilder(builder).measures()
    for measure in [measure for measure in measures if measure.offset]:
        measures.remove(measure)
        skipped_measures.append(
            Skipped(measure.name, "measure", "unsupported measure type: period_over_period", measure.place)
        )
    if relation.sql is not None:
        columns += uncovered(relation.sql, columns, view, dialect)
    keys = set(view.key_fields())
    return {
        "name": view.name,
        "source_type": "sql" if relation.sql is not None else "table",
        "table_ref": relation.table,
        "sql": relation.sql,
        "grain": [column.name for column in columns if column.lookml_name in keys],
        "columns": [column.answer() for column in columns],
        "measures": [measure.answer() for measure in measures],
        "description": view.view.words,
        "skipped_dimensions": [skipped.answer() for skipped in skipped_dimensions],
        "skipped_measures": [skipped.answer() for skipped in skipped_measures],
    }


def uncovered(sql: str, columns: list[Column], view: ResolvedView, dialect: SqlDialect) -> list[Column]:
    """Return columns for what a derived table selects and no dimension names."""
    covered = {name.lower() for column in columns for name in (column.name, column.lookml_name)}
    return [
        Column(projection.name, projection.name, projection.type, view.place)
        for projection in projections(sql, dialect)
        if projection.name.lower() not in covered
    ]

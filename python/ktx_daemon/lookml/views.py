"""Views as drafted sources, and the views that become none."""

from dataclasses import asdict, dataclass, replace
from typing import Any

from ktx_daemon.lookml.columns import Column, ColumnBuilder, Skipped
from ktx_daemon.lookml.derived_sql import Translator, projections
from ktx_daemon.lookml.inheritance import ResolvedView
from ktx_daemon.lookml.measures import MeasureBuilder


@dataclass(frozen=True, slots=True)
class DraftedViews:
    """The views of a project, told apart."""

    sources: list[dict[str, Any]]
    skipped: list[Skipped]
    aliases: dict[str, str]
    """Views that only give another view a second name."""


def draft_views(views: dict[str, ResolvedView], translator: Translator) -> DraftedViews:
    """Draft a source for every view that stands for a table or a query."""
    drafted = DraftedViews([], [], {})
    for view in views.values():
        aliased = _aliased_view(view, views)
        if reason := _skip_reason(view, aliased):
            drafted.skipped.append(Skipped(view.name, "view", reason))
            if aliased is not None and not view.is_abstract:
                drafted.aliases[view.name] = aliased
        else:
            drafted.sources.append(_source(view, translator))
    return drafted


def _skip_reason(view: ResolvedView, aliased: str | None) -> str | None:
    if view.is_abstract:
        return "abstract base view (extension: required)"
    if aliased is not None:
        return f"alias view (same table as '{aliased}', used as join alias)"
    if view.is_native and not (view.table or view.sql):
        return "native derived table (explore_source not supported)"
    if not (view.table or view.sql):
        return "no sql_table_name or derived_table.sql"
    return None


def _aliased_view(view: ResolvedView, views: dict[str, ResolvedView]) -> str | None:
    """Return the view that this one extends without a change, when that one becomes a source."""
    if view.own_fields or len(view.parents) != 1:
        return None
    parent = views.get(view.parents[0])
    if parent is None or parent.is_abstract or parent.name == view.name or not parent.has_table:
        return None
    same = (view.table, view.sql, view.is_native) == (parent.table, parent.sql, parent.is_native)
    # An alias of an alias stands for what the first one stands for.
    return (_aliased_view(parent, views) or parent.name) if same else None


def _source(view: ResolvedView, translator: Translator) -> dict[str, Any]:
    builder = ColumnBuilder(view)
    columns, skipped_dimensions = builder.columns()
    measures, skipped_measures = MeasureBuilder(builder).measures()
    if view.sql is not None:
        columns += _uncovered(view.sql, columns)
    keys = {field.name for _, field in view.fields.values() if field.primary_key == "yes"}
    translated = [
        replace(column, expr=translator.translate(column.expr, f"{view.name}.{column.lookml_name}"))
        if column.expr is not None
        else column
        for column in columns
    ]
    return {
        "name": view.name,
        "source_type": "sql" if view.sql is not None else "table",
        "table_ref": None if view.sql is not None else view.table,
        "sql": None if view.sql is None else translator.translate(view.sql, view.name),
        "grain": [column.name for column in columns if column.lookml_name in keys],
        "columns": [asdict(column) for column in translated],
        "measures": [asdict(measure) for measure in measures],
        "description": view.description or view.label,
        "skipped_dimensions": [asdict(skipped) for skipped in skipped_dimensions],
        "skipped_measures": [asdict(skipped) for skipped in skipped_measures],
    }


def _uncovered(sql: str, columns: list[Column]) -> list[Column]:
    """Return columns for what a derived table selects and no dimension names."""
    covered = {name.lower() for column in columns for name in (column.name, column.lookml_name)}
    return [
        Column(
            name=projection.name,
            lookml_name=projection.name,
            type=projection.type,
            role="default",
            visibility="public",
            description=None,
            is_computed=False,
            expr=None,
        )
        for projection in projections(sql)
        if projection.name.lower() not in covered
    ]

"""A whole project as drafts: views, the joins and conditions of explores, native derived tables, and the report."""

from dataclasses import dataclass, field
from typing import Any

from ktx_daemon.lookml.columns import ColumnBuilder, Form, Skipped
from ktx_daemon.lookml.deadline import attend
from ktx_daemon.lookml.drafts import Draft, add_joins, add_segment, draft_view
from ktx_daemon.lookml.elements import Explore, pairs_of
from ktx_daemon.lookml.filters import filter_condition
from ktx_daemon.lookml.inheritance import ResolvedView
from ktx_daemon.lookml.joins import JoinBuilder
from ktx_daemon.lookml.native_tables import native_select
from ktx_daemon.lookml.references import Unresolvable
from ktx_daemon.lookml.views import sort_views
from ktx_daemon.named_conditions import with_named_conditions
from semantic_layer.dialects import SqlDialect


@dataclass(slots=True)
class DraftedProject:
    """The drafts of a project. `natives` are the SELECTs of its native derived tables."""

    drafts: dict[str, Draft] = field(default_factory=dict)
    natives: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    unusable: list[Skipped] = field(default_factory=list)

    def sources(self) -> list[dict[str, Any]]:
        """The definitions, each with the physical columns that only its expressions name."""
        return [
            {"definition": with_named_conditions(draft.definition(), draft.dialect), "read": draft.read}
            for draft in self.drafts.values()
        ]

    def reports(self, skipped: list[Skipped]) -> list[dict[str, Any]]:
        """For each view: whether it was converted, in part or not at all, and what was left out."""
        reports: list[dict[str, Any]] = [
            {
                "name": draft.view.name,
                "status": "partial" if draft.skipped else "converted",
                "file": draft.view.place.path,
                "line": draft.view.place.line,
                "left_out": [item.told() for item in draft.skipped],
            }
            for draft in self.drafts.values()
        ]
        for view in [*skipped, *self.unusable]:
            told = {"name": view.name, "status": "not_converted", "reason": view.reason}
            reports.append(told | {"file": view.place.path, "line": view.place.line, "left_out": []})
        return sorted(reports, key=lambda report: (report["file"], report["line"]))


def draft_project(views: dict[str, ResolvedView], explores: list[Explore], dialect: SqlDialect) -> DraftedProject:
    """Draft every view that can be. Native derived tables ask others, so that each round may make more possible."""
    project = DraftedProject()
    waiting = {name: view for name, view in views.items() if view.is_native}
    reasons: dict[str, str] = {}
    while True:
        _draft_all(project, views, explores, dialect)
        definitions = [draft.definition() for draft in project.drafts.values()]
        found: dict[str, str] = {}
        for name, view in waiting.items():
            attend(view.place.path)
            try:
                found[name] = native_select(view, views, explores, definitions, dialect)
            except Unresolvable as error:
                reasons[name] = str(error)
        if not found:
            break
        project.natives |= found
        waiting = {name: view for name, view in waiting.items() if name not in found}
    for name, view in waiting.items():
        project.warnings.append(f"{view.place}: the native derived table `{name}` was left out: {reasons[name]}")
    _add_conditions(project, views, explores, dialect)
    return project


def _draft_all(
    project: DraftedProject, views: dict[str, ResolvedView], explores: list[Explore], dialect: SqlDialect
) -> None:
    found = sort_views(views, explores, dialect, project.natives)
    project.drafts, project.unusable, project.warnings = {}, [], []
    for name, relation in found.relations.items():
        attend(views[name].place.path)
        draft = draft_view(views[name], relation, dialect)
        if draft.columns:
            project.drafts[name] = draft
        else:
            project.unusable.append(Skipped(name, "view", "it has no dimension", draft.view.place))
    joins = JoinBuilder(views, found.relations, found.aliases, dialect).joins(explores)
    add_joins(project.drafts, joins, project.warnings.append)


def _add_conditions(
    project: DraftedProject, views: dict[str, ResolvedView], explores: list[Explore], dialect: SqlDialect
) -> None:
    """What an explore always asks becomes a segment of the view that it starts from."""
    for explore in explores:
        attend(explore.place.path)
        draft = project.drafts.get(explore.base)
        for key, name in (("always_filter", "always_filter"), ("sql_always_where", "always_where")):
            if key not in explore.settings:
                continue
            told = f"{explore.place}: `{key}` of the explore `{explore.name}` was left out"
            if draft is None:
                project.warnings.append(f"{told}: the view `{explore.base}` was not converted")
                continue
            builder = ColumnBuilder(views[explore.base], dialect, Form.DRAFT)
            try:
                condition = _always(builder, explore, key)
                if condition:
                    add_segment(draft, f"{explore.name}_{name}", condition)
            except Unresolvable as error:
                project.warnings.append(f"{told}: {error}")


def _always(builder: ColumnBuilder, explore: Explore, key: str) -> str:
    if key == "sql_always_where":
        return builder.expression((explore.text(key) or "").replace(f"${{{explore.name}.", f"${{{explore.base}."))
    conditions = [
        filter_condition(builder, name.removeprefix(f"{explore.name}."), value)
        for name, value in pairs_of(explore.settings[key])
    ]
    return " AND ".join(f"({condition})" for condition in conditions if condition)

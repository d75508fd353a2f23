"""`extends` and refinements: from views as written to views with all of their fields."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from ktx_daemon.lookml.model import Explore, FieldKind, Join, LookmlField, View, names

_REFINABLE = ("label", "description", "hidden", "tags")
"""What a refinement changes in a field that the view already has."""


@dataclass(slots=True)
class ResolvedView:
    """A view with its inherited fields; `own_fields` counts those that it declares itself."""

    name: str
    label: str | None
    description: str | None
    is_abstract: bool
    table: str | None
    sql: str | None
    is_native: bool
    parents: list[str]
    own_fields: int
    fields: dict[str, tuple[FieldKind, LookmlField]] = field(default_factory=dict)

    @property
    def has_table(self) -> bool:
        """Whether it stands for something that can be queried."""
        return bool(self.table or self.sql or self.is_native)


def resolve_views(views: Iterable[View]) -> dict[str, ResolvedView]:
    """Apply refinements in their order, then inheritance. Of two views with one name the last counts."""
    written = list(views)
    own = {view.name: _as_written(view) for view in written if not view.name.startswith("+")}
    for refinement in written:
        if refinement.name.startswith("+") and (target := own.get(refinement.name[1:])):
            _refine(target, refinement)
    resolved: dict[str, ResolvedView] = {}
    for name in own:
        _inherit(name, own, resolved, ())
    return {name: resolved[name] for name in own}


def _as_written(view: View) -> ResolvedView:
    derived = view.derived_table
    fields = {item.name: (kind, item) for kind, item in view.fields()}
    return ResolvedView(
        name=view.name,
        label=view.label,
        description=view.description,
        is_abstract=view.extension == "required",
        table=(view.sql_table_name or "").strip() or None,
        sql=((derived.sql if derived else None) or "").strip() or None,
        is_native=derived is not None and derived.explore_source is not None,
        parents=names(view.extends),
        own_fields=len(fields),
        fields=fields,
    )


def _refine(view: ResolvedView, refinement: View) -> None:
    for kind, item in refinement.fields():
        if item.name in view.fields:
            known_kind, known = view.fields[item.name]
            changes = {key: value for key in _REFINABLE if (value := getattr(item, key)) is not None}
            view.fields[item.name] = (known_kind, known.model_copy(update=changes))
        else:
            view.fields[item.name] = (kind, item)
            view.own_fields += 1
    view.parents += names(refinement.extends)


def _inherit(
    name: str, own: dict[str, ResolvedView], resolved: dict[str, ResolvedView], path: tuple[str, ...]
) -> ResolvedView:
    if name in resolved:
        return resolved[name]
    view = own[name]
    fields: dict[str, tuple[FieldKind, LookmlField]] = {}
    table, sql, is_native = view.table, view.sql, view.is_native
    description = view.description
    # An extension that names itself, directly or around a circle, inherits nothing the second time.
    for parent_name in (parent for parent in view.parents if parent in own and parent not in (*path, name)):
        parent = _inherit(parent_name, own, resolved, (*path, name))
        fields |= parent.fields
        if not view.has_table and parent.has_table:
            table, sql, is_native = parent.table, parent.sql, parent.is_native
        description = description or parent.description
    resolved[name] = replace(
        view, table=table, sql=sql, is_native=is_native, description=description, fields=fields | view.fields
    )
    return resolved[name]


def resolve_explores(explores: Iterable[Explore]) -> list[Explore]:
    """Add the joins of extended explores and of refinements."""
    written = list(explores)
    own = {explore.name: explore for explore in written if not explore.name.startswith("+")}
    for refinement in written:
        if refinement.name.startswith("+") and (target := own.get(refinement.name[1:])):
            target.joins = _merged(target.joins, refinement.joins)
            target.extends = [*target.extends, *refinement.extends]
    return [explore.model_copy(update={"joins": _inherited_joins(name, own, ())}) for name, explore in own.items()]


def _inherited_joins(name: str, own: dict[str, Explore], path: tuple[str, ...]) -> list[Join]:
    joins: list[Join] = []
    for parent in names(own[name].extends):
        if parent in own and parent not in (*path, name):
            joins = _merged(joins, _inherited_joins(parent, own, (*path, name)))
    return _merged(joins, own[name].joins)


def _merged(first: list[Join], second: list[Join]) -> list[Join]:
    """A join that is written again keeps its place and takes what the second one says."""
    merged = {join.name: join for join in first}
    for join in second:
        known = merged.get(join.name)
        merged[join.name] = known.model_copy(update=join.model_dump(exclude_none=True)) if known else join
    return list(merged.values())

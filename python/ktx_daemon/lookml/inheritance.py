"""`extends` and refinements: from views and explores as written to whole ones."""

from collections.abc import Container, Iterable
from dataclasses import dataclass, field, replace

from ktx_daemon.lookml.elements import Element, Explore, Field, Place, View

_OWN_SETTINGS = frozenset({"extends", "extension", "label", "view_label"})
"""Settings that a child does not take from what it extends."""


@dataclass(slots=True)
class ResolvedView:
    """A view with its inherited fields; `own_fields` counts those that it declares itself."""

    view: View
    own_fields: int
    parents: list[str]
    fields: dict[str, Field] = field(default_factory=dict)
    table: str | None = None
    sql: str | None = None
    is_native: bool = False

    @property
    def name(self) -> str:
        """The view's name."""
        return self.view.name

    @property
    def place(self) -> Place:
        """Where it is written."""
        return self.view.place

    @property
    def is_abstract(self) -> bool:
        """Whether it is only there to be extended."""
        return self.view.text("extension") == "required"

    @property
    def has_table(self) -> bool:
        """Whether it says what it reads."""
        return bool(self.table or self.sql or self.is_native)

    def key_fields(self) -> list[str]:
        """The names of the fields that make up the primary key."""
        return [name for name, item in self.fields.items() if item.says("primary_key")]


def resolve_views(views: Iterable[View]) -> tuple[dict[str, ResolvedView], list[str]]:
    """Apply refinements in their order, then inheritance. Of two views with one name the first counts.

    The second part of the answer is what was lost on the way.
    """
    written = list(views)
    own: dict[str, View] = {}
    lost: list[str] = []
    for view in (view for view in written if not view.name.startswith("+")):
        if first := own.get(view.name):
            lost.append(f"{view.place}: the view `{view.name}` was left out: {first.place} defines it already")
        else:
            own[view.name] = View(view.name, view.place, dict(view.settings), dict(view.fields))
    for refinement in (view for view in written if view.name.startswith("+")):
        if target := own.get(refinement.name[1:]):
            _refine(target, refinement)
        else:
            lost.append(f"{refinement.place}: the refinement `{refinement.name}` was left out: there is no such view")
    resolved: dict[str, ResolvedView] = {}
    for name in own:
        _inherit(name, own, resolved, (), lost)
    return {name: resolved[name] for name in own}, lost


def _refine(view: View, refinement: View) -> None:
    extended = [*view.settings.get("extends", []), *refinement.settings.get("extends", [])]
    view.settings |= refinement.settings
    if extended:
        view.settings["extends"] = extended
    for name, item in refinement.fields.items():
        known = view.fields.get(name)
        view.fields[name] = known.changed_by(item) if known else item


def _inherit(
    name: str, own: dict[str, View], resolved: dict[str, ResolvedView], path: tuple[str, ...], lost: list[str]
) -> ResolvedView:
    if name in resolved:
        return resolved[name]
    view = own[name]
    fields: dict[str, Field] = {}
    settings: dict[str, list[object]] = {}
    parents = view.texts("extends")
    for parent in parents:
        if parent not in own:
            lost.append(f"{view.place}: the view `{name}` extends `{parent}`, which is not there")
        # An extension that names itself, directly or around a circle, inherits nothing the second time.
        elif parent not in (*path, name):
            inherited = _inherit(parent, own, resolved, (*path, name), lost)
            fields |= inherited.fields
            settings |= {k: v for k, v in inherited.view.settings.items() if k not in _OWN_SETTINGS}
    if "sql_table_name" in view.settings or "derived_table" in view.settings:
        settings.pop("sql_table_name", None)
        settings.pop("derived_table", None)
    for field_name, item in view.fields.items():
        fields[field_name] = fields[field_name].changed_by(item) if field_name in fields else item
    whole = replace(view, settings=settings | view.settings)
    derived = whole.block("derived_table")
    resolved[name] = ResolvedView(
        view=whole,
        own_fields=len(view.fields),
        parents=parents,
        fields=fields,
        table=(whole.text("sql_table_name") or "").strip() or None,
        sql=((derived.text("sql") if derived else None) or "").strip() or None,
        is_native=derived is not None and bool(derived.blocks("explore_source")),
    )
    return resolved[name]


def resolve_explores(explores: Iterable[Explore], views: Container[str]) -> list[Explore]:
    """Add what extended explores and refinements say. Of two explores of one name each stays itself.

    An explore with the name of a view starts from that view, also when what it extends starts from its own.
    """
    written = list(explores)
    own: dict[str, Explore] = {}
    for explore in (explore for explore in written if not explore.name.startswith("+")):
        known = own.get(explore.name)
        own[explore.name if known is None else f"{explore.name}\0{explore.place}"] = explore
    for refinement in (explore for explore in written if explore.name.startswith("+")):
        if target := own.get(refinement.name[1:]):
            target.joins = _merged(target.joins, refinement.joins)
            extended = [*target.settings.get("extends", []), *refinement.settings.get("extends", [])]
            target.settings |= refinement.settings
            target.settings["extends"] = extended
    whole = [_whole(name, own, (), views) for name in own]
    return [explore for explore in whole if explore.text("extension") != "required"]


def _whole(name: str, own: dict[str, Explore], path: tuple[str, ...], views: Container[str]) -> Explore:
    explore = own[name]
    joins: dict[str, Element] = {}
    settings: dict[str, list[object]] = {}
    for parent in explore.texts("extends"):
        if parent in own and parent not in (*path, name):
            inherited = _whole(parent, own, (*path, name), views)
            joins = _merged(joins, inherited.joins)
            settings |= {k: v for k, v in inherited.settings.items() if k not in ("extends", "extension")}
            if explore.name not in views and "from" not in settings and "view_name" not in settings:
                settings["view_name"] = [inherited.base]
    return replace(explore, joins=_merged(joins, explore.joins), settings=settings | explore.settings)


def _merged(first: dict[str, Element], second: dict[str, Element]) -> dict[str, Element]:
    """A join that is written again keeps its place and takes what the second one says."""
    merged = dict(first)
    for name, join in second.items():
        known = merged.get(name)
        merged[name] = replace(join, settings=known.settings | join.settings) if known else join
    return merged

"""Joins of explores as joins between drafted sources."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ktx_daemon.lookml.columns import ColumnBuilder
from ktx_daemon.lookml.inheritance import ResolvedView
from ktx_daemon.lookml.model import Explore
from ktx_daemon.lookml.model import Join as WrittenJoin
from ktx_daemon.lookml.references import LIQUID, LIQUID_REASON

RELATIONSHIPS = ("many_to_one", "one_to_many", "one_to_one")
DEFAULT_RELATIONSHIP = "many_to_one"

_FIELD = re.compile(r"\$\{\s*(\w+)\.(\w+)\s*\}")


@dataclass(frozen=True, slots=True)
class Join:
    """One join of a drafted source. `alias` names the role in which the target is joined."""

    source_view: str
    to: str
    alias: str | None
    on: str
    relationship: str


class JoinBuilder:
    """Makes the joins of all explores of a project."""

    def __init__(self, views: dict[str, ResolvedView], emitted: Iterable[str], aliases: dict[str, str]) -> None:
        self.views = views
        self.emitted = set(emitted)
        self.aliases = aliases
        self.warnings: list[str] = []
        self._joins: dict[tuple[str, str, str | None], Join] = {}

    def joins(self, explores: Iterable[Explore]) -> list[Join]:
        """Return the joins in their order; of those with one source, target and alias only the first."""
        for explore in explores:
            base = explore.view or explore.view_name or explore.name
            # What a name in `${name.field}` stands for, inside this explore.
            named = {explore.name: base, base: base} | {join.name: join.view or join.name for join in explore.joins}
            for join in explore.joins:
                self._add(explore, base, join, named)
        return list(self._joins.values())

    def _add(self, explore: Explore, base: str, join: WrittenJoin, named: dict[str, str]) -> None:
        place = f"join '{join.name}' of explore '{explore.name}'"
        condition = self._condition(base, join, named)
        if not condition:
            self.warnings.append(f"{place} was left out: it has no sql_on or foreign_key")
        elif LIQUID.search(condition):
            self.warnings.append(f"{place} was left out: {LIQUID_REASON}")
        elif (join.relationship or DEFAULT_RELATIONSHIP) not in RELATIONSHIPS:
            self.warnings.append(f"{place} was left out: relationship {join.relationship} has no safe direction")
        else:
            self._keep(base, join, condition, named)

    def _keep(self, base: str, join: WrittenJoin, condition: str, named: dict[str, str]) -> None:
        mentioned = [match[1] for match in _FIELD.finditer(condition) if match[1] != join.name]
        source = self._source_of(named.get(mentioned[0], mentioned[0]) if mentioned else base)
        viewed = join.view or join.name
        target = self._source_of(viewed)
        alias = join.name if join.view or target != viewed else None
        if source not in self.emitted or (target not in self.emitted and alias is None):
            return
        key = (source, target, alias)
        self._joins.setdefault(
            key,
            Join(
                source_view=source,
                to=target,
                alias=alias,
                on=self._with_columns(condition, join.name, named),
                relationship=join.relationship or DEFAULT_RELATIONSHIP,
            ),
        )

    def _condition(self, base: str, join: WrittenJoin, named: dict[str, str]) -> str | None:
        if join.sql_on and join.sql_on.strip():
            return " ".join(join.sql_on.split())
        key = self._primary_key(named[join.name])
        return f"${{{base}.{join.foreign_key}}} = ${{{join.name}.{key}}}" if join.foreign_key and key else None

    def _primary_key(self, view_name: str) -> str | None:
        view = self.views.get(view_name)
        fields = view.fields.values() if view else ()
        return next((field.name for _, field in fields if field.primary_key == "yes"), None)

    def _with_columns(self, condition: str, join_name: str, named: dict[str, str]) -> str:
        """Replace `${view.field}` by `view.column`. The target keeps the name of the join, which may be its alias."""

        def column(match: re.Match[str]) -> str:
            name, field = match[1], match[2]
            viewed = named.get(name, name)
            view = self.views.get(viewed)
            written = ColumnBuilder(view).column_name(field) if view else field
            return f"{name if name == join_name else self._source_of(viewed)}.{written}"

        return _FIELD.sub(column, condition)

    def _source_of(self, view: str) -> str:
        return self.aliases.get(view, view)

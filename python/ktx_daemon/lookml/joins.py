"""Joins of explores as joins between drafted sources."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ktx_daemon.lookml.columns import ColumnBuilder
from ktx_daemon.lookml.deadline import attend
from ktx_daemon.lookml.elements import Element, Explore, Place
from ktx_daemon.lookml.inheritance import ResolvedView
from ktx_daemon.lookml.references import LIQUID, LIQUID_REASON
from semantic_layer.dialects import SqlDialect

RELATIONSHIPS = ("many_to_one", "one_to_many", "one_to_one")
DEFAULT_RELATIONSHIP = "many_to_one"

_FIELD = re.compile(r"\$\{\s*(\w+)\.(\w+)\s*\}")
_COMPARISON = re.compile(r"\s*\$\{\s*\w+\.\w+\s*\}\s*=\s*\$\{\s*\w+\.\w+\s*\}\s*")
_AND = re.compile(r"\s+AND\s+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Join:
    """One join of a drafted source. `alias` names the role in which the target is joined."""

    source_view: str
    to: str
    alias: str | None
    on: str
    relationship: str

    def answer(self) -> dict[str, str | None]:
        """The join as `/lookml/parse` gives it."""
        return {
            "source_view": self.source_view,
            "to": self.to,
            "alias": self.alias,
            "on": self.on,
            "relationship": self.relationship,
        }


@dataclass(frozen=True, slots=True)
class DraftedJoin:
    """A join in the names of the dimensions: `pairs` are (field of the source, field of the target)."""

    join: Join
    pairs: tuple[tuple[str, str], ...]
    place: Place


class JoinBuilder:
    """Makes the joins of all explores of a project."""

    def __init__(
        self, views: dict[str, ResolvedView], emitted: Iterable[str], aliases: dict[str, str], dialect: SqlDialect
    ) -> None:
        self.views = views
        self.emitted = set(emitted)
        self.aliases = aliases
        self.dialect = dialect
        self.warnings: list[str] = []
        self._joins: dict[tuple[str, str, str | None], DraftedJoin] = {}

    def joins(self, explores: Iterable[Explore]) -> list[DraftedJoin]:
        """Return the joins in their order; a second condition for the same two views becomes a role."""
        for explore in explores:
            attend(explore.place.path)
            base = explore.base
            # What a name in `${name.field}` stands for, inside this explore.
            named = {explore.name: base, base: base}
            named |= {name: join.text("from") or name for name, join in explore.joins.items()}
            for join in explore.joins.values():
                self._add(explore, join, named)
        attend()
        return list(self._joins.values())

    def _add(self, explore: Explore, join: Element, named: dict[str, str]) -> None:
        place = f"{join.place}: join '{join.name}' of explore '{explore.name}'"
        condition = self._condition(explore.base, join, named)
        relationship = join.text("relationship") or DEFAULT_RELATIONSHIP
        if not condition:
            self.warnings.append(f"{place} was left out: it has no sql_on or foreign_key")
        elif LIQUID.search(condition):
            self.warnings.append(f"{place} was left out: {LIQUID_REASON}")
        elif relationship not in RELATIONSHIPS:
            self.warnings.append(f"{place} was left out: relationship {relationship} has no safe direction")
        else:
            self._keep(explore, join, condition, relationship, named, place)

    def _keep(
        self, explore: Explore, join: Element, condition: str, relationship: str, named: dict[str, str], told: str
    ) -> None:
        mentioned = [match[1] for match in _FIELD.finditer(condition) if match[1] != join.name]
        source = self._source_of(named.get(mentioned[0], mentioned[0]) if mentioned else explore.base)
        viewed = named[join.name]
        target = self._source_of(viewed)
        alias = join.name if join.text("from") or target != viewed else None
        if absent := [view for view in (source, target) if view not in self.emitted]:
            self.warnings.append(f"{told} was left out: the view `{absent[0]}` was not converted or is not there")
            return
        drafted = DraftedJoin(
            Join(source, target, alias, self._with_columns(condition, join.name, named), relationship),
            self._pairs(condition, join.name, named),
            join.place,
        )
        known = self._joins.setdefault((source, target, alias), drafted)
        if known.join.on != drafted.join.on:
            self._keep_as_role(drafted, f"{explore.name}_{join.name}", join.name, known, told)

    def _keep_as_role(self, drafted: DraftedJoin, role: str, name: str, known: DraftedJoin, told: str) -> None:
        """What another explore joins by another condition is another role."""
        join = drafted.join
        on = re.sub(rf"\b{re.escape(name)}\.", f"{role}.", join.on)
        as_role = Join(join.source_view, join.to, role, on, join.relationship)
        key = (join.source_view, join.to, role)
        if role not in self.views and key not in self._joins:
            self._joins[key] = DraftedJoin(as_role, drafted.pairs, drafted.place)
            self.warnings.append(f"{told} became the role `{role}`: {known.place} joins it on another condition")
        elif key not in self._joins or self._joins[key].join.on != on:
            self.warnings.append(f"{told} was left out: {known.place} joins it on another condition")

    def _condition(self, base: str, join: Element, named: dict[str, str]) -> str | None:
        if written := join.text("sql_on"):
            return " ".join(written.split())
        foreign, key = join.text("foreign_key"), self._primary_key(named[join.name])
        if not foreign or not key:
            return None
        qualified = foreign if "." in foreign else f"{base}.{foreign}"
        return f"${{{qualified}}} = ${{{join.name}.{key}}}"

    def _primary_key(self, view_name: str) -> str | None:
        view = self.views.get(view_name)
        return next(iter(view.key_fields()), None) if view else None

    def _with_columns(self, condition: str, join_name: str, named: dict[str, str]) -> str:
        """Replace `${view.field}` by `view.column`. The target keeps the name of the join, which may be its alias."""

        def column(match: re.Match[str]) -> str:
            name, item = match[1], match[2]
            viewed = named.get(name, name)
            view = self.views.get(viewed)
            written = ColumnBuilder(view, self.dialect).column_name(item) if view else item
            return f"{name if name == join_name else self._source_of(viewed)}.{written}"

        return _FIELD.sub(column, condition)

    def _pairs(self, condition: str, join_name: str, named: dict[str, str]) -> tuple[tuple[str, str], ...]:
        """The fields that are equal, those of the target second; none when that is not all that is asked."""
        pairs: list[tuple[str, str]] = []
        for part in _AND.split(condition):
            fields = [(match[1], match[2]) for match in _FIELD.finditer(part)]
            if not _COMPARISON.fullmatch(part) or len(fields) != 2:
                return ()
            (left, own), (right, other) = fields
            if left == join_name:
                left, own, right, other = right, other, left, own
            if right != join_name or left == join_name:
                return ()
            pairs.append((own, other))
        owners = {named.get(match[1], match[1]) for match in _FIELD.finditer(condition) if match[1] != join_name}
        return tuple(pairs) if len(owners) == 1 else ()

    def _source_of(self, view: str) -> str:
        return self.aliases.get(view, view)

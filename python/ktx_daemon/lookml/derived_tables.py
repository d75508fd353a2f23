"""What a view reads: a table, a SELECT, and the other views that its SQL names as `${view.SQL_TABLE_NAME}`."""

import re
from dataclasses import dataclass

from sqlglot import exp
from sqlglot.errors import SqlglotError

from ktx_daemon.lookml.columns import liquid_names
from ktx_daemon.lookml.constants import unresolved
from ktx_daemon.lookml.inheritance import ResolvedView
from ktx_daemon.lookml.liquid import resolved as without_liquid
from ktx_daemon.lookml.references import LIQUID, Unresolvable
from semantic_layer.dialects import SqlDialect
from semantic_layer.nesting import parse

_TABLE_OF = re.compile(r"\$\{\s*(\w+)\.SQL_TABLE_NAME\s*\}")
_WITH = re.compile(r"\s*WITH\s+(RECURSIVE\s+)?", re.IGNORECASE)
_REFERENCE = re.compile(r"\$\{[^}]*\}")

_DATE_FUNCTIONS = (
    exp.DateTrunc,
    exp.TimestampTrunc,
    exp.CurrentDate,
    exp.CurrentTimestamp,
    exp.DateAdd,
    exp.DateSub,
    exp.TsOrDsToDate,
    exp.StrToDate,
    exp.StrToTime,
)


@dataclass(frozen=True, slots=True)
class Relation:
    """What a view reads: one of the two."""

    table: str | None
    sql: str | None


@dataclass(frozen=True, slots=True)
class Projection:
    """A named column of a SELECT."""

    name: str
    type: str


class Relations:
    """What the views of a project read. `natives` are the SELECTs of native derived tables, where there are any."""

    def __init__(self, views: dict[str, ResolvedView], dialect: SqlDialect, natives: dict[str, str]) -> None:
        self._views = views
        self._dialect = dialect
        self._natives = natives

    def of(self, view: ResolvedView) -> Relation:
        """Return what a view reads. Raises `Unresolvable` with the reason why that is unknown."""
        if view.sql is None and not view.is_native:
            return Relation(self._in_place(view, view.table or view.name, ()), None)
        needed: dict[str, str] = {}
        return Relation(None, _with(needed, self._body(view, needed, ())))

    def _body(self, view: ResolvedView, needed: dict[str, str], path: tuple[str, ...]) -> str:
        """The SELECT of a view, in which views with a SELECT appear by name; theirs are put into `needed`."""
        if view.is_native:
            return self._natives[view.name]
        sql = self._chosen(view, view.sql or "")

        def relation(match: re.Match[str]) -> str:
            named = self._named(match[1], (*path, view.name))
            if named.sql is None and not named.is_native:
                return self._in_place(named, named.table or named.name, (*path, view.name))
            if named.name not in needed:
                body = self._body(named, needed, (*path, view.name))
                needed[named.name] = body
            return named.name

        return _without_references(_TABLE_OF.sub(relation, sql))

    def _in_place(self, view: ResolvedView, table: str, path: tuple[str, ...]) -> str:
        def relation(match: re.Match[str]) -> str:
            named = self._named(match[1], (*path, view.name))
            if named.sql is not None or named.is_native:
                raise Unresolvable(f"its table name is that of the derived table `{named.name}`")
            return self._in_place(named, named.table or named.name, (*path, view.name))

        return _without_references(_TABLE_OF.sub(relation, self._chosen(view, table)))

    def _named(self, name: str, path: tuple[str, ...]) -> ResolvedView:
        view = self._views.get(name)
        if view is None:
            raise Unresolvable(f"`${{{name}.SQL_TABLE_NAME}}` names a view that is not there")
        if name in path:
            raise Unresolvable(f"`${{{name}.SQL_TABLE_NAME}}` refers to itself")
        if name not in self._natives and view.is_native:
            raise Unresolvable(f"`${{{name}.SQL_TABLE_NAME}}` could not be converted itself")
        return view

    def _chosen(self, view: ResolvedView, text: str) -> str:
        if constant := unresolved(text):
            raise Unresolvable(f"unresolved constant: {constant}")
        try:
            return without_liquid(text, liquid_names(view, self._dialect))
        except Unresolvable:
            raise Unresolvable(f"Liquid that depends on the query: {_liquid_of(text)}") from None


def _liquid_of(text: str) -> str:
    found = LIQUID.search(text)
    tag = text[found.start() if found else 0 :].split("%}")[0].split("}}")[0]
    return f"{' '.join(tag.split())[:60]} {'%}' if tag.startswith('{%') else '}}'}"


def _without_references(sql: str) -> str:
    if left := _REFERENCE.search(sql):
        raise Unresolvable(f"could not resolve sql reference: {left[0]}")
    return sql


def _with(needed: dict[str, str], sql: str) -> str:
    """The SELECT after the common table expressions that it needs."""
    if not needed:
        return sql
    tables = ",\n".join(f"{name} AS (\n{body}\n)" for name, body in needed.items())
    opening = _WITH.match(sql)
    if opening is None:
        return f"WITH {tables}\n{sql}"
    return f"WITH {opening[1] or ''}{tables},\n{sql[opening.end() :]}"


def projections(sql: str, dialect: SqlDialect) -> list[Projection]:
    """Return the named columns of the SELECT, or nothing when they are unknown."""
    try:
        statement = parse(sql, dialect.grammar)[0]
    except (SqlglotError, RecursionError, IndexError):
        return []
    if not isinstance(statement, exp.Query):
        return []
    return [
        Projection(projection.alias_or_name, _type_of(projection.unalias()))
        for projection in statement.selects
        if projection.alias_or_name not in ("", "*")
    ]


def _type_of(expression: exp.Expr) -> str:
    if isinstance(expression, exp.Cast):
        if expression.to.is_type(*exp.DataType.TEMPORAL_TYPES):
            return "time"
        return "number" if expression.to.is_type(*exp.DataType.NUMERIC_TYPES) else "string"
    if expression.find(*_DATE_FUNCTIONS):
        return "time"
    return "number" if expression.find(exp.AggFunc) else "string"

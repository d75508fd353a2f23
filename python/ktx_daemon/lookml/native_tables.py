"""Native derived tables: the SELECT of an explore's query, made by the semantic layer from the drafts."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlglot
from sqlglot import exp

from ktx_daemon.lookml.columns import ColumnBuilder, Form
from ktx_daemon.lookml.elements import Explore, pairs_of
from ktx_daemon.lookml.filters import filter_condition
from ktx_daemon.lookml.inheritance import ResolvedView
from ktx_daemon.lookml.references import Unresolvable
from ktx_daemon.lookml.syntax import Block
from semantic_layer import SemanticLayerError, run_query
from semantic_layer.dialects import SqlDialect

_DEPENDS_ON_QUERY = ("bind_filters", "bind_all_filters", "expression_custom_filter")
_ALL_ROWS = 1 << 40
_PERIODS = {"date": "day", "week": "week", "month": "month", "quarter": "quarter", "year": "year", "hour": "hour"}


def native_select(
    view: ResolvedView,
    views: Mapping[str, ResolvedView],
    explores: Sequence[Explore],
    definitions: Sequence[Mapping[str, Any]],
    dialect: SqlDialect,
) -> str:
    """The SELECT of a native derived table. Raises `Unresolvable` with the reason why there is none."""
    derived = view.view.block("derived_table")
    source = derived.blocks("explore_source")[-1] if derived else Block("", 1)
    if bound := next((key for key in _DEPENDS_ON_QUERY if source.values(key)), None):
        raise Unresolvable(f"`{bound}` depends on the query that asks for it")
    explore = next((explore for explore in explores if explore.name == source.name), None)
    if explore is None:
        raise Unresolvable(f"its explore `{source.name}` is not there")
    asked = _Asked(explore, views, dialect)
    columns = [(column.name, asked.field(column.text("field") or column.name)) for column in source.blocks("column")]
    derived_columns = [(column.name, column.text("sql") or "") for column in source.blocks("derived_column")]
    limit = source.text("limit") or ""
    conditions = [asked.condition(name, value) for name, value in pairs_of(source.values("filters"))]
    query = {
        "dimensions": [field for _, field in columns if isinstance(field, dict)],
        "measures": [field for _, field in columns if isinstance(field, str)],
        "filters": [condition for condition in conditions if condition],
        "limit": int(limit) if limit.isdigit() else _ALL_ROWS,
        "include_empty": False,
    }
    try:
        compiled = run_query(definitions, query, dialect.name)
    except SemanticLayerError as error:
        raise Unresolvable(str(error)) from None
    return _select(compiled["sql"], columns, derived_columns, dialect, limited=limit.isdigit())


def _select(
    sql: str,
    columns: list[tuple[str, dict[str, str] | str]],
    derived: list[tuple[str, str]],
    dialect: SqlDialect,
    *,
    limited: bool,
) -> str:
    """The query with its columns named as the table names them."""
    statement = sqlglot.parse_one(sql, dialect=dialect.grammar)
    if not isinstance(statement, exp.Query):
        raise Unresolvable("its query is not a SELECT")
    labels = statement.named_selects
    if not limited:
        statement.set("limit", None)
        statement.set("order", None)
    # Dimensions come first in the SQL, each in the order in which it was asked for.
    ordered = [name for name, field in columns if isinstance(field, dict)]
    ordered += [name for name, field in columns if isinstance(field, str)]
    if len(labels) != len(ordered):
        raise Unresolvable("its measures bring others with them")
    named = dict(zip(ordered, labels, strict=True))
    inner = exp.select(
        *(exp.alias_(exp.column(named[name], quoted=True), name, quoted=False) for name, _ in columns)
    ).from_(exp.Subquery(this=statement, alias=exp.TableAlias(this=exp.to_identifier("explored"))))
    text = inner.sql(dialect=dialect.grammar, normalize_functions=False)
    if not derived:
        return text
    added = ", ".join(f"{expression} AS {name}" for name, expression in derived)
    return f"SELECT selected.*, {added} FROM ({text}) AS selected"


class _Asked:
    """Fields of an explore in the names of the drafts."""

    def __init__(self, explore: Explore, views: Mapping[str, ResolvedView], dialect: SqlDialect) -> None:
        self._explore = explore
        self._views = views
        self._dialect = dialect

    def _builder(self, written: str) -> tuple[str, str, ColumnBuilder]:
        node, _, name = written.rpartition(".")
        if node in ("", self._explore.name):
            node = self._explore.base
        join = self._explore.joins.get(node)
        view = self._views.get((join.text("from") if join else None) or node)
        if view is None:
            raise Unresolvable(f"could not resolve the field `{written}`")
        return node, name, ColumnBuilder(view, self._dialect, Form.DRAFT, prefix=f"{node}.")

    def field(self, written: str) -> dict[str, str] | str:
        """A measure's reference, or a dimension as a query asks for it."""
        node, name, builder = self._builder(written)
        item = builder.view.fields.get(name)
        if item is not None:
            reference = f"{node}.{name}"
            return reference if item.kind == "measure" else {"field": reference}
        group, timeframe = builder.group_of(name)
        if group is None:
            raise Unresolvable(f"could not resolve the field `{written}`")
        if timeframe in ("raw", "time"):
            return {"field": f"{node}.{group.name}"}
        if timeframe not in _PERIODS:
            raise Unresolvable(f"the timeframe of `{written}` cannot be said")
        return {"field": f"{node}.{group.name}", "granularity": _PERIODS[timeframe]}

    def condition(self, written: str, value: str) -> str | None:
        """A filter on a field."""
        _, name, builder = self._builder(written)
        return filter_condition(builder, name, value)

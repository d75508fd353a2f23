"""Builds the whole statement of a plan: one group as it is, several groups by their dimension values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlglot import exp

from semantic_layer.combination import Combination
from semantic_layer.dialects import SqlDialect
from semantic_layer.dimensions import Dimension
from semantic_layer.errors import SemanticLayerError, quoted
from semantic_layer.expressions import all_of, columns_of, copied
from semantic_layer.filters import AggregateFilter
from semantic_layer.model import Model
from semantic_layer.ordering import SortKey
from semantic_layer.planning import Group, Plan
from semantic_layer.references import place_text
from semantic_layer.resolution import ResolvedQuery
from semantic_layer.statement import Rows, group_by, with_measures
from semantic_layer.tables import Tables


def build_statement(model: Model, resolved: ResolvedQuery, plan: Plan, *, look_ahead: int = 0) -> exp.Select:
    """The statement that gives the query's rows, ordered, and limited to as many as asked for and ``look_ahead``."""
    for condition in resolved.aggregate_filters:
        _check_columns(condition, resolved.dimensions)
    tables = Tables(model, (row_filter.tree for row_filter in resolved.row_filters))
    tables.reserve(_nodes(plan))
    if plan.is_combined:
        select, entries = Combination(model, resolved, plan, tables).build()
    else:
        select, entries = _single(model, resolved, plan.groups[0], tables), []
    entries = [*tables.entries(), *entries]
    if entries:
        is_recursive = plan.periods is not None and plan.periods.is_filled and plan.periods.dates is None
        select.set("with_", exp.With(expressions=entries, recursive=is_recursive))
    return _finished(select, resolved.sort_keys, resolved.query.limit + look_ahead, model.dialect)


def _single(model: Model, resolved: ResolvedQuery, group: Group, tables: Tables) -> exp.Select:
    rows = Rows(model, group.fact, group.tree, group.joins)
    keys = [rows.value(dimension.tree) for dimension in resolved.dimensions]
    trees = rows.measures(group.measures)
    having = [rows.value(with_measures(copied(part.tree), trees)) for part in resolved.aggregate_filters]
    columns = [(d.label, copied(key)) for d, key in zip(resolved.dimensions, keys, strict=True)]
    columns += [(label, trees[key]) for key, label in resolved.labels.items()]
    select = rows.select(columns, group.filters, tables)
    if not group.measures:
        select.set("distinct", exp.Distinct())
        return select
    group_by(select, resolved.dimensions, keys)
    if having:
        select.set("having", exp.Having(this=all_of(having)))
    return select


def _nodes(plan: Plan) -> list[str]:
    nodes = [node for group in plan.groups for node in (group.fact, *(join.step.target for join in group.joins))]
    if plan.periods is not None and plan.periods.dates is not None:
        nodes.append(plan.periods.dates.node)
    return list(dict.fromkeys(nodes))


def _check_columns(condition: AggregateFilter, dimensions: Sequence[Dimension]) -> None:
    """Beside aggregates a condition on groups can only speak of what they are grouped by."""
    plain = [dimension.tree for dimension in dimensions]
    for column in columns_of(condition.tree):
        node: exp.Expr | None = column
        while node is not None and node not in plain:
            node = node.parent
        if node is None:
            name = f"{place_text(column.table)}.{column.name}" if column.table else column.name
            raise SemanticLayerError(
                f"Filter '{quoted(condition.text)}' compares an aggregate with column '{name}', which is not "
                "a dimension of the query. Add it as a dimension, or aggregate it."
            )


def _finished(select: exp.Select, keys: Iterable[SortKey], limit: int, dialect: SqlDialect) -> exp.Select:
    ordering = [
        exp.Ordered(this=exp.Column(this=dialect.identifier(key.label)), desc=key.descending or None, nulls_first=False)
        for key in keys
    ]
    if ordering and dialect.name in _WITHOUT_SORTED_ALIASES:
        entries = select.args.get("with_")
        select.set("with_", None)
        names = [exp.Column(this=copied(part.args["alias"])) for part in select.expressions]
        inner = exp.Subquery(this=select, alias=exp.TableAlias(this=dialect.identifier("result")))
        select = exp.Select(expressions=names, from_=exp.From(this=inner), with_=entries)
    if ordering:
        select.set("order", exp.Order(expressions=ordering))
    select.set("limit", exp.Limit(expression=exp.Literal.number(str(limit))))
    if dialect.name == "clickhouse" and any(join.side in ("LEFT", "FULL") for join in select.find_all(exp.Join)):
        # Without it ClickHouse fills what an outer join finds nothing for with zeros and empty strings.
        nulls = exp.EQ(this=exp.column("join_use_nulls"), expression=exp.Literal.number("1"))
        select.set("settings", [nulls])
    return select


# They have no NULLS LAST, and their sort expressions cannot speak of an output column.
_WITHOUT_SORTED_ALIASES = frozenset({"tsql", "fabric"})

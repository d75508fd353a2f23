"""Builds the whole statement of a plan: one group as it is, several groups by their dimension values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlglot import exp

from semantic_layer.combination import Combination
from semantic_layer.dialects import SqlDialect
from semantic_layer.dimensions import Dimension
from semantic_layer.errors import SemanticLayerError, quoted
from semantic_layer.expressions import columns_of
from semantic_layer.filters import AggregateFilter
from semantic_layer.model import Model
from semantic_layer.planning import Group, Plan
from semantic_layer.resolution import ResolvedQuery, SortKey
from semantic_layer.statement import measure_trees, select_group, with_measures
from semantic_layer.tables import Tables


def build_statement(model: Model, resolved: ResolvedQuery, plan: Plan) -> exp.Select:
    """The statement that gives the query's rows, ordered and limited."""
    for condition in resolved.aggregate_filters:
        _check_columns(condition, resolved.dimensions)
    tables = Tables(model, (row_filter.tree for row_filter in resolved.row_filters))
    tables.reserve(_nodes(plan.groups))
    if plan.is_combined:
        select, entries = Combination(model, resolved, plan, tables).build()
    else:
        select, entries = _single(model, resolved, plan.groups[0], tables), []
    entries = [*tables.entries(), *entries]
    if entries:
        select.set("with_", exp.With(expressions=entries))
    _finish(select, resolved.sort_keys, resolved.query.limit, model.dialect)
    return select


def _single(model: Model, resolved: ResolvedQuery, group: Group, tables: Tables) -> exp.Select:
    trees = measure_trees(group, model)
    having = [with_measures(condition.tree.copy(), trees) for condition in resolved.aggregate_filters]
    columns = [(label, trees[key]) for key, label in resolved.labels.items()]
    return select_group(group, resolved.dimensions, columns, having, tables.item, model)


def _nodes(groups: Iterable[Group]) -> list[str]:
    return [node for group in groups for node in (group.root, *(planned.step.target for planned in group.joins))]


def _check_columns(condition: AggregateFilter, dimensions: Sequence[Dimension]) -> None:
    """Beside aggregates a condition on groups can only speak of what they are grouped by."""
    plain = [dimension.tree for dimension in dimensions]
    for column in columns_of(condition.tree):
        node: exp.Expr | None = column
        while node is not None and node not in plain:
            node = node.parent
        if node is None:
            raise SemanticLayerError(
                f"Filter '{quoted(condition.text)}' compares an aggregate with column '{column.sql()}', which is not "
                "a dimension of the query. Add it as a dimension, or aggregate it."
            )


def _finish(select: exp.Select, keys: Sequence[SortKey], limit: int, dialect: SqlDialect) -> None:
    if keys:
        ordering = [
            (dialect.descending if key.descending else dialect.ascending)(
                exp.Column(this=dialect.identifier(key.label))
            )
            for key in keys
        ]
        select.set("order", exp.Order(expressions=ordering))
    select.set("limit", exp.Limit(expression=exp.Literal.number(str(limit))))
    if dialect.name == "clickhouse" and any(join.side == "LEFT" for join in select.find_all(exp.Join)):
        # Without it ClickHouse fills what an outer join finds nothing for with zeros and empty strings.
        nulls = exp.EQ(this=exp.column("join_use_nulls"), expression=exp.Literal.number("1"))
        select.set("settings", [nulls])

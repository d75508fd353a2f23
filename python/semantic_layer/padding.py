"""Keeps rows that an outer join padded with NULLs from counting as rows of the padded table.

A padded row is no row of its table: no aggregate over the table may see it, and a computed column of the table has no
value on it, even where the expression of the column would make one up.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp

from semantic_layer.aggregates import arguments, keeps_nulls, restrict_call
from semantic_layer.expressions import columns_of, copied, outermost_aggregates, visible_nodes
from semantic_layer.join_trees import PlannedJoin, Side
from semantic_layer.joins import has_no_key
from semantic_layer.model import Model
from semantic_layer.nullability import is_null_without
from semantic_layer.sources import Source


def mark_of(source: Source) -> str:
    """The column of a derived table that tells the source's rows from padded ones: a name that it has not."""
    names = {column.name.lower() for column in source.columns}
    return next(name for name in ("is_row", *(f"is_row_{n}" for n in range(2, len(names) + 3))) if name not in names)


class Presence:
    """For each table that joins may pad, an expression that is NULL only on its padded rows.

    Where no column of a table is sure to serve, the table gets a column that does; ``marked`` lists those.
    """

    def __init__(self, model: Model, root: str, alias: str, joins: Iterable[PlannedJoin]) -> None:
        self._model = model
        self._padding: dict[str, PlannedJoin | str] = {}
        self.marked: set[str] = set()
        for join in joins:
            if join.side is Side.FULL:
                self._padding[alias] = root
                self._padding[join.alias] = join.step.target
            elif join.side is Side.LEFT:
                self._padding[join.alias] = join

    def pads(self, alias: str) -> bool:
        """Whether a join may pad the table."""
        return alias in self._padding

    def key(self, alias: str) -> exp.Expr:
        """The expression for a table that may be padded, to keep."""
        padding = self._padding[alias]
        key = self._grain(padding, alias) if isinstance(padding, str) else self._partner(padding)
        if key is not None:
            return key
        self.marked.add(alias)
        node = padding if isinstance(padding, str) else padding.step.target
        return self._model.dialect.column(alias, mark_of(self._model.graph.source_of[node]))

    def _partner(self, join: PlannedJoin) -> exp.Expr | None:
        """What the join compares: it is not NULL where there is a partner."""
        for _, name in join.step.pairs:
            column = column_at(self._model, join.step.target, join.alias, name)
            if is_null_without(join.alias, column):
                return column
        return None

    def _grain(self, node: str, alias: str) -> exp.Expr | None:
        """A key column. A grain that a table without a key got may have NULLs."""
        source = self._model.graph.source_of[node]
        column = column_at(self._model, node, alias, source.grain[0])
        return column if isinstance(column, exp.Column) and not has_no_key(source) else None


def column_at(model: Model, node: str, alias: str, name: str) -> exp.Expr:
    """A column of a node's source under the alias that its table has."""
    return at_aliases(model.column(node, name), {node: model.dialect.identifier(alias)} if alias != node else {})


def at_aliases(tree: exp.Expr, aliases: dict[str, exp.Identifier]) -> exp.Expr:
    """The tree with table aliases for places. ``aliases`` has those that differ. Uses up the given tree."""
    if aliases:
        for column in columns_of(tree):
            alias = aliases.get(column.table)
            if alias is not None:
                column.set("table", copied(alias))
        for computed in visible_nodes(tree):
            alias = aliases.get(computed.args.get("node", ""))
            if alias is not None:
                computed.args["node"] = alias.name
    return tree


def aggregating_rows_of(alias: str, tree: exp.Expr, presence: Presence, model: Model) -> exp.Expr:
    """The measure with aggregates that see only rows which the table really has. Uses up the given tree."""
    if not presence.pads(alias):
        return tree
    for call in list(outermost_aggregates(tree)):
        values = arguments(call)
        if not values and isinstance(call, exp.Count):
            call.set("this", presence.key(alias))
        elif not values or keeps_nulls(call) or not is_null_without(alias, values[0]):
            replacement = restrict_call(call, is_present(presence.key(alias)), model.dialect)
            tree = replacement if call is tree else tree
    return tree


def with_computed_columns(tree: exp.Expr, presence: Presence, padded: Iterable[str] | None = None) -> exp.Expr:
    """The expression with computed columns as SQL: NULL on padded rows, in parentheses where they matter.

    ``padded`` limits the tables that may be padded where the expression is evaluated. Uses up the given tree.
    """
    if isinstance(tree, exp.Column):
        return tree
    for computed in [paren for paren in visible_nodes(tree) if type(paren) is exp.Paren and "node" in paren.args]:
        alias, value = computed.args["node"], computed.this
        replacement: exp.Expr | None = None
        is_padded = presence.pads(alias) and (padded is None or alias in padded)
        if is_padded and not is_null_without(alias, computed):
            replacement = exp.Case(ifs=[exp.If(this=is_present(presence.key(alias)), true=copied(value))])
        elif computed is tree or _encloses(computed.parent):
            replacement = value
        if replacement is not None:
            tree = replacement if computed is tree else tree
            if computed.parent:
                computed.replace(replacement)
    return tree


def is_present(key: exp.Expr) -> exp.Expr:
    """The condition that a row is not padded."""
    return exp.Not(this=exp.Is(this=key, expression=exp.Null()))


def _encloses(parent: exp.Expr | None) -> bool:
    """Whether the parent's own syntax keeps its operands apart, as the brackets of a call do."""
    if isinstance(parent, (exp.Binary, exp.Cast, exp.Interval)):
        return False
    return isinstance(parent, (exp.Func, exp.Distinct))

"""Builds the SELECT of one group: its joins, conditions, groups and measures as sqlglot nodes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlglot import exp

from semantic_layer.definitions import MeasureRef, measure_refs
from semantic_layer.dimensions import Dimension
from semantic_layer.expressions import all_of, copied, grouped
from semantic_layer.filters import RowFilter
from semantic_layer.join_trees import JoinTree, PlannedJoin, Side
from semantic_layer.measures import ResolvedMeasure
from semantic_layer.missing import OverNoRows, over_no_rows
from semantic_layer.model import Model
from semantic_layer.padding import (
    Presence,
    aggregating_rows_of,
    at_aliases,
    column_at,
    with_computed_columns,
)
from semantic_layer.tables import Tables


class Rows:
    """The joined rows of one node: expressions over them, and the SELECT that reads them."""

    def __init__(self, model: Model, node: str, tree: JoinTree, joins: Sequence[PlannedJoin]) -> None:
        self._model = model
        self._node = node
        self._tree = tree
        self._joins = joins
        self._presence = Presence(model, node, tree.root, joins)
        self._has_empty_groups = any(join.side is Side.FULL for join in joins)
        self._aliases = {
            place: model.dialect.identifier(alias) for place in tree.routes if (alias := tree.alias(place)) != place
        }

    def value(self, tree: exp.Expr) -> exp.Expr:
        """A dimension or a condition over the rows."""
        return with_computed_columns(at_aliases(copied(tree), self._aliases), self._presence)

    def measures(self, measures: Iterable[ResolvedMeasure]) -> dict[str, exp.Expr]:
        """Each measure by key, as an expression over the rows of a group."""
        trees: dict[str, exp.Expr] = {}
        for measure in measures:
            tree = copied(measure.tree)
            if measure.rows is None:
                tree = self._null_without_rows(with_measures(tree, trees))
            else:
                tree = at_aliases(tree, self._aliases)
                tree = aggregating_rows_of(self._tree.root, tree, self._presence, self._model)
                tree = with_computed_columns(tree, self._presence)
            trees[measure.key] = tree
        return trees

    def select(
        self,
        columns: Iterable[tuple[str, exp.Expr]],
        conditions: Iterable[RowFilter | exp.Expr],
        tables: Tables,
    ) -> exp.Select:
        """A SELECT of the columns, which are labelled trees to use up, from the rows that meet the conditions."""
        select = exp.Select()
        select.set("expressions", [_labelled(tree, label, self._model) for label, tree in columns])
        where = [self.value(part.tree) if isinstance(part, RowFilter) else part for part in conditions]
        joins = self._joined(tables)
        select.set("from_", exp.From(this=self._item(self._node, self._tree.root, tables)))
        select.set("joins", joins)
        if where:
            select.set("where", exp.Where(this=all_of(where)))
        return select

    def _joined(self, tables: Tables) -> list[exp.Join]:
        """The joins. A table is only padded for those that come behind it."""
        padded: set[str] = set()
        ons = []
        for join in self._joins:
            ons.append(self._on(join, padded))
            padded.add(join.alias)
            if join.side is Side.FULL:
                padded.add(self._tree.root)
        return [
            exp.Join(this=self._item(join.step.target, join.alias, tables), side=join.side.value, on=on)
            for join, on in zip(self._joins, ons, strict=True)
        ]

    def _on(self, join: PlannedJoin, padded: set[str]) -> exp.Expr:
        step = join.step
        return all_of(
            [
                exp.EQ(
                    this=_side(column_at(self._model, step.origin, join.origin, left), self._presence, padded),
                    expression=_side(column_at(self._model, step.target, join.alias, right), self._presence, padded),
                )
                for left, right in step.pairs
            ]
        )

    def _item(self, node: str, alias: str, tables: Tables) -> exp.Expr:
        return tables.item(node, alias, is_marked=alias in self._presence.marked)

    def _null_without_rows(self, tree: exp.Expr) -> exp.Expr:
        """Arithmetic over measures is NULL in a group that the fact does not have."""
        if not self._has_empty_groups or over_no_rows(tree) is OverNoRows.NULL:
            return tree
        count = exp.Count(this=self._presence.key(self._tree.root))
        return exp.Case(ifs=[exp.If(this=exp.GT(this=count, expression=exp.Literal.number("0")), true=tree)])


def group_by(select: exp.Select, dimensions: Sequence[Dimension], keys: Sequence[exp.Expr]) -> None:
    """Groups by the keys of the dimensions that are not the same on every row."""
    varying = [key for key, dimension in zip(keys, dimensions, strict=True) if not dimension.is_constant]
    if varying:
        select.set("group", exp.Group(expressions=varying))


def with_measures(tree: exp.Expr, values: Mapping[str, exp.Expr]) -> exp.Expr:
    """The tree with each measure reference replaced by a copy of its value. Changes the tree it is given."""
    if isinstance(tree, MeasureRef):
        return copied(values[tree.this])
    for reference in measure_refs(tree):
        value = copied(values[reference.this])
        in_call = isinstance(reference.parent, (exp.Func, exp.Paren)) and not isinstance(reference.parent, exp.Binary)
        reference.replace(value if in_call else grouped(value))
    return tree


def _side(column: exp.Expr, presence: Presence, padded: set[str]) -> exp.Expr:
    return column if isinstance(column, exp.Column) else with_computed_columns(column, presence, padded)


def _labelled(tree: exp.Expr, label: str, model: Model) -> exp.Alias:
    return exp.Alias(this=tree.unnest(), alias=model.dialect.identifier(label))

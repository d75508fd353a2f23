"""Combines facts that were aggregated apart: a WITH entry per fact, matched by the values of all dimensions.

NULL dimension values match each other. What a fact lacks for some values is NULL as a column, and 0 as an
operand of arithmetic over several facts or in a condition on groups.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp

from semantic_layer.definitions import MeasureRef, measure_refs
from semantic_layer.dialects import SqlDialect
from semantic_layer.expressions import all_of, grouped
from semantic_layer.measures import Measure
from semantic_layer.model import Model
from semantic_layer.planning import Plan
from semantic_layer.resolution import ResolvedQuery
from semantic_layer.statement import measure_trees, select_group
from semantic_layer.tables import Tables, with_entry

# PostgreSQL compares IS NOT DISTINCT FROM row by row, which takes minutes for some ten thousand groups. Arrays are
# equal where both hold NULL, and can be hashed.
_WITH_HASHED_ARRAYS = frozenset({"postgres"})
# Their null-safe comparison is missing, or too new to rely on.
_WITHOUT_NULL_SAFE_EQUALITY = frozenset({"redshift", "tsql", "fabric"})


class Combination:
    """The final SELECT over the groups of a plan, and the WITH entries it reads."""

    def __init__(self, model: Model, resolved: ResolvedQuery, plan: Plan, tables: Tables) -> None:
        self._model = model
        self._dialect: SqlDialect = model.dialect
        self._resolved = resolved
        self._plan = plan
        self._tables = tables
        self._values: dict[str, exp.Expr] = {}
        self._entry_names: list[str] = []

    def build(self) -> tuple[exp.Select, list[exp.CTE]]:
        """The SELECT without order and limit, and its WITH entries."""
        entries = self._group_entries()
        labels = [dimension.label for dimension in self._resolved.dimensions]
        spine = self._entry_names[0]
        select = exp.Select()
        if labels and self._resolved.query.include_empty:
            spine = self._tables.name("dimension_values")
            entries.append(with_entry(spine, self._all_values(labels), self._dialect))
            joined = self._entry_names
            side = "LEFT"
        else:
            joined = self._entry_names[1:]
            side = None
        select.set("from_", exp.From(this=self._table(spine)))
        select.set("joins", [self._join(spine, name, labels, side) for name in joined])
        dimensions = [(label, self._dialect.column(spine, label)) for label in labels]
        measures = [(label, self._value(key).copy()) for key, label in self._resolved.labels.items()]
        select.set(
            "expressions",
            [exp.Alias(this=tree, alias=self._dialect.identifier(label)) for label, tree in [*dimensions, *measures]],
        )
        conditions = [self._condition(condition.tree, spine) for condition in self._resolved.aggregate_filters]
        if conditions:
            select.set("where", exp.Where(this=all_of(conditions)))
        return select, entries

    def _group_entries(self) -> list[exp.CTE]:
        needed = self._needed()
        entries = []
        for group in self._plan.groups:
            name = self._tables.name(f"{group.name}_measures")
            self._entry_names.append(name)
            trees = measure_trees(group, self._model)
            taken = {dimension.label for dimension in self._resolved.dimensions}
            columns = []
            for measure in group.measures:
                if measure.key in needed and measure.key not in self._values:
                    label = self._free_label(measure, taken)
                    columns.append((label, trees[measure.key]))
                    self._values[measure.key] = self._dialect.column(name, label)
            query = select_group(group, self._resolved.dimensions, columns, [], self._tables.item, self._model)
            entries.append(with_entry(name, query, self._dialect))
        return entries

    def _needed(self) -> set[str]:
        """The measures that the final SELECT reads: columns, and operands of what spans several groups."""
        of_one_group = {measure.key for group in self._plan.groups for measure in group.measures}
        pending = [*self._resolved.labels]
        pending += [key for condition in self._resolved.aggregate_filters for key in condition.depends_on]
        needed: set[str] = set()
        while pending:
            key = pending.pop()
            if key not in needed:
                needed.add(key)
                if key not in of_one_group:
                    pending.extend(self._resolved.measures[key].depends_on)
        return needed

    def _free_label(self, measure: Measure, taken: set[str]) -> str:
        label = self._resolved.labels.get(measure.key)
        if label is None:
            reserved = taken | set(self._resolved.labels.values())
            label, number = measure.name, 2
            while label in reserved:
                label, number = f"{measure.name}_{number}", number + 1
        taken.add(label)
        return label

    def _all_values(self, labels: list[str]) -> exp.Query:
        selects = [
            exp.Select(
                expressions=[exp.Column(this=self._dialect.identifier(label)) for label in labels],
                from_=exp.From(this=self._table(name)),
            )
            for name in self._entry_names
        ]
        union: exp.Query = selects[0]
        for select in selects[1:]:
            union = exp.Union(this=union, expression=select, distinct=True)
        return union

    def _join(self, spine: str, name: str, labels: Iterable[str], side: str | None) -> exp.Join:
        conditions = [
            self._null_safe_equality(self._dialect.column(name, label), self._dialect.column(spine, label))
            for label in labels
        ]
        if not conditions:
            return exp.Join(this=self._table(name), kind="CROSS")
        return exp.Join(this=self._table(name), side=side, on=all_of(conditions))

    def _null_safe_equality(self, left: exp.Expr, right: exp.Expr) -> exp.Expr:
        if self._dialect.name in _WITH_HASHED_ARRAYS:
            return exp.EQ(this=exp.Array(expressions=[left]), expression=exp.Array(expressions=[right]))
        if self._dialect.name not in _WITHOUT_NULL_SAFE_EQUALITY:
            return exp.NullSafeEQ(this=left, expression=right)
        both_null = exp.And(
            this=exp.Is(this=left.copy(), expression=exp.Null()),
            expression=exp.Is(this=right.copy(), expression=exp.Null()),
        )
        equal = exp.EQ(this=left, expression=right)
        return exp.Paren(this=exp.Or(this=equal, expression=exp.Paren(this=both_null)))

    def _table(self, name: str) -> exp.Table:
        return exp.Table(this=self._dialect.identifier(name))

    def _value(self, key: str) -> exp.Expr:
        """A measure in the final SELECT: a column of its group, or arithmetic over several groups."""
        if key not in self._values:
            self._values[key] = self._with_operands(self._resolved.measures[key].tree.copy())
        return self._values[key]

    def _with_operands(self, tree: exp.Expr) -> exp.Expr:
        for reference in measure_refs(tree):
            operand = self._operand(reference)
            if reference is tree:
                return operand
            reference.replace(operand)
        return tree

    def _operand(self, reference: MeasureRef) -> exp.Expr:
        value = self._value(reference.this).copy()
        measure = self._resolved.measures[reference.this]
        if not isinstance(value, exp.Column):
            return grouped(value)
        if not measure.is_numeric:
            return value
        zero = exp.Literal.number("0")
        if isinstance(reference.parent, exp.Div) and reference.parent.expression is reference:
            return exp.Nullif(this=value, expression=zero)
        return exp.Coalesce(this=value, expressions=[zero])

    def _condition(self, tree: exp.Expr, spine: str) -> exp.Expr:
        """A condition on groups over the combined columns."""
        tree = tree.copy()
        for dimension in self._resolved.dimensions:
            column = self._dialect.column(spine, dimension.label)
            for node in [node for node in tree.walk() if node == dimension.tree]:
                if node is tree:
                    tree = column
                else:
                    node.replace(column.copy())
        return self._with_operands(tree)

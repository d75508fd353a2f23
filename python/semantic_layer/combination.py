"""Combines facts that were aggregated apart, and empty groups: by the values of all dimensions, as the database groups.

Each fact is a WITH entry. Their groups are put below one another, with a flag for each fact where something depends on
it, and grouped: NULL meets NULL, and arrays and JSON compare as everywhere. What a fact has nothing of is told by its
flag, so that a NULL which is there stays NULL.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sqlglot import exp

from semantic_layer.aggregates import yields_number
from semantic_layer.definitions import measure_refs
from semantic_layer.empty_groups import EmptyGroups
from semantic_layer.empty_rows import select_empty_groups
from semantic_layer.expressions import all_of, copied, grouped
from semantic_layer.measures import ResolvedMeasure
from semantic_layer.missing import OverNoRows, counts_as_zero, over_no_rows
from semantic_layer.model import Model
from semantic_layer.planning import Group, Plan
from semantic_layer.resolution import ResolvedQuery
from semantic_layer.result_groups import ResultGroups
from semantic_layer.spanning import Spanning
from semantic_layer.statement import Rows, group_by
from semantic_layer.tables import Tables, with_entry

# MAX takes the one value of a group. Here it does not know all types.
_WITH_ARRAYS = frozenset({"postgres"})
# A column of a UNION ALL takes its type from its values alone.
_UNTYPED = frozenset({"sqlite"})


class Combination:
    """The final SELECT over the groups of a plan, and the WITH entries it reads."""

    def __init__(self, model: Model, resolved: ResolvedQuery, plan: Plan, tables: Tables) -> None:
        self._model = model
        self._dialect = model.dialect
        self._resolved = resolved
        self._plan = plan
        self._tables = tables
        self._labels = [dimension.label for dimension in resolved.dimensions]
        self._group_of = {measure.key: group for group in plan.groups for measure in group.measures}
        self._rows = {group.name: Rows(model, group.fact, group.tree, group.joins) for group in plan.groups}
        self._trees = {group.name: self._rows[group.name].measures(group.measures) for group in plan.groups}
        self._columns: dict[str, str] = {}
        self._flags: dict[str, str] = {}
        self._values: dict[str, exp.Expr] = {}
        self._result: ResultGroups | None = None
        if plan.periods is not None:
            self._result = ResultGroups(model, resolved.dimensions, plan.periods, tables)

    def build(self) -> tuple[exp.Select, list[exp.CTE]]:
        """The SELECT without order and limit, and its WITH entries."""
        own = self._name_columns()
        names = {group.name: self._tables.name(f"{group.name}_measures") for group in self._plan.groups}
        self._combined = self._tables.name("combined_groups") if self._labels else ""
        self._table_of = {
            key: self._combined or names[group.name] for key, group in self._group_of.items() if key in self._columns
        }
        shown = [(label, copied(self._value(key))) for key, label in self._resolved.labels.items()]
        conditions = [self._condition(condition.tree) for condition in self._resolved.aggregate_filters]
        conditions += self._kept_groups()
        entries = self._entries(own, names)
        select = exp.Select()
        dimensions = [(label, self._dialect.column(self._combined, label)) for label in self._labels]
        select.set(
            "expressions",
            [self._dialect.named(tree, label) for label, tree in [*dimensions, *shown]],
        )
        if self._labels:
            entries.append(with_entry(self._combined, self._combined_groups(own, names), self._dialect))
            select.set("from_", exp.From(this=self._dialect.table(self._combined)))
        else:
            first, *others = (self._dialect.table(name) for name in names.values())
            select.set("from_", exp.From(this=first))
            select.set("joins", [exp.Join(this=table, kind="CROSS") for table in others])
        if conditions:
            select.set("where", exp.Where(this=all_of(conditions)))
        return select, entries

    def _entries(self, own: dict[str, list[ResolvedMeasure]], names: dict[str, str]) -> list[exp.CTE]:
        """The facts, those of other rows than their group's period behind the groups that they are asked for."""
        entries = [
            with_entry(names[group.name], self._aggregated(group, own[group.name]), self._dialect)
            for group in self._plan.groups
            if group.span is None
        ]
        if self._result is not None:
            asked = [names[group.name] for group in self._plan.groups if group.is_asked]
            empty = self._select_empty_groups(self._plan.empty) if self._plan.empty is not None else None
            include_empty = self._resolved.query.include_empty
            entries += self._result.entries(asked, include_empty=include_empty, empty_groups=empty)
            for group in self._plan.groups:
                if group.span is not None:
                    columns = {self._columns[m.key]: self._trees[group.name][m.key] for m in own[group.name]}
                    rows, tables = self._rows[group.name], self._tables
                    spanning = Spanning(rows, group.filters, columns, group.span, self._result, self._dialect, tables)
                    entries += spanning.entries(names[group.name])
        return entries

    def _name_columns(self) -> dict[str, list[ResolvedMeasure]]:
        """The measures that the final SELECT reads, by fact, each under its own name."""
        needed = self._needed()
        taken = {label.lower() for label in (*self._labels, *self._resolved.labels.values())}
        own: dict[str, list[ResolvedMeasure]] = {group.name: [] for group in self._plan.groups}
        for group in self._plan.groups:
            for measure in group.measures:
                if measure.key in needed and measure.key not in self._columns:
                    label = self._resolved.labels.get(measure.key)
                    if label is None:
                        label = _free(measure.name, taken)
                    self._columns[measure.key] = label
                    own[group.name].append(measure)
        self._taken = taken
        self._is_asked = _free("is_asked", taken)
        return own

    def _needed(self) -> set[str]:
        """Columns, and operands of what spans several facts."""
        pending = [*self._resolved.labels]
        pending += [key for condition in self._resolved.aggregate_filters for key in condition.depends_on]
        needed: set[str] = set()
        while pending:
            key = pending.pop()
            if key not in needed:
                needed.add(key)
                if key not in self._group_of:
                    pending.extend(self._resolved.measures[key].depends_on)
        return needed

    def _aggregated(self, group: Group, measures: Iterable[ResolvedMeasure]) -> exp.Select:
        rows = self._rows[group.name]
        keys = [rows.value(dimension.tree) for dimension in self._resolved.dimensions]
        columns = [(label, copied(key)) for label, key in zip(self._labels, keys, strict=True)]
        columns += [(self._columns[measure.key], self._trees[group.name][measure.key]) for measure in measures]
        select = rows.select(columns, group.filters, self._tables)
        if group.measures:
            group_by(select, self._resolved.dimensions, keys)
        else:
            select.set("distinct", exp.Distinct())
        return select

    def _combined_groups(self, own: dict[str, list[ResolvedMeasure]], names: dict[str, str]) -> exp.Select:
        """One row for each combination of dimension values, with what every fact has there."""
        measures = [(fact, measure) for fact, group in own.items() for measure in group]
        for fact, measure in measures:
            if self._needs_array(measure):
                self._has(fact)
        branches: list[exp.Query] = []
        for group in self._plan.groups:
            columns: list[exp.Expr] = [self._dialect.bare_column(label) for label in self._labels]
            is_first = not branches
            for fact, measure in measures:
                column = self._dialect.bare_column(self._columns[measure.key])
                columns.append(column if fact == group.name else self._null(column, names[fact], is_typed=is_first))
            columns += self._flag_values(group.name, is_asked=group.is_asked and not self._keeps_only_filled)
            if is_first:
                labels = [*self._labels, *(self._columns[measure.key] for _, measure in measures), *self._flag_labels()]
                columns = [
                    column if isinstance(column, exp.Column) else self._dialect.named(column, label)
                    for column, label in zip(columns, labels, strict=True)
                ]
            branches.append(self._dialect.select(columns, names[group.name]))
        if self._plan.empty is not None:
            branches.append(self._empty_groups(self._plan.empty, len(measures)))
        if self._result is not None and self._is_filled:
            columns = [self._dialect.bare_column(label) for label in self._labels]
            filled = self._dialect.select(columns, self._result.name)
            branches.append(self._without_measures(filled, len(measures), is_asked=True))
        union = branches[0]
        for branch in branches[1:]:
            union = exp.Union(this=union, expression=branch, distinct=False)
        selected: list[exp.Expr] = [self._dialect.bare_column(label) for label in self._labels]
        for fact, measure in measures:
            label = self._columns[measure.key]
            selected.append(self._dialect.named(self._one_value(fact, measure), label))
        for label in self._flag_labels():
            flag = exp.Max(this=self._dialect.bare_column(label))
            selected.append(self._dialect.named(flag, label))
        return exp.Select(
            expressions=selected,
            from_=exp.From(this=self._dialect.derived_table(union, "parts")),
            group=exp.Group(expressions=[self._dialect.bare_column(label) for label in self._labels]),
        )

    def _empty_groups(self, empty: EmptyGroups, measure_count: int) -> exp.Select:
        return self._without_measures(self._select_empty_groups(empty), measure_count, is_asked=True)

    def _select_empty_groups(self, empty: EmptyGroups) -> exp.Select:
        asked = [group for group in self._plan.groups if group.is_asked]
        return select_empty_groups(self._model, empty, asked, self._resolved.dimensions, self._tables)

    def _without_measures(self, select: exp.Select, measure_count: int, *, is_asked: bool) -> exp.Select:
        """A branch of the combined groups that has no fact's measures."""
        flags = self._flag_values(None, is_asked=is_asked)
        nulls = [exp.Null() for _ in range(measure_count)]
        select.set("expressions", [*select.expressions, *nulls, *flags])
        return select

    def _flag_labels(self) -> list[str]:
        return [*self._flags.values(), *([self._is_asked] if self._has_unasked else [])]

    def _flag_values(self, fact: str | None, *, is_asked: bool) -> list[exp.Expr]:
        values = [flagged == fact for flagged in self._flags] + ([is_asked] if self._has_unasked else [])
        return [exp.Literal.number("1" if value else "0") for value in values]

    @property
    def _has_unasked(self) -> bool:
        return self._keeps_only_filled or not all(group.is_asked for group in self._plan.groups)

    @property
    def _is_filled(self) -> bool:
        return self._plan.periods is not None and self._plan.periods.is_filled

    @property
    def _keeps_only_filled(self) -> bool:
        """Whether the groups that all facts have, and those between them, are the result."""
        return self._is_filled and not self._resolved.query.include_empty

    def _kept_groups(self) -> list[exp.Expr]:
        """Which combinations are rows of the result: those of facts that were asked for, or of each of them."""
        if not self._labels:
            return []
        if not self._resolved.query.include_empty and not self._is_filled:
            return [self._has(group.name) for group in self._plan.groups if group.is_asked]
        return [_is_set(self._dialect.column(self._combined, self._is_asked))] if self._has_unasked else []

    def _has(self, fact: str) -> exp.Expr:
        """The condition that a fact has the group."""
        if fact not in self._flags:
            self._flags[fact] = _free(f"in_{fact}", self._taken)
        return _is_set(self._dialect.column(self._combined, self._flags[fact]))

    def _null(self, column: exp.Column, table: str, *, is_typed: bool) -> exp.Expr:
        """A NULL in the place of another fact's measure, of the measure's type where that does not show otherwise."""
        if not is_typed or self._dialect.name in _UNTYPED:
            return exp.Null()
        return exp.Subquery(this=self._dialect.select([column], table, limit=exp.Limit(expression=_number(0))))

    def _one_value(self, fact: str, measure: ResolvedMeasure) -> exp.Expr:
        column = self._dialect.bare_column(self._columns[measure.key])
        if not self._needs_array(measure):
            return exp.Max(this=column)
        is_own = _is_set(self._dialect.bare_column(self._flags[fact]))
        values = exp.Filter(this=exp.ArrayAgg(this=column), expression=exp.Where(this=is_own))
        return exp.Bracket(this=exp.Paren(this=values), expressions=[_number(1)], offset=1)

    def _needs_array(self, measure: ResolvedMeasure) -> bool:
        """Whether the one value must be taken out of an array, which in turn cannot be of arrays."""
        if self._dialect.name not in _WITH_ARRAYS:
            return False
        tree = measure.tree.this if isinstance(measure.tree, exp.Filter) else measure.tree
        if isinstance(tree, exp.ArrayAgg):
            return False
        return not (measure.is_numeric if measure.rows else yields_number(measure.tree, lambda _: None))

    def _value(self, key: str) -> exp.Expr:
        """A measure as a column and in conditions."""
        if key not in self._values:
            self._values[key] = self._output(self._resolved.measures[key])
        return self._values[key]

    def _output(self, measure: ResolvedMeasure) -> exp.Expr:
        group = self._group_of.get(measure.key)
        if group is None:
            return self._with_values(copied(measure.tree), self._operand)
        column = self._dialect.column(self._table_of[measure.key], self._columns[measure.key])
        # Without dimensions there is one group, and every fact has it.
        if measure.rows is None or not self._labels:
            return column
        kind = over_no_rows(measure.tree)
        if kind is OverNoRows.ZERO:
            return exp.Coalesce(this=column, expressions=[_number(0)])
        if kind is OverNoRows.NULL or self._is_everywhere(group):
            return column
        computed = self._rows[group.name].select(
            [("value", copied(self._trees[group.name][measure.key]))], (), self._tables
        )
        computed.set("where", exp.Where(this=exp.EQ(this=_number(1), expression=_number(0))))
        computed.set("expressions", [computed.expressions[0].this])
        return exp.Case(ifs=[exp.If(this=self._has(group.name), true=column)], default=exp.Subquery(this=computed))

    def _operand(self, key: str) -> exp.Expr:
        """A measure in arithmetic over several facts: a count or sum of a fact that lacks the group is 0.

        That holds also where none of the facts has the group, so that a difference is 0 there and not NULL. Arithmetic
        over one fact is a measure of that fact, and NULL where it has no such group.
        """
        measure = self._resolved.measures[key]
        group = self._group_of.get(key)
        value = copied(self._value(key))
        if group is None or measure.rows is None or not self._labels or over_no_rows(measure.tree) is OverNoRows.ZERO:
            return grouped(value)
        column = self._dialect.column(self._table_of[key], self._columns[key])
        if not counts_as_zero(measure.tree) or self._is_everywhere(group):
            return column
        return exp.Case(ifs=[exp.If(this=self._has(group.name), true=column)], default=_number(0))

    def _is_everywhere(self, group: Group) -> bool:
        """Whether only groups that the fact has are rows of the result."""
        return group.is_asked and not self._resolved.query.include_empty and not self._is_filled

    def _with_values(self, tree: exp.Expr, value_of: Callable[[str], exp.Expr]) -> exp.Expr:
        for reference in measure_refs(tree):
            value = value_of(reference.this)
            if reference is tree:
                return value
            reference.replace(value)
        return tree

    def _condition(self, tree: exp.Expr) -> exp.Expr:
        """A condition on groups over the combined columns."""
        tree = copied(tree)
        for dimension in self._resolved.dimensions:
            column = self._dialect.column(self._combined, dimension.label)
            for node in [node for node in tree.walk() if node == dimension.tree]:
                if node is tree:
                    tree = column
                else:
                    node.replace(copied(column))
        return self._with_values(tree, lambda key: grouped(copied(self._value(key))))


def _free(name: str, taken: set[str]) -> str:
    """A name that is none of those taken, which are in lower case: most databases tell no case apart."""
    label, number = name, 2
    while label.lower() in taken:
        label, number = f"{name}_{number}", number + 1
    taken.add(label.lower())
    return label


def _is_set(flag: exp.Expr) -> exp.Expr:
    return exp.EQ(this=flag, expression=_number(1))


def _number(value: int) -> exp.Expr:
    return exp.Literal.number(str(value))

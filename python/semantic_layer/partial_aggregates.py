"""Aggregates in two steps: over the rows of small groups, then over those groups.

A sum is the sum of sums, a count the sum of counts, an average the quotient of both. What an aggregate takes only once
(``count(distinct x)``) is a key of the small groups. For others, such as a median, there are no parts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlglot import exp

from semantic_layer.arithmetic import quotient
from semantic_layer.dialects import SqlDialect
from semantic_layer.expressions import columns_of, copied, outermost_aggregates

Merge = Callable[[exp.Expr], exp.Expr]
"""What is done with an aggregate over the parts, such as making it one of a window."""


@dataclass(frozen=True, slots=True)
class PartialAggregates:
    """Columns of the small groups by name: ``keys`` to group by besides, and ``values``; and the trees over them.

    ``counted`` has the keys whose values are only counted.
    """

    keys: Mapping[str, exp.Expr]
    values: Mapping[str, exp.Expr]
    counted: frozenset[str]
    _trees: Mapping[str, exp.Expr]
    _calls: Mapping[str, Callable[[Merge], exp.Expr]]

    def whole(self, key: str, merge: Merge = lambda call: call) -> exp.Expr:
        """The measure of that key as an expression over the small groups."""
        tree = copied(self._trees[key])
        for slot in list(tree.find_all(exp.Placeholder)):
            value = self._calls[slot.name](merge)
            if slot is tree:
                return value
            slot.replace(value)
        return tree


def partial_aggregates(
    measures: Mapping[str, exp.Expr], name: Callable[[str], str], dialect: SqlDialect
) -> PartialAggregates | None:
    """The parts of measures, given as trees by key, or None when one has none. ``name`` gives free column names."""
    split = _Splitter(name, dialect)
    trees = {}
    for key, measure in measures.items():
        tree = copied(measure)
        for call in list(outermost_aggregates(tree)):
            whole = call.parent if isinstance(call.parent, exp.Filter) else call
            slot = split.slot(call, whole)
            if slot is None:
                return None
            tree = slot if whole is tree else tree
            if whole.parent:
                whole.replace(slot)
        if any(columns_of(tree)):
            return None
        trees[key] = tree
    counted = frozenset(split.keys.keys() - split.computed_with)
    return PartialAggregates(split.keys, split.values, counted, trees, split.calls)


class _Splitter:
    def __init__(self, name: Callable[[str], str], dialect: SqlDialect) -> None:
        self.keys: dict[str, exp.Expr] = {}
        self.values: dict[str, exp.Expr] = {}
        self.computed_with: set[str] = set()
        self.calls: dict[str, Callable[[Merge], exp.Expr]] = {}
        self._name = name
        self._dialect = dialect

    def slot(self, call: exp.Expr, whole: exp.Expr) -> exp.Placeholder | None:
        """A placeholder for a call, ``whole`` with its FILTER clause, or None when it has no parts."""
        merged = self._merged(call, whole)
        if merged is None:
            return None
        slot = f"part_{len(self.calls)}"
        self.calls[slot] = merged
        return exp.Placeholder(this=slot)

    def _merged(self, call: exp.Expr, whole: exp.Expr) -> Callable[[Merge], exp.Expr] | None:
        kind = type(call)
        if kind not in (exp.Sum, exp.Count, exp.Avg, exp.Min, exp.Max) or call.args.get("expressions"):
            return None
        if isinstance(call.this, exp.Distinct):
            values = call.this.expressions
            if len(values) != 1 or call.this.args.get("on"):
                return None
            key = self._column(self.keys, "each", _filtered(values[0], whole))
            if kind is not exp.Count:
                self.computed_with.add(key)
            return lambda merge: merge(kind(this=exp.Distinct(expressions=[self._read(key)])))
        if kind is exp.Avg:
            total = self._column(self.values, "part", _like(exp.Sum(this=copied(call.this)), whole))
            count = self._column(self.values, "part", _like(exp.Count(this=copied(call.this)), whole))
            return lambda merge: exp.Paren(
                this=quotient(
                    merge(exp.Sum(this=self._read(total))), merge(exp.Sum(this=self._read(count))), self._dialect
                )
            )
        part = self._column(self.values, "part", copied(whole))
        if kind is exp.Count:
            zero = exp.Literal.number("0")
            return lambda merge: exp.Coalesce(this=merge(exp.Sum(this=self._read(part))), expressions=[zero.copy()])
        return lambda merge: merge(kind(this=self._read(part)))

    def _column(self, columns: dict[str, exp.Expr], name: str, tree: exp.Expr) -> str:
        known = next((label for label, other in columns.items() if other == tree), None)
        if known is None:
            known = self._name(name)
            columns[known] = tree
        return known

    def _read(self, label: str) -> exp.Column:
        return exp.Column(this=self._dialect.identifier(label))


def _like(call: exp.Expr, whole: exp.Expr) -> exp.Expr:
    """The call with the FILTER clause that the whole has."""
    if not isinstance(whole, exp.Filter):
        return call
    return exp.Filter(this=call, expression=copied(whole.expression))


def _filtered(value: exp.Expr, whole: exp.Expr) -> exp.Expr:
    """The value where the FILTER clause of the whole holds, else NULL."""
    if not isinstance(whole, exp.Filter):
        return copied(value)
    return exp.Case(ifs=[exp.If(this=copied(whole.expression.this), true=copied(value))])

"""Splits filters into conditions on rows and conditions on aggregated values, and resolves both."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlglot import exp

from semantic_layer.aggregates import with_native_helpers
from semantic_layer.arithmetic import with_true_division
from semantic_layer.definitions import MeasureRef, measure_refs, nested_aggregation
from semantic_layer.errors import SemanticLayerError, quoted
from semantic_layer.expressions import (
    columns_of,
    conjuncts,
    copied,
    has_nested_aggregate,
    has_window,
    is_aggregate,
    is_inside_aggregate,
    outermost_aggregates,
    parse_expression,
    tables_of,
)
from semantic_layer.granularity import GRANULARITIES
from semantic_layer.measure_book import MeasureBook
from semantic_layer.model import Model, bound
from semantic_layer.names import Name, Vocabulary
from semantic_layer.references import node_at, place_text, rebuilt
from semantic_layer.visibility import asked_column, hidden

_GRANULARITY = re.compile(rf"""[\w")]:(?:{"|".join(GRANULARITIES)})\b""", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RowFilter:
    """A condition on joined rows, before grouping."""

    text: str
    tree: exp.Expr
    places: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AggregateFilter:
    """A condition on groups: measures are references in the tree, columns are dimensions."""

    text: str
    tree: exp.Expr
    depends_on: tuple[str, ...]


class FilterResolver:
    """Resolves the filters of one query.

    ``outputs`` maps the output names of measures to their keys, ``places`` are those of dimensions and facts, ``facts``
    are the nodes whose rows the query is about.
    """

    def __init__(
        self, book: MeasureBook, outputs: Mapping[str, str], places: Iterable[str], facts: Sequence[str]
    ) -> None:
        self._book = book
        self._model: Model = book.model
        self._outputs = outputs
        self._output_names = Vocabulary(outputs)
        self._places = tuple(places)
        self._facts = facts

    def resolve(self, texts: Iterable[str]) -> tuple[tuple[RowFilter, ...], tuple[AggregateFilter, ...]]:
        """Row filters and aggregate filters, in the order of their clauses. Blank filters are ignored."""
        rows: list[RowFilter] = []
        aggregates: list[AggregateFilter] = []
        for text in texts:
            if not text.strip():
                continue
            clauses = list(conjuncts(self._parsed(text)))
            for clause in clauses:
                clause_text = text.strip() if len(clauses) == 1 else clause.sql(dialect=self._model.dialect.grammar)
                if has_window(clause):
                    raise SemanticLayerError(
                        f"Window functions are not supported in filters: '{quoted(clause_text)}'. "
                        "Compute them in a source defined by SQL."
                    )
                if self._is_on_aggregates(clause):
                    self._refuse_mixed_or(clause, text)
                    aggregates.append(self._aggregate_filter(clause, clause_text))
                else:
                    rows.append(self._row_filter(clause, clause_text))
        return tuple(rows), tuple(aggregates)

    def _parsed(self, text: str) -> exp.Expr:
        try:
            return parse_expression(text, self._model.dialect)
        except SemanticLayerError as error:
            if not _GRANULARITY.search(text):
                raise
            hint = "a filter has no granularity: compare the time itself, such as `orders.placed_at >= '2024-03-01'`"
            raise SemanticLayerError(str(error), hint=hint) from None

    def _is_on_aggregates(self, clause: exp.Expr) -> bool:
        return any(
            is_aggregate(node) or (isinstance(node, exp.Column) and self._measure_named_by(node) is not None)
            for node in _outside_aggregates(clause)
        )

    def _measure_named_by(self, column: exp.Column) -> str | None:
        """The key of the measure that a column outside aggregates names, if it names one."""
        reference = self._model.read(column)
        place, name = reference.place, reference.name
        if reference.fields:
            return None
        if place is None:
            output = self._output_names.find(name)
            key = self._outputs[output] if output is not None else None
            return None if key is None or self._is_own_column(key, name.text) else key
        if place not in self._model.nodes or self._model.column_named(place, name) is not None:
            return None
        measure = self._model.measure_named(place, name)
        return self._book.named(place, measure) if measure else None

    def _is_own_column(self, key: str, name: str) -> bool:
        """A defined measure that shares its name with a column of its source is that column in filters."""
        measure = self._book.measures[key]
        is_defined = measure.definition is not None and measure.home is not None
        return is_defined and name in self._model.columns_at(str(measure.home))

    def _refuse_mixed_or(self, clause: exp.Expr, text: str) -> None:
        for node in _outside_aggregates(clause):
            if isinstance(node, exp.Or) and len({self._is_on_aggregates(leaf) for leaf in _leaves(node)}) > 1:
                raise SemanticLayerError(
                    f"Filter '{quoted(text)}' mixes aggregate and non-aggregate conditions with OR, which cannot "
                    "be split into WHERE and HAVING. Use separate filters, or a measure with a filter of its own."
                )

    def _row_filter(self, clause: exp.Expr, text: str) -> RowFilter:
        homes: list[str] = []

        def resolve(column: exp.Column) -> exp.Expr:
            replacement, place = self._row_column(column)
            if place:
                homes.append(place)
            return replacement

        tree = bound(clause, resolve, text)
        return RowFilter(text, tree, tuple(dict.fromkeys([*tables_of(tree), *homes])))

    def _row_column(self, column: exp.Column) -> tuple[exp.Expr, str | None]:
        model = self._model
        reference = model.read(column, self._is_listed)
        if reference.place is None:
            owner = self._owner_of_bare(reference.name)
            if owner is None:
                return column, None
            reference = replace(reference, place=owner)
        origin = next((node_at(known) for known in self._places if known != reference.place), None)
        return rebuilt(asked_column(model, reference, origin=origin), reference), reference.place

    def _is_listed(self, name: Name) -> bool:
        return any(self._model.column_named(place, name) is not None for place in self._places)

    def _owner_of_bare(self, name: Name) -> str | None:
        """The one place of the query that lists a bare name. Otherwise it goes into the SQL as written."""
        model = self._model
        owners = [(place, found) for place in self._places if (found := model.column_named(place, name)) is not None]
        visible = [place for place, found in owners if model.columns_at(place)[found].visibility != "hidden"]
        if owners and not visible:
            raise hidden(place_text(owners[0][0]), owners[0][1])
        if len(visible) > 1:
            listed = sorted(map(place_text, visible))
            raise SemanticLayerError(
                f"Column '{name.text}' is ambiguous: it exists in multiple sources ({', '.join(listed)}). "
                f"Use a qualified name like '{listed[0]}.{name.text}' to disambiguate."
            )
        if visible:
            return visible[0]
        for source, found in model.sources_with_column(name):
            if model.columns_at(source)[found].visibility == "hidden":
                raise hidden(source, found)
        return None

    def _aggregate_filter(self, clause: exp.Expr, text: str) -> AggregateFilter:
        if has_nested_aggregate(clause):
            raise nested_aggregation(text)

        def resolve(column: exp.Column) -> exp.Expr:
            if not is_inside_aggregate(column):
                key = self._measure_named_by(column)
                if key is not None:
                    return MeasureRef(this=key)
            return self._row_column(column)[0]

        dialect = self._model.dialect
        tree = bound(with_true_division(with_native_helpers(copied(clause), dialect), dialect), resolve, text)
        for call in list(outermost_aggregates(tree)):
            places = tables_of(call)
            home = self._book.home_of(places) if places else self._only_fact(text)
            reference = MeasureRef(this=self._book.aggregate(call, home))
            tree = reference if call is tree else tree
            if call.parent:
                call.replace(reference)
        keys = tuple(dict.fromkeys(ref.this for ref in measure_refs(tree)))
        return AggregateFilter(text, tree, keys)

    def _only_fact(self, text: str) -> str:
        """The fact whose rows an aggregate without a column is about."""
        if len(self._facts) != 1:
            raise SemanticLayerError(
                f"Filter '{quoted(text)}' does not reference any source, and the query has several facts "
                f"({', '.join(self._facts)}). Count a column of the one that you mean."
            )
        return self._facts[0]


def _outside_aggregates(tree: exp.Expr) -> Iterator[exp.Expr]:
    """Every node outside sub-queries and outside the arguments of aggregate calls."""
    stack = [tree]
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, exp.Query) and not is_aggregate(node):
            stack.extend(node.iter_expressions(reverse=True))


def _leaves(tree: exp.Expr) -> Iterator[exp.Expr]:
    """The conditions that AND, OR, NOT and parentheses combine. Constants count with either kind."""
    stack = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, exp.Connector):
            stack.extend((node.expression, node.this))
        elif isinstance(node, (exp.Not, exp.Paren)):
            stack.append(node.this)
        elif next(columns_of(node), None) is not None or any(is_aggregate(part) for part in node.walk()):
            yield node

"""Splits filters into conditions on rows and conditions on aggregated values, and resolves both."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from sqlglot import exp

from semantic_layer.aggregates import with_native_helpers
from semantic_layer.definitions import MeasureRef, measure_refs, nested_aggregation
from semantic_layer.errors import SemanticLayerError, quoted
from semantic_layer.expressions import (
    columns_of,
    conjuncts,
    has_nested_aggregate,
    has_window,
    is_aggregate,
    is_inside_aggregate,
    outermost_aggregates,
    parse_expression,
    tables_of,
)
from semantic_layer.measure_book import MeasureBook
from semantic_layer.model import Model, bound
from semantic_layer.references import read_reference, rebuilt
from semantic_layer.visibility import asked_column, hidden


@dataclass(frozen=True, slots=True)
class RowFilter:
    """A condition on joined rows, before grouping."""

    text: str
    tree: exp.Expr
    nodes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AggregateFilter:
    """A condition on groups: measures stand in the tree as references, columns are dimensions."""

    text: str
    tree: exp.Expr
    depends_on: tuple[str, ...]


class FilterResolver:
    """Resolves the filters of one query. ``outputs`` maps the output names of measures to their keys."""

    def __init__(self, book: MeasureBook, outputs: Mapping[str, str], nodes: Iterable[str]) -> None:
        self._book = book
        self._model: Model = book.model
        self._outputs = outputs
        self._nodes = tuple(nodes)

    def resolve(self, texts: Iterable[str]) -> tuple[tuple[RowFilter, ...], tuple[AggregateFilter, ...]]:
        """Row filters and aggregate filters, in the order of their clauses. Blank filters are ignored."""
        rows: list[RowFilter] = []
        aggregates: list[AggregateFilter] = []
        for text in texts:
            if not text.strip():
                continue
            clauses = list(conjuncts(parse_expression(text, self._model.dialect)))
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

    def _is_on_aggregates(self, clause: exp.Expr) -> bool:
        return any(
            is_aggregate(node) or (isinstance(node, exp.Column) and self._measure_named_by(node) is not None)
            for node in _outside_aggregates(clause)
        )

    def _measure_named_by(self, column: exp.Column) -> str | None:
        """The key of the measure that a column outside aggregates names, if it names one."""
        reference = read_reference(column, self._model.graph.source_of.__contains__)
        node, name = reference.qualifier, reference.name
        if reference.fields:
            return None
        if node is None:
            key = self._outputs.get(name)
            return None if key is None or self._is_own_column(key, name) else key
        if self._model.source_at(node) is None or name in self._model.columns_at(node):
            return None
        return self._book.named(node, name) if name in self._model.measures_at(node) else None

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
            replacement, node = self._row_column(column)
            if node:
                homes.append(node)
            return replacement

        tree = bound(clause, resolve, text)
        return RowFilter(text, tree, tuple(dict.fromkeys([*tables_of(tree), *homes])))

    def _row_column(self, column: exp.Column) -> tuple[exp.Expr, str | None]:
        model = self._model
        reference = read_reference(column, model.graph.source_of.__contains__, self._is_listed)
        node = reference.qualifier
        if node is None:
            node = self._owner_of_bare(reference.name)
            if node is None:
                return column, None
        origin = next((known for known in self._nodes if known != node), None)
        return rebuilt(asked_column(model, node, reference.name, origin=origin), reference), node

    def _is_listed(self, name: str) -> bool:
        return any(name in self._model.columns_at(node) for node in self._nodes)

    def _owner_of_bare(self, name: str) -> str | None:
        """The one source of the query that lists a bare name. Otherwise it goes into the SQL as written."""
        owners = [node for node in self._nodes if name in self._model.columns_at(node)]
        visible = [node for node in owners if self._model.columns_at(node)[name].visibility != "hidden"]
        if owners and not visible:
            raise hidden(owners[0], name)
        if len(visible) > 1:
            raise SemanticLayerError(
                f"Column '{name}' is ambiguous: it exists in multiple sources ({', '.join(sorted(visible))}). "
                f"Use a qualified name like '{sorted(visible)[0]}.{name}' to disambiguate."
            )
        if visible:
            return visible[0]
        elsewhere = [
            source
            for source in self._model.sources_with_column(name)
            if self._model.columns_at(source)[name].visibility == "hidden"
        ]
        if elsewhere:
            raise hidden(elsewhere[0], name)
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

        tree = bound(with_native_helpers(clause.copy(), self._model.dialect), resolve, text)
        for call in list(outermost_aggregates(tree)):
            nodes = tables_of(call)
            if not nodes:
                raise SemanticLayerError(f"Filter '{quoted(text)}' does not reference any source")
            reference = MeasureRef(this=self._book.aggregate(call, min(nodes)))
            tree = reference if call is tree else tree
            if call.parent:
                call.replace(reference)
        keys = tuple(dict.fromkeys(ref.this for ref in measure_refs(tree)))
        return AggregateFilter(text, tree, keys)


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

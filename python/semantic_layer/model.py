"""A parsed model: its sources, the join graph, and every definition as a tree bound to a place.

Binding replaces each column by ``place.column`` or, for a computed column, by its expression. Bound trees
are made on first use and kept, so a query pays only for the definitions that it touches.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from sqlglot import exp

from semantic_layer.dialects import SqlDialect
from semantic_layer.errors import SemanticLayerError, nearest
from semantic_layer.expressions import LARGEST_TREE, columns_of, copied, parse_expression, too_deep, visible_nodes
from semantic_layer.joins import JoinGraph, build_graph
from semantic_layer.loading import Definitions
from semantic_layer.names import Name, Vocabulary
from semantic_layer.paths import Paths
from semantic_layer.references import (
    Nodes,
    Reference,
    Resolver,
    node_at,
    parts_of,
    place_text,
    read_reference,
    rebuilt,
)
from semantic_layer.sources import Column, Measure, Segment, Source

if TYPE_CHECKING:
    from semantic_layer import measures
    from semantic_layer.definitions import Definition

# Computed columns on computed columns: each level writes out all those below it.
_MOST_LEVELS = 50


class Model:
    """What queries are compiled against. Treat it as immutable; it only remembers what it worked out."""

    def __init__(self, definitions: Definitions, dialect: SqlDialect) -> None:
        self.dialect = dialect
        self.faults = definitions.faults
        self.sources: Mapping[str, Source] = {source.name: source for source in definitions.sources}
        self.graph: JoinGraph = build_graph(self.sources, dialect, definitions.ghosts)
        self.paths = Paths(self.graph, self.faults)
        self.nodes = Nodes(self.graph.source_of, self.graph.neighbours)
        self._columns = {
            name: {column.name: column for column in source.columns} for name, source in self.sources.items()
        }
        self._measures = {
            name: {measure.name: measure for measure in source.measures} for name, source in self.sources.items()
        }
        self._column_names = {name: Vocabulary(columns) for name, columns in self._columns.items()}
        self._measure_names = {name: Vocabulary(measures) for name, measures in self._measures.items()}
        self._column_trees: dict[tuple[str, str], exp.Expr] = {}
        self._column_levels: dict[tuple[str, str], int] = {}
        self.definitions: dict[str, Definition] = {}
        self.aggregates: dict[str, measures.ResolvedMeasure] = {}

    def source_at(self, place: str) -> Source | None:
        """The source that a place reads: the one of that name, or the target of the role."""
        return self.graph.source_of.get(node_at(place))

    def columns_at(self, place: str) -> Mapping[str, Column]:
        """The listed columns of a place's source by name."""
        return self._columns[self.graph.source_of[node_at(place)].name]

    def measures_at(self, node: str) -> Mapping[str, Measure]:
        """The measures of a node's source by name."""
        return self._measures[self.graph.source_of[node].name]

    def segments_at(self, node: str) -> Mapping[str, Segment]:
        """The segments of a node's source by name."""
        return {segment.name: segment for segment in self.graph.source_of[node].segments}

    def column_named(self, place: str, name: Name) -> str | None:
        """The listed column of a place that a reference names."""
        return self._column_names[self.graph.source_of[node_at(place)].name].find(name)

    def measure_named(self, node: str, name: Name) -> str | None:
        """The measure of a node's source that a reference names."""
        return self._measure_names[self.graph.source_of[node].name].find(name)

    def sources_with_column(self, name: Name) -> list[tuple[str, str]]:
        """The sources that list a column of that name, with the column, in order of declaration."""
        return _owners(self._column_names, name)

    def sources_with_measure(self, name: Name) -> list[tuple[str, str]]:
        """The sources that define a measure of that name, with the measure, in order of declaration."""
        return _owners(self._measure_names, name)

    def type_of(self, place: str, column: str) -> str | None:
        """The declared type of a listed column."""
        listed = self.columns_at(place).get(column) if self.source_at(place) else None
        return listed.type if listed else None

    def read(self, column: exp.Column, is_column: Callable[[Name], bool] = lambda _: False) -> Reference:
        """What a column of a parsed expression refers to."""
        return read_reference(parts_of(column), self.nodes, is_column)

    def refuse_left_out(self, name: str) -> None:
        """Refuses a source that was left out of the model, with what is wrong with it."""
        fault = self.faults.get(name)
        if fault is not None:
            raise SemanticLayerError(f"Source '{name}' cannot be queried: {fault}")

    def unknown_source(self, name: str, *, origin: str | None = None) -> SemanticLayerError:
        """The refusal of a name that is neither a source nor a role."""
        self.refuse_left_out(name)
        hint = nearest(name, self.nodes)
        if origin is None:
            return SemanticLayerError(f"Unknown source '{name}'.{hint}")
        return no_join_path(origin, name, hint)

    def unknown_column(self, place: str, name: str) -> SemanticLayerError:
        """The refusal of a column that a source does not list."""
        known = [column.name for column in self.columns_at(place).values() if column.visibility != "hidden"]
        return SemanticLayerError(
            f"Column '{name}' does not exist in source '{place_text(place)}'. Available: {', '.join(known)}"
            + (f".{hint}" if (hint := nearest(name, known)) else "")
        )

    def column(self, place: str, name: str) -> exp.Expr:
        """``place.name``, or the expression of a computed column in parentheses. The tree is the caller's."""
        column = self.columns_at(place).get(name)
        if column is None or column.expr is None:
            return self.dialect.column(place, name)
        return copied(self.column_tree(place, name))

    def column_tree(self, place: str, name: str, trail: tuple[str, ...] = ()) -> exp.Expr:
        """The same as `column`, but shared: copy it to use it."""
        key = (place, name)
        tree = self._column_trees.get(key)
        if tree is None:
            column = self.columns_at(place).get(name)
            if column is None or column.expr is None:
                tree = self.dialect.column(place, name)
            else:
                tree = self._computed(place, column, trail)
            self._column_trees[key] = tree
        return tree

    def _computed(self, place: str, column: Column, trail: tuple[str, ...]) -> exp.Expr:
        if column.name in trail:
            raise SemanticLayerError(f"Circular dependency detected: {column.name}")
        level = 1
        node = node_at(place)
        source = self.graph.source_of[node].name

        def resolve(found: exp.Column) -> exp.Expr:
            nonlocal level
            reference = self.read(found, lambda name: self.column_named(place, name) is not None)
            if reference.place not in (None, node, source):
                raise SemanticLayerError(
                    f"Computed column '{source}.{column.name}' may only use columns of its own source, "
                    f"not '{reference}'."
                )
            listed = self.column_named(place, reference.name)
            # A column may be computed from the physical column of the same name.
            if listed is None or listed == column.name:
                return rebuilt(self.dialect.column(place, reference.name.text), reference)
            inner_key = (place, listed)
            if self._column_levels.get(inner_key, 0) >= _MOST_LEVELS:
                self._column_levels[place, column.name] = _MOST_LEVELS
                raise too_deep(column.name)
            inner = self.column_tree(place, listed, (*trail, column.name))
            level = max(level, self._column_levels.get(inner_key, 0) + 1)
            return rebuilt(copied(inner), reference)

        if len(trail) >= _MOST_LEVELS:
            raise too_deep(column.name)
        tree = parse_expression(column.expr or "", self.dialect)
        tree = bound(tree, resolve, f"{source}.{column.name}")
        self._column_levels[place, column.name] = level
        # The extra argument tells later stages whose column this was; rendering does not know it.
        return exp.Paren(this=tree, node=place)


def _owners(vocabularies: Mapping[str, Vocabulary], name: Name) -> list[tuple[str, str]]:
    return [(source, found) for source, known in vocabularies.items() if (found := known.find(name)) is not None]


def bound(tree: exp.Expr, resolve: Resolver, name: str) -> exp.Expr:
    """A copy of the tree in which each column is what ``resolve`` makes of it."""
    tree = copied(tree)
    for column in list(columns_of(tree)):
        replacement = resolve(column)
        if column is tree:
            tree = replacement
        elif replacement is not column:
            column.replace(replacement)
    if sum(1 for _ in visible_nodes(tree)) > LARGEST_TREE:
        raise SemanticLayerError(f"'{name}' expands to an expression that is too large. Simplify it.")
    return tree


def no_join_path(origin: str, target: str, hint: str = "") -> SemanticLayerError:
    """The refusal of two sources that nothing connects."""
    return SemanticLayerError(
        f"No join path from '{origin}' to '{target}'. These sources are not connected in the join graph.{hint}"
    )

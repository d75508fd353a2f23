"""A parsed model: its sources, the join graph, and every definition as a tree bound to a node of the graph.

Binding replaces each column by ``node.column`` or, for a computed column, by its expression. Bound trees
are made on first use and kept, so a query pays only for the definitions that it touches.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from sqlglot import exp

from semantic_layer.dialects import SqlDialect
from semantic_layer.errors import SemanticLayerError, nearest
from semantic_layer.expressions import LARGEST_TREE, columns_of, parse_expression, too_deep, visible_nodes
from semantic_layer.joins import JoinGraph, build_graph
from semantic_layer.references import Resolver, read_reference, rebuilt
from semantic_layer.sources import Column, Measure, Segment, Source

if TYPE_CHECKING:
    from semantic_layer import measures
    from semantic_layer.definitions import Definition

# Computed columns on computed columns: each level writes out all those below it.
_MOST_LEVELS = 50


class Model:
    """What queries are compiled against. Treat it as immutable; it only remembers what it worked out."""

    def __init__(self, sources: Iterable[Source], dialect: SqlDialect) -> None:
        self.dialect = dialect
        self.sources: Mapping[str, Source] = {source.name: source for source in sources}
        self.graph: JoinGraph = build_graph(self.sources, dialect)
        self._columns = {
            name: {column.name: column for column in source.columns} for name, source in self.sources.items()
        }
        self._measures = {
            name: {measure.name: measure for measure in source.measures} for name, source in self.sources.items()
        }
        self._column_trees: dict[tuple[str, str], exp.Expr] = {}
        self._column_levels: dict[tuple[str, str], int] = {}
        self.definitions: dict[str, Definition] = {}
        self.aggregates: dict[str, measures.Measure] = {}

    def source_at(self, node: str) -> Source | None:
        """The source that a node reads: the node's own name, or the target of the role."""
        return self.graph.source_of.get(node)

    def columns_at(self, node: str) -> Mapping[str, Column]:
        """The listed columns of a node's source by name."""
        return self._columns[self.graph.source_of[node].name]

    def measures_at(self, node: str) -> Mapping[str, Measure]:
        """The measures of a node's source by name."""
        return self._measures[self.graph.source_of[node].name]

    def segments_at(self, node: str) -> Mapping[str, Segment]:
        """The segments of a node's source by name."""
        return {segment.name: segment for segment in self.graph.source_of[node].segments}

    def sources_with_column(self, name: str) -> list[str]:
        """The sources that list a column of that name, in order of declaration."""
        return [source for source, columns in self._columns.items() if name in columns]

    def sources_with_measure(self, name: str) -> list[str]:
        """The sources that define a measure of that name, in order of declaration."""
        return [source for source, measures in self._measures.items() if name in measures]

    def type_of(self, node: str, column: str) -> str | None:
        """The declared type of a listed column."""
        listed = self.columns_at(node).get(column) if node in self.graph.source_of else None
        return listed.type if listed else None

    def unknown_source(self, name: str, *, origin: str | None = None) -> SemanticLayerError:
        """The refusal of a name that is neither a source nor a role."""
        hint = nearest(name, self.graph.source_of)
        if origin is None:
            return SemanticLayerError(f"Unknown source '{name}'.{hint}")
        return no_join_path(origin, name, hint)

    def unknown_column(self, node: str, name: str) -> SemanticLayerError:
        """The refusal of a column that a source does not list."""
        known = [column.name for column in self.columns_at(node).values() if column.visibility != "hidden"]
        return SemanticLayerError(
            f"Column '{name}' does not exist in source '{node}'. Available: {', '.join(known)}"
            + (f".{hint}" if (hint := nearest(name, known)) else "")
        )

    def column(self, node: str, name: str) -> exp.Expr:
        """``node.name``, or the expression of a computed column in parentheses. The tree is the caller's."""
        column = self.columns_at(node).get(name)
        if column is None or column.expr is None:
            return self.dialect.column(node, name)
        return self.column_tree(node, name).copy()

    def column_tree(self, node: str, name: str, trail: tuple[str, ...] = ()) -> exp.Expr:
        """The same as `column`, but shared: copy it to use it."""
        key = (node, name)
        tree = self._column_trees.get(key)
        if tree is None:
            column = self.columns_at(node).get(name)
            if column is None or column.expr is None:
                tree = self.dialect.column(node, name)
            else:
                tree = self._computed(node, column, trail)
            self._column_trees[key] = tree
        return tree

    def _computed(self, node: str, column: Column, trail: tuple[str, ...]) -> exp.Expr:
        if column.name in trail:
            raise SemanticLayerError(f"Circular dependency detected: {column.name}")
        own = self.columns_at(node)
        level = 1
        source = self.graph.source_of[node].name

        def resolve(found: exp.Column) -> exp.Expr:
            nonlocal level
            reference = read_reference(found, is_node=lambda name: name in (node, source))
            if reference.qualifier not in (None, node, source):
                raise SemanticLayerError(
                    f"Computed column '{source}.{column.name}' may only use columns of its own source, "
                    f"not '{reference.qualifier}.{reference.name}'."
                )
            # A column may be computed from the physical column of the same name.
            if reference.name == column.name or reference.name not in own:
                return rebuilt(self.dialect.column(node, reference.name), reference)
            inner_key = (node, reference.name)
            if self._column_levels.get(inner_key, 0) >= _MOST_LEVELS:
                self._column_levels[node, column.name] = _MOST_LEVELS
                raise too_deep(column.name)
            inner = self.column_tree(node, reference.name, (*trail, column.name))
            level = max(level, self._column_levels.get(inner_key, 0) + 1)
            return rebuilt(inner.copy(), reference)

        if len(trail) >= _MOST_LEVELS:
            raise too_deep(column.name)
        tree = parse_expression(column.expr or "", self.dialect)
        tree = bound(tree, resolve, f"{source}.{column.name}")
        self._column_levels[node, column.name] = level
        # The extra argument tells later stages whose column this was; rendering does not know it.
        return exp.Paren(this=tree, node=node)


def bound(tree: exp.Expr, resolve: Resolver, name: str) -> exp.Expr:
    """A copy of the tree in which each column is what ``resolve`` makes of it."""
    tree = tree.copy()
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

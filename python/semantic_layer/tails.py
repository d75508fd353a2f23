"""What follows a place in the query's own references, for hints that show them rewritten."""

from __future__ import annotations

from semantic_layer.expressions import columns_of
from semantic_layer.names import written
from semantic_layer.resolution import ResolvedQuery


def tail_of(place: str, resolved: ResolvedQuery) -> str:
    """The column, and the granularity, that the first reference to a place names."""
    for dimension in resolved.dimensions:
        if dimension.column and dimension.home == place:
            suffix = f":{dimension.granularity}" if dimension.granularity else ""
            return f"{written(dimension.column)}{suffix}"
    trees = [
        *(dimension.tree for dimension in resolved.dimensions),
        *(row_filter.tree for row_filter in resolved.row_filters),
        *(measure.tree for measure in resolved.measures.values()),
    ]
    return next((written(column.name) for tree in trees for column in columns_of(tree) if column.table == place), "")

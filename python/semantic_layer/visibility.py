"""Columns that a query names itself: they must be listed by their source, and not be hidden."""

from __future__ import annotations

from sqlglot import exp

from semantic_layer.errors import SemanticLayerError, nearest, quoted
from semantic_layer.model import Model


def asked_column(model: Model, node: str, name: str, *, origin: str | None = None) -> exp.Expr:
    """The tree of a column that a query asks for, to keep. ``origin`` is where a join path would start."""
    if model.source_at(node) is None:
        raise model.unknown_source(node, origin=origin)
    column = model.columns_at(node).get(name)
    if column is None:
        raise model.unknown_column(node, name)
    if column.visibility == "hidden":
        raise hidden(node, name)
    return model.column(node, name)


def owner_of(model: Model, name: str) -> str:
    """The one source that has a column which a query names without its source."""
    owners = model.sources_with_column(name)
    visible = [owner for owner in owners if model.columns_at(owner)[name].visibility != "hidden"]
    if len(visible) > 1:
        listed = sorted(visible)
        raise SemanticLayerError(
            f"Column '{name}' is ambiguous: it exists in multiple sources ({', '.join(listed)}). "
            f"Use a qualified name like '{listed[0]}.{name}' to disambiguate."
        )
    if visible:
        return visible[0]
    if owners:
        raise hidden(owners[0], name)
    known = {column.name for source in model.sources.values() for column in source.columns}
    raise SemanticLayerError(f"Column '{quoted(name)}' does not exist in any source.{nearest(name, sorted(known))}")


def hidden(node: str, name: str) -> SemanticLayerError:
    """The refusal of a column that only definitions may use."""
    return SemanticLayerError(f"Column '{node}.{name}' is hidden and cannot be queried")

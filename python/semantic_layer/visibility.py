"""Columns that a query names itself: they must be listed by their source, and not be hidden."""

from __future__ import annotations

from sqlglot import exp

from semantic_layer.errors import SemanticLayerError, nearest, quoted
from semantic_layer.model import Model
from semantic_layer.names import Name
from semantic_layer.references import Reference, node_at, place_text


def asked_column(model: Model, reference: Reference, *, origin: str | None = None) -> exp.Expr:
    """The tree of a column that a query asks for, to keep. ``origin`` is where a join path would start."""
    place = reference.place or ""
    if model.source_at(place) is None:
        raise model.unknown_source(place_text(place), origin=origin)
    name = model.column_named(place, reference.name)
    if name is None and reference.fields:
        node = node_at(place)
        step = reference.name.text
        model.refuse_left_out(step)
        raise SemanticLayerError(
            f"`{place_text(place)}.{step}` does not exist: '{node}' has no join to '{step}' and no such column."
            + nearest(step, [*model.graph.neighbours(node), *model.columns_at(node)])
        )
    if name is None:
        raise model.unknown_column(place, reference.name.text)
    if model.columns_at(place)[name].visibility == "hidden":
        raise hidden(place_text(place), name)
    return model.column(place, name)


def owner_of(model: Model, name: Name) -> str:
    """The one source that has a column which a query names without its source."""
    owners = model.sources_with_column(name)
    visible = [owner for owner, column in owners if model.columns_at(owner)[column].visibility != "hidden"]
    if len(visible) > 1:
        listed = sorted(visible)
        raise SemanticLayerError(
            f"Column '{name.text}' is ambiguous: it exists in multiple sources ({', '.join(listed)}). "
            f"Use a qualified name like '{listed[0]}.{name.text}' to disambiguate."
        )
    if visible:
        return visible[0]
    if owners:
        raise hidden(*owners[0])
    known = {column.name for source in model.sources.values() for column in source.columns}
    raise SemanticLayerError(
        f"Column '{quoted(name.text)}' does not exist in any source.{nearest(name.text, sorted(known))}"
    )


def hidden(node: str, name: str) -> SemanticLayerError:
    """The refusal of a column that only definitions may use."""
    return SemanticLayerError(f"Column '{node}.{name}' is hidden and cannot be queried")

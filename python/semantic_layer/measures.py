"""What a measure is once its names are resolved, and its default name."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlglot import exp

from semantic_layer import sources
from semantic_layer.errors import SemanticLayerError, quoted
from semantic_layer.spans import Span


@dataclass(frozen=True, slots=True)
class ResolvedMeasure:
    """A measure. ``rows`` is the node whose rows it aggregates, or None when it is derived.

    ``home`` is the node that messages, prefixes and query segments know it by; ad-hoc arithmetic has none. ``places``
    are those that the tree reads. ``size`` counts the nodes of the tree with all that it depends on written out. With a
    ``span`` it aggregates other rows than those of the group's period.
    """

    key: str
    name: str
    text: str
    home: str | None
    rows: str | None
    tree: exp.Expr
    places: tuple[str, ...]
    depends_on: tuple[str, ...]
    is_numeric: bool
    size: int
    definition: sources.Measure | None = None
    is_lifted: bool = False
    span: Span | None = None

    @property
    def is_derived(self) -> bool:
        """Whether it is arithmetic over other measures."""
        return self.rows is None


def automatic_name(text: str) -> str:
    """The output name of an expression that has none: lower-case words joined by underscores."""
    name = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
    if not name:
        return "measure"
    return f"m_{name}" if name[0].isdigit() else name


def too_large(name: str) -> SemanticLayerError:
    """The refusal of a measure whose parts multiply without end."""
    return SemanticLayerError(f"'{quoted(name)}' expands to an expression that is too large. Simplify it.")

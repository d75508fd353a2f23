"""The table of dates that a connection names with its setting ``date_table``: it says which periods there are."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from semantic_layer.errors import SemanticLayerError, nearest, quoted
from semantic_layer.join_trees import JoinTree
from semantic_layer.model import Model
from semantic_layer.names import split_reference
from semantic_layer.statement import Rows
from semantic_layer.tables import Tables


@dataclass(frozen=True, slots=True)
class DateTable:
    """The column of a source that has the dates."""

    node: str
    column: exp.Expr

    def select(self, model: Model, tables: Tables) -> tuple[exp.Select, exp.Expr]:
        """A SELECT without columns that reads the table, and the date of a row."""
        rows = Rows(model, self.node, JoinTree(self.node), ())
        return rows.select((), (), tables), rows.value(self.column)


def find_date_table(model: Model, reference: str) -> DateTable:
    """The date table of a reference such as ``calendar.day``, or an error that says what is wrong with the setting."""
    setting = f"date_table '{quoted(reference)}' of the connection"
    parts = split_reference(reference)
    if len(parts) != 2 or not all(part.text for part in parts):
        raise SemanticLayerError(f"{setting} is not the column of a source", hint="write it as `calendar.day`")
    node = model.nodes.find(parts[0])
    if node is None:
        model.refuse_left_out(parts[0].text)
        hint = nearest(parts[0].text, model.nodes)
        raise SemanticLayerError(f"{setting} names the source '{parts[0].text}', which does not exist.{hint}")
    name = model.column_named(node, parts[1])
    if name is None:
        hint = nearest(parts[1].text, model.columns_at(node))
        raise SemanticLayerError(f"{setting} names the column '{parts[1].text}', which '{node}' does not have.{hint}")
    kind = model.type_of(node, name)
    if kind in ("number", "boolean"):
        raise SemanticLayerError(f"{setting} is a {kind}, not a date")
    return DateTable(node, model.column(node, name))

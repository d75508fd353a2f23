"""Looker's filter expressions as SQL conditions on a column, by the type of the column."""

from ktx_daemon.lookml.columns import Column, ColumnBuilder, Form
from ktx_daemon.lookml.date_filters import date_condition
from ktx_daemon.lookml.number_filters import number_condition
from ktx_daemon.lookml.references import Unresolvable
from ktx_daemon.lookml.text_filters import text_condition


def filter_condition(columns: ColumnBuilder, name: str, value: str) -> str | None:
    """Return the condition, or None for an empty value, which in Looker means any.

    Raises `Unresolvable` for a field that the view does not have, and for a value that cannot be said in SQL.
    """
    wanted = value.strip()
    own = name.removeprefix(f"{columns.view.name}.")
    item = columns.view.fields.get(own)
    if item is None or item.kind not in ("dimension", "dimension_group"):
        group, _ = columns.group_of(own)
        if group is None:
            raise Unresolvable(f"could not resolve sql reference: ${{{name}}}")
        item = group
    column = columns.column(item)
    if not wanted:
        return None
    subject = columns.reference(own) if item.name == own and item.kind == "dimension" else _subject(columns, column)
    if column.type == "boolean":
        return _yes_or_no(columns, column, subject, wanted)
    if column.type == "number":
        return number_condition(subject, wanted)
    if column.type == "time":
        return date_condition(subject, wanted)
    return text_condition(subject, wanted, columns.dialect)


def _subject(columns: ColumnBuilder, column: Column) -> str:
    """A dimension group is filtered by its time itself: days and months are ranges of it."""
    return columns.reference(f"{column.lookml_name}_raw")


def _yes_or_no(columns: ColumnBuilder, column: Column, subject: str, wanted: str) -> str:
    if wanted.lower() in ("yes", "true"):
        return subject
    if wanted.lower() in ("no", "false"):
        is_written_out = columns.form is Form.INLINE and column.expr is not None
        return f"NOT ({column.expr if is_written_out else subject})"
    raise Unresolvable(f"a filter on yes or no cannot be `{wanted}`")

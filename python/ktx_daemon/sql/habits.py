"""What people do with tables, in the statements of a history: joins, aggregates and filters.

Only what a statement says without doubt counts: columns whose table it names, or that can be of one table only. Values
are left out, as `?`.
"""

from collections.abc import Iterator
from typing import TypedDict

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import SqlglotError
from sqlglot.generator import Generator

from ktx_daemon.sql.parsing import is_physical, nodes

_LONGEST = 300
"""The maximum length of an expression; longer ones are not counted."""

_OF_OTHER_ROWS = (exp.Query, exp.Window)
_VALUES = (exp.Literal, exp.Parameter, exp.Placeholder)


class ColumnOf(TypedDict):
    """A column of a table, which is written as in the statement."""

    table: str
    column: str


class Join(TypedDict):
    """Two columns that are compared, in alphabetical order."""

    left: ColumnOf
    right: ColumnOf


class Expression(TypedDict):
    """An expression over the columns of one table."""

    table: str
    expr: str


class Habits(TypedDict):
    """Each at most once."""

    joins: list[Join]
    aggregates: list[Expression]
    filters: list[Expression]


def habits(selects: list[exp.Select], dialect: Dialect) -> Habits:
    """What the SELECTs do. It takes the values out of their conditions and aggregates in place, which a copy for each
    would make three times as slow; the trees are of no use afterwards.
    """
    found = Habits(joins=[], aggregates=[], filters=[])
    generator = dialect.generator(comments=False)
    for select in selects:
        _Block(select, generator).add_to(found)
    return found


class _Block:
    """One SELECT, without those inside it."""

    def __init__(self, select: exp.Select, generator: Generator) -> None:
        self._select = select
        self._generator = generator
        self._tables: dict[str, str] = {}
        joins = select.args.get("joins") or []
        first = select.args.get("from_")
        parts = [*([first.this] if first else []), *(join.this for join in joins)]
        for part in parts:
            if is_physical(part):
                self._tables[part.alias_or_name.casefold()] = ".".join(name.name for name in part.parts)
        self._only = next(iter(self._tables.values())) if len(parts) == len(self._tables) == 1 else None

    def add_to(self, found: Habits) -> None:
        if not self._tables:
            return
        where = self._select.args.get("where")
        compared = [join.args.get("on") for join in self._select.args.get("joins") or []]
        for condition in _conjuncts([*compared, where.this if where else None]):
            join = self._join(condition)
            if join and join not in found["joins"]:
                found["joins"].append(join)
            elif not join and isinstance(condition, (exp.Predicate, exp.Not)):
                self._add(found["filters"], condition)
        for projection in self._select.expressions:
            for call in _aggregates(projection):
                self._add(found["aggregates"], call)

    def _join(self, condition: exp.Expr) -> Join | None:
        if not isinstance(condition, exp.EQ):
            return None
        sides = (condition.this, condition.expression)
        left, right = (self._column(side) if isinstance(side, exp.Column) else None for side in sides)
        if left is None or right is None or sides[0].table.casefold() == sides[1].table.casefold():
            return None
        left, right = sorted((left, right), key=lambda side: (side["table"], side["column"]))
        return Join(left=left, right=right)

    def _column(self, column: exp.Column) -> ColumnOf | None:
        table = self._tables.get(column.table.casefold()) if column.table else self._only
        return ColumnOf(table=table, column=column.name) if table and not column.is_star else None

    def _add(self, to: list[Expression], node: exp.Expr) -> None:
        parts = list(nodes(node))
        if any(isinstance(part, _OF_OTHER_ROWS) for part in parts):
            return
        columns = [part for part in parts if isinstance(part, exp.Column)]
        owners = [self._column(column) for column in columns]
        tables = {owner["table"] for owner in owners if owner}
        if not columns and self._only:
            tables.add(self._only)
        if None in owners or len(tables) != 1:
            return
        for column in columns:
            for qualifier in ("table", "db", "catalog"):
                column.args.pop(qualifier, None)
        for part in parts:
            if isinstance(part, _VALUES):
                part.replace(exp.Var(this="?"))
        try:
            text = self._generator.generate(node, copy=False)
        except (SqlglotError, ValueError):
            return
        habit = Expression(table=tables.pop(), expr=text)
        if len(text) <= _LONGEST and habit not in to:
            to.append(habit)


def _conjuncts(conditions: list[exp.Expr | None]) -> Iterator[exp.Expr]:
    pending = [condition for condition in reversed(conditions) if condition is not None]
    while pending:
        condition = pending.pop()
        if isinstance(condition, exp.Paren):
            pending.append(condition.this)
        elif isinstance(condition, exp.And):
            pending += [condition.expression, condition.this]
        else:
            yield condition


def _aggregates(projection: exp.Expr) -> Iterator[exp.Expr]:
    """The outermost aggregates, with their FILTER."""
    pending = [projection]
    while pending:
        node = pending.pop()
        if isinstance(node, (exp.Query, exp.Window)):
            continue
        if isinstance(node.this if isinstance(node, exp.Filter) else node, exp.AggFunc):
            yield node
        else:
            pending += list(node.iter_expressions(reverse=True))

"""The SELECT of empty groups: rows of the first dimension's source to which no row of an asked fact leads."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from semantic_layer.dimensions import Dimension
from semantic_layer.empty_groups import EmptyGroups
from semantic_layer.expressions import copied
from semantic_layer.join_trees import JoinTree
from semantic_layer.model import Model
from semantic_layer.padding import column_at, is_present
from semantic_layer.planning import Group
from semantic_layer.statement import Rows
from semantic_layer.tables import Tables

# They look through all rows of a correlated sub-query for each row outside, unless there is an index.
_WITHOUT_ANTI_JOINS = frozenset({"sqlite"})


def select_empty_groups(
    model: Model, empty: EmptyGroups, asked: Sequence[Group], dimensions: Sequence[Dimension], tables: Tables
) -> exp.Select:
    """The values of the dimensions for each such row, without labels; NULL where the row does not decide one."""
    inner = {
        group.tree.alias_at(empty.routes[group.fact][:length])
        for group in asked
        for length in range(len(empty.routes[group.fact]))
    }
    tree = JoinTree(empty.node, inner)
    for place, route in empty.behind.items():
        tree.add(place, route)
    rows = Rows(model, empty.node, tree, tree.joins(()))
    columns = [rows.value(dimension.tree) if dimension in empty.decided else exp.Null() for dimension in dimensions]
    lacking = [_lacks(model, group, empty, tree.root, tables) for group in asked]
    select = rows.select((), [*empty.filters, *lacking], tables)
    select.set("expressions", columns)
    return select


def _lacks(model: Model, group: Group, empty: EmptyGroups, alias: str, tables: Tables) -> exp.Expr:
    """The condition that no row of the group's fact leads to a row of the empty groups' source."""
    *way, last = empty.routes[group.fact]
    route = tuple(way)
    tree = JoinTree(group.fact, [alias])
    tree.add("", route)
    rows = Rows(model, group.fact, tree, tree.joins([""]))
    own = [column_at(model, last.origin, tree.alias_at(route), left) for left, _ in last.pairs]
    wanted = [column_at(model, last.target, alias, right) for _, right in last.pairs]
    one: exp.Expr = exp.Literal.number("1")
    if model.dialect.name not in _WITHOUT_ANTI_JOINS:
        matches = [exp.EQ(this=left, expression=right) for left, right in zip(own, wanted, strict=True)]
        select = rows.select((), matches, tables)
        select.set("expressions", [one])
        return exp.Not(this=exp.Exists(this=select))
    select = rows.select((), [is_present(copied(column)) for column in own], tables)
    select.set("expressions", own)
    key = copied(wanted[0]) if len(wanted) == 1 else exp.Tuple(expressions=[copied(column) for column in wanted])
    is_found = exp.In(this=key, query=exp.Subquery(this=select))
    unknown = [exp.Is(this=column, expression=exp.Null()) for column in wanted]
    return exp.Paren(this=exp.or_(*unknown, exp.Not(this=is_found), copy=False))

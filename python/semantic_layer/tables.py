"""What a statement reads from: tables by name, and sources defined by SQL as named sub-queries."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from sqlglot import exp
from sqlglot.errors import SqlglotError

from semantic_layer.dialects import SqlDialect
from semantic_layer.errors import SemanticLayerError
from semantic_layer.expressions import copied, too_deep
from semantic_layer.model import Model
from semantic_layer.nesting import checked, parse
from semantic_layer.padding import mark_of

_PLAIN_TABLE = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*){0,2}", re.ASCII)
# These engines have no WITH inside a sub-query or another WITH.
_WITHOUT_NESTED_WITH = frozenset({"tsql", "fabric"})


class Tables:
    """The FROM items of one statement, and the WITH entries that they need."""

    def __init__(self, model: Model, expressions: Iterable[exp.Expr]) -> None:
        self._model = model
        self._taken = {table.name.lower() for tree in expressions for table in tree.find_all(exp.Table)}
        self._names: dict[str, str] = {}
        self._bodies: dict[str, exp.Expr] = {}

    def reserve(self, nodes: Iterable[str]) -> None:
        """Makes the nodes' sources known, so that no WITH entry hides a table which another one reads."""
        dialect = self._model.dialect
        for node in nodes:
            source = self._model.graph.source_of[node]
            if source.sql is not None:
                self._bodies[source.name] = parse_body(source.name, source.sql, dialect)
                self._taken.update(table.name.lower() for table in self._bodies[source.name].find_all(exp.Table))
            else:
                self._taken.add(parse_table(str(source.table), dialect).name.lower())

    def name(self, wanted: str) -> str:
        """A name for a WITH entry: the one wanted, or with a number behind it when that is taken."""
        name, number = wanted, 2
        while name.lower() in self._taken:
            name, number = f"{wanted}_{number}", number + 1
        self._taken.add(name.lower())
        return name

    def item(self, node: str, name: str, *, is_marked: bool = False) -> exp.Expr:
        """The FROM item of a node under a name; marked, it has one more column, which is never NULL."""
        source = self._model.graph.source_of[node]
        dialect = self._model.dialect
        if source.sql is not None:
            table = exp.Table(this=dialect.identifier(self._entry(source.name)))
        else:
            table = copied(parse_table(str(source.table), dialect))
        if is_marked:
            mark = exp.Alias(this=exp.Literal.number("1"), alias=exp.to_identifier(mark_of(source)))
            select = exp.Select(expressions=[exp.Star(), mark], from_=exp.From(this=table))
            return exp.Subquery(this=select, alias=exp.TableAlias(this=dialect.identifier(name)))
        if table.name != name:
            table.set("alias", exp.TableAlias(this=dialect.identifier(name)))
        return table

    def entries(self) -> list[exp.CTE]:
        """The WITH entries of the sources that items were made for."""
        entries = []
        for source, name in self._names.items():
            body = copied(self._bodies[source])
            if self._model.dialect.name in _WITHOUT_NESTED_WITH:
                entries.extend(self._hoisted(name, body))
            entries.append(with_entry(name, body, self._model.dialect))
        return entries

    def _entry(self, source: str) -> str:
        if source not in self._names:
            is_free = source.lower() not in self._taken
            self._names[source] = self.name(source if is_free else f"{source}_source")
        return self._names[source]

    def _hoisted(self, name: str, body: exp.Expr) -> list[exp.CTE]:
        """The body's own WITH entries, taken out of it under names that are new to the statement."""
        inner = body.args.get("with_")
        if inner is None:
            return []
        body.set("with_", None)
        new_names = {entry.alias: self.name(f"{name}_{entry.alias}") for entry in inner.expressions}
        for tree in (body, *inner.expressions):
            for table in list(tree.find_all(exp.Table)):
                if table.name in new_names and not table.args.get("db"):
                    alias = table.args.get("alias") or exp.TableAlias(this=copied(table.this))
                    table.set("this", self._model.dialect.identifier(new_names[table.name]))
                    table.set("alias", alias)
        for entry in inner.expressions:
            entry.args["alias"].set("this", self._model.dialect.identifier(new_names[entry.alias]))
        return list(inner.expressions)


def with_entry(name: str, query: exp.Expr, dialect: SqlDialect) -> exp.CTE:
    """``name AS (query)``."""
    return exp.CTE(this=query, alias=exp.TableAlias(this=dialect.identifier(name)))


@lru_cache(maxsize=1024)
def parse_table(text: str, dialect: SqlDialect) -> exp.Table:
    """A table's name as an author wrote it, with or without quotes. Copy it before changing it."""
    text = text.strip()
    if not _PLAIN_TABLE.fullmatch(text):
        try:
            tokens = checked(dialect.grammar.tokenize(text), dialect.grammar)
            table = dialect.grammar.parser().parse_into(exp.Table, tokens, text)[0]
        except (SqlglotError, RecursionError):
            table = None
        if type(table) is exp.Table and isinstance(table.this, exp.Identifier) and not table.alias:
            return table
    catalog, db, name = ([None, None, *text.split(".", 2)])[-3:]
    return exp.Table(
        this=dialect.identifier(str(name)),
        db=dialect.identifier(db) if db else None,
        catalog=dialect.identifier(catalog) if catalog else None,
    )


@lru_cache(maxsize=64)
def parse_body(source: str, sql: str, dialect: SqlDialect) -> exp.Query:
    """The query of a source defined by SQL. Copy it before changing it."""
    try:
        statements = [tree for tree in parse(sql, dialect.grammar) if tree is not None]
    except SqlglotError as error:
        raise SemanticLayerError(f"Failed to parse the SQL of source '{source}': {error}") from None
    except RecursionError:
        raise too_deep(sql) from None
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise SemanticLayerError(f"The SQL of source '{source}' must be a single SELECT statement")
    return statements[0]

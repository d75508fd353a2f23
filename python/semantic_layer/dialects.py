"""The SQL dialect of a request: a thin, typed view on sqlglot's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect, Dialects
from sqlglot.errors import ErrorLevel, UnsupportedError
from sqlglot.generator import Generator

from semantic_layer.errors import SemanticLayerError, quoted
from semantic_layer.identifiers import needs_quotes

# SQLite has them, but looks through all rows of the second table for each of the first unless there is an index: it
# makes none for them by itself.
_WITHOUT_FULL_JOIN = frozenset({"mysql", "doris", "starrocks", "sqlite"})
_KNOWN = frozenset(dialect.value for dialect in Dialects if dialect.value)


@dataclass(frozen=True, slots=True)
class SqlDialect:
    """A dialect by name. Equal dialects are the same object, so caches may key on them."""

    name: str
    grammar: Dialect

    def identifier(self, name: str) -> exp.Identifier:
        """``name`` as an AST node, quoted when the dialect would misread it."""
        return exp.Identifier(this=name, quoted=needs_quotes(name, self.name))

    def column(self, table: str, name: str) -> exp.Column:
        """A column of a table alias."""
        return exp.Column(this=self.identifier(name), table=self.identifier(table))

    def bare_column(self, name: str) -> exp.Column:
        """A column of the only table there is."""
        return exp.Column(this=self.identifier(name))

    def table(self, name: str) -> exp.Table:
        """A table of the statement, such as a WITH entry."""
        return exp.Table(this=self.identifier(name))

    def named(self, tree: exp.Expr, name: str) -> exp.Alias:
        """``tree AS name``."""
        return exp.Alias(this=tree, alias=self.identifier(name))

    def select(self, columns: Sequence[exp.Expr], table: str, **clauses: exp.Expr) -> exp.Select:
        """``SELECT columns FROM table``, with other clauses as sqlglot names them."""
        return exp.Select(expressions=list(columns), from_=exp.From(this=self.table(table)), **clauses)

    def derived_table(self, query: exp.Query, alias: str) -> exp.Subquery:
        """``(query) AS alias``."""
        return exp.Subquery(this=query, alias=exp.TableAlias(this=self.identifier(alias)))

    def ascending(self, key: exp.Expr) -> exp.Ordered:
        """An ascending sort key inside an aggregate, whose NULLs stay where the engine puts them by default."""
        return exp.Ordered(this=key, nulls_first=self.grammar.NULL_ORDERING == "nulls_are_small")

    @property
    def has_full_join(self) -> bool:
        """Whether a join can keep the rows of both sides, in a time that makes sense."""
        return self.name not in _WITHOUT_FULL_JOIN

    def render(self, statement: exp.Expr) -> str:
        """The statement as text. The statement must not be used afterwards: some dialects rewrite it."""
        writer = _writer(self.grammar.generator_class)(
            dialect=self.grammar,
            pretty=True,
            comments=False,
            normalize_functions=False,
            unsupported_level=ErrorLevel.RAISE,
        )
        try:
            return writer.generate(statement, copy=False)
        except UnsupportedError as error:
            # Written without it, the statement would give other rows.
            raise SemanticLayerError(f"{self.name} cannot express the query: {error}") from None


@lru_cache(maxsize=64)
def _writer(base: type[Generator]) -> type[Generator]:
    """The dialect's generator, which writes each name once: a statement of six sources has 165 of some 30 names."""

    class Writer(base):  # type: ignore[misc, valid-type]
        def identifier_sql(self, expression: exp.Identifier) -> str:
            args = expression.args
            if len(args) > 2:
                return str(super().identifier_sql(expression))
            key = (args["this"], args.get("quoted"))
            text = written.get(key)
            if text is None:
                text = written[key] = super().identifier_sql(expression)
                if len(written) > _MOST_NAMES:
                    written.clear()
            return text

    written: dict[tuple[str, bool | None], str] = {}
    return Writer


_MOST_NAMES = 10_000


@lru_cache(maxsize=64)
def get_dialect(name: str) -> SqlDialect:
    """The dialect of that name, or an error that names some that exist."""
    if name not in _KNOWN:
        raise SemanticLayerError(
            f"Unknown SQL dialect '{quoted(name)}'. Use a dialect supported by sqlglot "
            "(e.g., postgres, bigquery, snowflake, mysql, duckdb)."
        )
    return SqlDialect(name, Dialect.get_or_raise(name))

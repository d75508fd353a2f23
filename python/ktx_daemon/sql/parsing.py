"""Reading statements with sqlglot: the dialect by name, the statements of a text, tables in reading order."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, TypeGuard

from pydantic import StringConstraints
from sqlglot import exp
from sqlglot.dialects.dialect import Dialect, Dialects
from sqlglot.dialects.postgres import Postgres
from sqlglot.errors import SqlglotError, TokenError
from sqlglot.tokens import Token, TokenType

from ktx_daemon.errors import RequestRejected, plain_message
from ktx_daemon.sql import unicode_names
from semantic_layer.nesting import checked

SqlText = Annotated[str, StringConstraints(max_length=1_000_000)]
"""SQL of a request. Parsing takes about 50 ms for every 10,000 characters of dense text."""

BLANK = "SQL did not parse to a statement."
TOO_DEEP = "The SQL is nested too deeply."

_NUMBERED_PARAMETER = re.compile(r"\$\d+(?=[^\s\w$])")

_DIALECTS = frozenset(dialect.value for dialect in Dialects) - {""}

_RECURSIVE_WITHOUT_KEYWORD = frozenset({"tsql", "fabric", "oracle", "teradata"})
"""Dialects whose common table expressions may name themselves without RECURSIVE."""


_NAMING_OTHERS = (exp.Create, exp.Drop, exp.Alter, exp.UserDefinedFunction)
_TABLE_KINDS = frozenset({"TABLE", "VIEW", "MATERIALIZED VIEW"})
"""What the name of a CREATE, DROP or ALTER is a table of; others name functions, schemas, sequences."""


class Unparseable(Exception):
    """The text is not valid SQL in the dialect; the message says where it fails."""


def dialect_named(name: str) -> Dialect:
    """Return the dialect of that name, in any letter case. Raises `RequestRejected` for one unknown to sqlglot."""
    if name.lower() not in _DIALECTS:
        raise RequestRejected(
            f"Unknown SQL dialect '{name[:100]}'. Use a dialect supported by sqlglot "
            "(e.g., postgres, bigquery, snowflake, mysql, duckdb)."
        )
    return Dialect.get_or_raise(name.lower())


def parse_statements(sql: str, dialect: Dialect, tokens: list[Token] | None = None) -> list[exp.Expr]:
    """Return the statements of `sql`, without empty ones. Raises `Unparseable`.

    A caller that already has the tokens passes them: tokenizing takes half of the time.
    """
    try:
        tokens = checked(tokenize(sql, dialect) if tokens is None else tokens, dialect)
        parsed = dialect.parser().parse(tokens, sql)
    except SqlglotError as error:
        raise Unparseable(plain_message(error)) from None
    except RecursionError:
        raise Unparseable(TOO_DEEP) from None
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise Unparseable(f"sqlglot cannot read this ({type(error).__name__})") from None
    # sqlglot keeps a comment behind the last semicolon as its own statement.
    statements = [one for one in parsed if one is not None and not isinstance(one, exp.Semicolon)]
    if type(dialect).__name__.lower() in _RECURSIVE_WITHOUT_KEYWORD:
        for clause in (clause for statement in statements for clause in statement.find_all(exp.With)):
            clause.set("recursive", True)
    return statements


def tokenize(sql: str, dialect: Dialect) -> list[Token]:
    """Return the tokens of `sql`. Raises `Unparseable`."""
    return with_plain_names(tokens_as_written(sql, dialect)[1], dialect)


def tokens_as_written(sql: str, dialect: Dialect) -> tuple[str, list[Token]]:
    """Return the tokens of `sql`, and the text whose characters they count. Raises `Unparseable`."""
    try:
        return sql, dialect.tokenize(sql)
    except TokenError as error:
        # sqlglot takes `$1,$` for the start of a dollar-quoted string, and query logs are full of `IN ($1,$2)`.
        spaced = _NUMBERED_PARAMETER.sub(r"\g<0> ", sql)
        if spaced == sql:
            raise Unparseable(plain_message(error)) from None
    try:
        return spaced, dialect.tokenize(spaced)
    except TokenError as error:
        raise Unparseable(plain_message(error)) from None


def with_plain_names(tokens: list[Token], dialect: Dialect) -> list[Token]:
    """Resolve PostgreSQL's `U&"…"`, which sqlglot takes for an operation on `U`. Raises `Unparseable`."""
    if not isinstance(dialect, Postgres) or not any(token.token_type is TokenType.AMP for token in tokens):
        return tokens
    try:
        return unicode_names.resolve(tokens)
    except unicode_names.BadEscape as error:
        raise Unparseable(str(error)) from None


def physical_tables(statement: exp.Expr) -> list[exp.Table]:
    """Return the references to stored tables anywhere in the statement, in the order of its text."""
    return contents([statement]).tables


@dataclass(slots=True)
class Contents:
    """What is found in one walk through statements."""

    names: set[int]
    """Where in the text names begin."""

    tables: list[exp.Table]
    """The references to stored tables, in the order of the text."""

    selects: list[exp.Select]
    """In no stated order."""


def contents(statements: list[exp.Expr]) -> Contents:
    """Walk through the statements.

    A loop of its own beside `nodes`, because this is done to every statement of a history and takes half as long.
    """
    names: set[int] = set()
    tables: list[exp.Table] = []
    selects: list[exp.Select] = []
    pending = [*statements]
    while pending:
        node = pending.pop()
        kind = node.__class__
        if kind is exp.Identifier:
            if (start := start_of(node)) is not None:
                names.add(start)
            continue
        if kind is exp.Literal:
            continue
        if kind is exp.Table:
            tables.append(node)  # type: ignore[arg-type]
        elif kind is exp.Select:
            selects.append(node)  # type: ignore[arg-type]
        for value in node.args.values():
            kind = value.__class__
            if kind is list:
                pending += [one for one in value if isinstance(one, exp.Expr)]
            elif kind not in _LEAVES and isinstance(value, exp.Expr):
                pending.append(value)
    return Contents(names, sorted(filter(is_physical, tables), key=position), selects)


def is_physical(node: exp.Expr) -> TypeGuard[exp.Table]:
    """Tell whether a node refers to a stored table."""
    if not isinstance(node, exp.Table) or not isinstance(node.this, (exp.Identifier, exp.Dot)):
        return False
    if isinstance(node.parent, _NAMING_OTHERS) and str(node.parent.args.get("kind")).upper() not in _TABLE_KINDS:
        return False
    return bool(node.name) and not _names_cte(node)


def nodes(tree: exp.Expr) -> Iterator[exp.Expr]:
    """Yield every node of a tree, in no stated order: a third of the time of sqlglot's walks, which keep one."""
    pending = [tree]
    while pending:
        node = pending.pop()
        yield node
        for value in node.args.values():
            kind = value.__class__
            if kind is list:
                pending += [one for one in value if isinstance(one, exp.Expr)]
            elif kind not in _LEAVES and isinstance(value, exp.Expr):
                pending.append(value)


_LEAVES = frozenset({str, bool, int, type(None)})


def start_of(node: exp.Expr) -> int | None:
    """Return where in the text an identifier begins, or None for what sqlglot made itself."""
    start: int | None = node.meta.get("start")
    return start


def position(name: exp.Table | exp.Column) -> int:
    """Return where in the text a name of several parts begins; those made by sqlglot itself come last."""
    return min((start for part in name.parts if (start := start_of(part)) is not None), default=2**31)


def _names_cte(table: exp.Table) -> bool:
    """Tell whether an unqualified name refers to a common table expression that is in scope there."""
    if table.db:
        return False
    wanted = table.name.casefold()
    return any(name.casefold() == wanted for name in _visible_ctes(table))


def _visible_ctes(table: exp.Table) -> Iterator[str]:
    inside: exp.Expr = table
    while (outer := inside.parent) is not None:
        if isinstance(outer, exp.With) and isinstance(inside, exp.CTE):
            yield from _ctes_seen_from(inside, outer)
        elif (clause := outer.args.get("with_")) is not None and clause is not inside:
            yield from (cte.alias for cte in clause.expressions)
        inside = outer


def _ctes_seen_from(cte: exp.CTE, clause: exp.With) -> Iterator[str]:
    """A common table expression sees those before it; with RECURSIVE all of its clause, itself included."""
    for sibling in clause.expressions:
        if sibling is cte and not clause.args.get("recursive"):
            return
        yield sibling.alias

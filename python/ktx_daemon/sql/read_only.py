"""`/sql/validate-read-only`: whether a text is one statement that only reads.

The guard in front of `/database/query`, and of the program's own connectors. It lets pass what it knows: a query, read
in one way only, without syntax that writes, and with functions that only compute. Two more layers are
`database.postgres.functions`, which asks a PostgreSQL server what its names stand for, and the session.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import TypedDict

from pydantic import BaseModel, ConfigDict, Field
from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.tokens import Token, TokenType

from ktx_daemon.sql import functions
from ktx_daemon.sql.calls import Call, calls_in
from ktx_daemon.sql.lexing import Lexeme, TwoWays, lex, require_agreement
from ktx_daemon.sql.parsing import (
    BLANK,
    SqlText,
    Unparseable,
    dialect_named,
    nodes,
    parse_statements,
    start_of,
    tokens_as_written,
    with_plain_names,
)
from ktx_daemon.sql.tables import more_than_a_table

SEVERAL = "Only one SQL statement can be executed."

SETTING = "connections.<id>.functions.allow"

WRITING_NODES: tuple[type[exp.Expr], ...] = (
    exp.DML,
    exp.Create,
    exp.Drop,
    exp.Alter,
    exp.AlterColumn,
    exp.TruncateTable,
    exp.Copy,
    exp.LoadData,
    exp.Export,
    exp.Grant,
    exp.Revoke,
    exp.Set,
    exp.Use,
    exp.Show,
    exp.Describe,
    exp.Pragma,
    exp.Command,
    exp.Transaction,
    exp.Commit,
    exp.Rollback,
    exp.Analyze,
    exp.Cache,
    exp.Uncache,
    exp.Refresh,
    exp.Execute,
    exp.Attach,
    exp.Detach,
    exp.Comment,
    exp.Kill,
    exp.NextValueFor,
    exp.Into,
    exp.Lock,
    exp.QueryTransform,
)
"""Syntax that changes something, takes row locks or leaves SQL, anywhere in a statement."""

_TSQL_STATEMENTS = frozenset(
    """
    alter backup begin break bulk checkpoint close commit continue create dbcc deallocate declare delete deny drop
    dump exec execute exit goto grant if insert kill lineno load merge open print raiserror readtext reconfigure
    restore return revert revoke rollback save set setuser shutdown truncate update updatetext use waitfor while
    writetext
    """.split()
)
"""T-SQL needs no semicolon between statements, and none of these reserved words is part of a query."""

_SEQUENCE_COLUMNS = {"snowflake": "nextval", "oracle": "nextval"}


class Request(BaseModel):
    """One text to check."""

    model_config = ConfigDict(extra="ignore", strict=True)

    dialect: str
    sql: SqlText
    allowed_functions: list[str] = Field(default=[], max_length=10_000)
    """Functions that may be called beyond those that are known to only compute: `name` or `schema.name`."""


class Verdict(TypedDict):
    """`error` says why the text is not one reading statement."""

    ok: bool
    error: str | None


@dataclass(frozen=True, slots=True)
class Reading:
    """A text that is one query without writing syntax. Whether its functions only compute is another question."""

    lexemes: list[Lexeme]
    statement: exp.Expr
    calls: list[Call]


class Refused(Exception):
    """The text is not one reading statement; the message says why."""


def respond(request: Request) -> Verdict:
    """Check the request's text."""
    error = objection(request.sql, dialect_named(request.dialect), request.allowed_functions)
    return Verdict(ok=error is None, error=error)


def objection(sql: str, dialect: Dialect, allowed: Collection[str] = ()) -> str | None:
    """Say why `sql` must not be executed as a read, or return None."""
    try:
        reading = read(sql, dialect)
    except Refused as error:
        return str(error)
    unknown = unknown_calls(reading.calls, _name(dialect), allowed)
    return unknown_function(str(unknown[0])) if unknown else None


def unknown_function(name: str) -> str:
    """Word the refusal of a function."""
    reason = f"a function that is not known to only read; to allow it, add it to {SETTING}"
    return f"SQL contains read/write operation: {name} ({reason})"


def read(sql: str, dialect: Dialect) -> Reading:
    """Read one query. Raises `Refused`."""
    name = _name(dialect)
    try:
        sql, tokens = tokens_as_written(sql, dialect)
        statements = parse_statements(sql, dialect, with_plain_names(tokens, dialect))
        if not statements:
            raise Refused(BLANK)
        if len(statements) > 1:
            raise Refused(SEVERAL)
        if kind := _writing_kind(statements[0], name):
            raise Refused(f"SQL contains read/write operation: {kind}")
        if kind := more_than_a_table(statements[0], name):
            raise Refused(f"SQL contains read/write operation: {kind}")
        lexemes = lex(sql, name)
        require_agreement(lexemes, tokens)
        if kind := _writing_word(lexemes, tokens, name):
            raise Refused(f"SQL contains read/write operation: {kind}")
        return Reading(lexemes, statements[0], calls_in(lexemes, name, _declared(statements[0])))
    except Unparseable as error:
        raise Refused(f"Invalid expression: {error}") from None
    except TwoWays as error:
        raise Refused(f"SQL can be read in two ways: {error}") from None


def unknown_calls(calls: list[Call], dialect: str, allowed: Collection[str] = ()) -> list[Call]:
    """Return the calls that neither the lists nor the caller know."""
    computing, syntax = functions.computing(dialect), functions.syntax(dialect)
    also = {name if dialect == "postgres" else name.lower() for name in allowed}
    return [
        call
        for call in calls
        if not (len(call.parts) == 1 and not call.quoted and call.name in syntax)
        and not _is_computing(call, computing, dialect)
        and not also & {str(call), call.name}
    ]


def _is_computing(call: Call, computing: Collection[str], dialect: str) -> bool:
    if len(call.parts) == 1 or str(call) in computing:
        return str(call) in computing
    qualifier = call.parts[:-1]
    # DuckDB writes `x.f()` for `f(x)`, with anything for `x`.
    known = dialect == "duckdb" or qualifier in (("pg_catalog",), ("safe",), ("system", "builtin"))
    return known and call.name in computing


def _name(dialect: Dialect) -> str:
    return type(dialect).__name__.lower()


def _writing_kind(statement: exp.Expr, dialect: str) -> str | None:
    queries: tuple[type[exp.Expr], ...] = (exp.Query, exp.Values)
    if dialect == "duckdb":
        queries += (exp.Summarize,)
    if not isinstance(statement, queries) or isinstance(statement, exp.Table):
        return type(statement).__name__
    return next((type(node).__name__ for node in nodes(statement) if isinstance(node, WRITING_NODES)), None)


def _writing_word(lexemes: list[Lexeme], tokens: list[Token], dialect: str) -> str | None:
    """Find what sqlglot's tree does not show: statements behind an alias, assignments, a second statement."""
    sequence_column = _SEQUENCE_COLUMNS.get(dialect)
    words = [lexeme.text.lower() for lexeme in lexemes]
    for place, (word, lexeme) in enumerate(zip(words, lexemes, strict=True)):
        if dialect == "tsql" and lexeme.kind == "word" and word in _TSQL_STATEMENTS:
            return word.upper()
        if dialect == "clickhouse" and word == "apply":
            return "APPLY"  # takes the name of a function without a parenthesis
        if word.strip('"') == sequence_column and place and words[place - 1] == ".":
            return "NextValueFor"
        if word == ";" and set(words[place:]) != {";"}:
            raise Refused(SEVERAL)
    if dialect == "mysql" and any(token.token_type is TokenType.COLON_EQ for token in tokens):
        return "Set"
    if dialect == "snowflake" and any(token.text == "->>" for token in tokens):
        raise Refused(SEVERAL)  # parts statements there, which sqlglot takes for an operator of JSON
    return None


def _declared(statement: exp.Expr) -> set[int]:
    """Where names of aliases and common table expressions begin, which a list of columns follows."""
    starts = set()
    for node in nodes(statement):
        if isinstance(node, exp.TableAlias) and isinstance(node.this, exp.Identifier):
            starts.add(start_of(node.this))
    return {start for start in starts if start is not None}

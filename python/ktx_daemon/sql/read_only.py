"""`/sql/validate-read-only`: whether a text is one statement that only reads.

The guard in front of `/database/query`, and of the program's own connectors. It refuses by the kind of the
syntax node. Of functions it knows those that write or act on the server; whoever runs the statement should use a
read-only transaction as well, because a user-defined function can do anything.
"""

from typing import TypedDict

from pydantic import BaseModel, ConfigDict
from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.dialects.mysql import MySQL

from ktx_daemon.sql.parsing import BLANK, SqlText, Unparseable, dialect_named, parse_statements, tokenize

SEVERAL = "Only one SQL statement can be executed."

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
)
"""Syntax that changes something, takes row locks or leaves SQL, wherever in a statement it stands."""

WRITING_FUNCTIONS = frozenset(
    {
        "dblink",
        "dblink_exec",
        "dblink_send_query",
        "lo_creat",
        "lo_create",
        "lo_export",
        "lo_from_bytea",
        "lo_import",
        "lo_put",
        "lo_truncate",
        "lo_unlink",
        "lowrite",
        "nextval",
        "pg_advisory_lock",
        "pg_advisory_lock_shared",
        "pg_cancel_backend",
        "pg_create_restore_point",
        "pg_logical_emit_message",
        "pg_notify",
        "pg_promote",
        "pg_reload_conf",
        "pg_rotate_logfile",
        "pg_switch_wal",
        "pg_terminate_backend",
        "set_config",
        "setval",
        "sys_exec",
        "sys_eval",
        "xp_cmdshell",
    }
)
"""Functions that write, act on the server or its other sessions, or reach another server."""


class Request(BaseModel):
    """One text to judge."""

    model_config = ConfigDict(extra="ignore", strict=True)

    dialect: str
    sql: SqlText


class Verdict(TypedDict):
    """`error` says why the text is not one reading statement."""

    ok: bool
    error: str | None


def respond(request: Request) -> Verdict:
    """Judge the request's text."""
    error = objection(request.sql, dialect_named(request.dialect))
    return Verdict(ok=error is None, error=error)


def objection(sql: str, dialect: Dialect) -> str | None:
    """Say why `sql` must not be executed as a read, or return None."""
    try:
        statements = parse_statements(sql, dialect)
    except Unparseable as error:
        return f"Invalid expression: {error}"
    if not statements:
        return BLANK
    if len(statements) > 1:
        return SEVERAL
    kind = _writing_kind(statements[0])
    if kind is None and _has_executable_comment(sql, dialect):
        kind = "ExecutableComment"
    return None if kind is None else f"SQL contains read/write operation: {kind}"


def _writing_kind(statement: exp.Expr) -> str | None:
    if not isinstance(statement, (exp.Query, exp.Values)) or isinstance(statement, exp.Table):
        return type(statement).__name__
    for node in statement.walk():
        if isinstance(node, WRITING_NODES):
            return type(node).__name__
        if isinstance(node, exp.Func) and (name := _function_name(node)) in WRITING_FUNCTIONS:
            return name
    return None


def _function_name(function: exp.Func) -> str:
    name = function.name if isinstance(function, exp.Anonymous) else function.sql_name()
    return name.lower()


def _has_executable_comment(sql: str, dialect: Dialect) -> bool:
    """MySQL runs what stands in `/*! … */`, which every parser but its own takes for a comment."""
    if not isinstance(dialect, MySQL):
        return False
    comments = (comment for token in tokenize(sql, dialect) for comment in token.comments)
    return any(comment.lstrip().startswith(("!", "M!")) for comment in comments)

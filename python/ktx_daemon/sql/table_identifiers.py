"""`/sql/parse-table-identifier`: which physical table a LookML `sql_table_name` stands for."""

from collections.abc import Set
from functools import cache
from typing import TypedDict

from pydantic import BaseModel, ConfigDict
from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import SqlglotError

from ktx_daemon.errors import plain_message
from semantic_layer.nesting import parse

DIALECTS = frozenset({"bigquery", "snowflake", "postgres", "redshift", "mysql", "sqlite", "tsql", "clickhouse"})

TEMPLATE_MARKS = ("${", "@{")
"""Looker's references and constants; they must be resolved before the name means anything."""

MOST_PARTS = 3


class Item(BaseModel):
    """One name to parse; `key` finds it again in the answer."""

    model_config = ConfigDict(extra="ignore", strict=True)

    key: str
    sql_table_name: str
    dialect: str


class Request(BaseModel):
    """The names of one call. Of two items with one key, the last wins."""

    model_config = ConfigDict(extra="ignore", strict=True)

    items: list[Item]


class Identifier(TypedDict):
    """The answer for one item; members that do not apply are null."""

    ok: bool
    catalog: str | None
    schema: str | None
    name: str | None
    canonical_table: str | None
    reason: str | None
    detail: str | None


def respond(request: Request) -> dict[str, dict[str, Identifier]]:
    """Parse every item; one that cannot be parsed does not touch the others."""
    return {"results": {item.key: parse_identifier(item.sql_table_name, item.dialect) for item in request.items}}


def parse_identifier(text: str, dialect_name: str) -> Identifier:
    """Read `text` as what stands behind FROM in the given dialect."""
    dialect = dialect_name.lower()
    if dialect not in DIALECTS:
        detail = f"Unsupported sqlglot dialect for table identifier parsing: {dialect_name[:100]}"
        return _refusal("unsupported_dialect", detail)
    if any(mark in text for mark in TEMPLATE_MARKS):
        return _refusal("looker_template_unresolved")
    try:
        statements = [statement for statement in parse(f"SELECT * FROM {text}", _dialect(dialect)) if statement]
    except SqlglotError as error:
        return _refusal("parse_error", plain_message(error))
    except RecursionError:
        return _refusal("parse_error", "The text is nested too deeply.")
    if len(statements) != 1 or not isinstance(statements[0], exp.Select) or not statements[0].args.get("from_"):
        return _refusal("no_physical_table")
    return _identify(statements[0], dialect)


def _identify(select: exp.Select, dialect: str) -> Identifier:
    table = select.args["from_"].this
    if not isinstance(table, exp.Table) or isinstance(table.this, exp.Func):
        return _refusal("derived_table_not_supported")
    if select.args.get("joins") or select.args.get("laterals"):
        return _refusal("multiple_table_references")
    parts = _parts(table)
    if len(parts) > MOST_PARTS:
        return _refusal("parse_error", f"A table name has at most {MOST_PARTS} parts; this one has {len(parts)}.")
    if not parts[-1]:
        return _refusal("derived_table_not_supported")
    catalog, schema, name = [None] * (MOST_PARTS - len(parts)) + parts
    return Identifier(
        ok=True,
        catalog=catalog or None,
        schema=schema or None,
        name=name,
        canonical_table=".".join(_quoted(part, dialect) for part in parts),
        reason=None,
        detail=None,
    )


def _parts(table: exp.Table) -> list[str]:
    # Not `table.parts`, which forgets the empty schema of `db..t`.
    last = list(table.this.flatten()) if isinstance(table.this, exp.Dot) else [table.this]
    if table.args.get("catalog"):
        return [table.catalog, table.db, *map(_name, last)]
    return [table.db, *map(_name, last)] if table.db else list(map(_name, last))


def _name(part: exp.Expr) -> str:
    # T-SQL's temporary tables carry their mark beside the name, not in it.
    mark = "##" if part.args.get("global_") else "#" if part.args.get("temporary") else ""
    return mark + part.name


def _quoted(part: str, dialect: str) -> str:
    """Quote a part only where it must be: a name that is not plain, a word that sqlglot holds for reserved there."""
    if not part:
        return ""  # `db..t`: the schema is left to the server's default
    # A T-SQL name is plain with its marks, too.
    bare = part.lstrip("#") if dialect == "tsql" else part
    if exp.SAFE_IDENTIFIER_RE.match(bare) and part.lower() not in _reserved_words(dialect):
        return part
    return exp.to_identifier(part, quoted=True).sql(dialect)


@cache
def _dialect(name: str) -> Dialect:
    return Dialect.get_or_raise(name)


@cache
def _reserved_words(dialect: str) -> Set[str]:
    return _dialect(dialect).generator_class.RESERVED_KEYWORDS


def _refusal(reason: str, detail: str | None = None) -> Identifier:
    return Identifier(
        ok=False, catalog=None, schema=None, name=None, canonical_table=None, reason=reason, detail=detail
    )

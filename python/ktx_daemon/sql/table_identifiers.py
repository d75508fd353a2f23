"""`/sql/parse-table-identifier`: which physical table a LookML `sql_table_name` stands for."""

import re
from collections.abc import Set
from functools import cache
from typing import TypedDict

from pydantic import BaseModel, ConfigDict
from sqlglot import exp
from sqlglot.dialects.dialect import Dialect

from ktx_daemon.sql.parsing import Unparseable, parse_statements

DIALECTS = frozenset({"bigquery", "snowflake", "postgres", "redshift", "mysql", "sqlite", "tsql", "clickhouse"})

TEMPLATE_MARKS = ("${", "@{")
"""Looker's references and constants; they must be resolved before the name means anything."""

MOST_PARTS = 3

_LEGACY_NAME = re.compile(r"\[(?:([^\]]+):)?([^\].:]+)\.([^\]@]+)(?:@[^\]]*)?\]")
"""BigQuery's legacy SQL, `[project:dataset.table@decorator]`; a domain's project has its own colon."""

_INDEX_HINT = re.compile(
    r"\b(?:use|ignore|force)\s+(?:index|key)(?:\s+for\s+(?:join|order\s+by|group\s+by))?\s*\([^)]*\)", re.IGNORECASE
)
"""MySQL's, of which sqlglot reads some forms in some places."""

_SERVER_NAME = re.compile(r"\s*(?:(?:\[[^\]]*\]|\"[^\"]*\"|[\w@#$]*)\s*\.\s*){3}")
"""T-SQL's name on another server, parts of which may be empty: `server.database..table`."""


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
    """Read `text` as what follows FROM in the given dialect."""
    dialect = dialect_name.lower()
    if dialect not in DIALECTS:
        detail = f"Unsupported sqlglot dialect for table identifier parsing: {dialect_name[:100]}"
        return _refusal("unsupported_dialect", detail)
    if any(mark in text for mark in TEMPLATE_MARKS):
        return _refusal("looker_template_unresolved")
    if dialect == "tsql" and _SERVER_NAME.match(text):
        return _refusal("parse_error", f"A table name has at most {MOST_PARTS} parts; this one names a server.")
    try:
        statements = parse_statements(f"SELECT * FROM {_readable(text, dialect)}", _dialect(dialect))
    except Unparseable as error:
        return _refusal("parse_error", str(error))
    if len(statements) != 1 or not isinstance(statements[0], exp.Select) or not statements[0].args.get("from_"):
        return _refusal("no_physical_table")
    return _identify(statements[0], dialect)


def _readable(text: str, dialect: str) -> str:
    """Write what sqlglot does not read in the way that it does."""
    if dialect == "mysql":
        return _INDEX_HINT.sub("", text)
    if dialect == "bigquery" and (legacy := _LEGACY_NAME.match(text.lstrip())):
        name = ".".join(exp.to_identifier(part, quoted=True).sql(dialect) for part in legacy.groups() if part)
        return name + text.lstrip()[legacy.end() :]
    return text


def _identify(select: exp.Select, dialect: str) -> Identifier:
    table = select.args["from_"].this
    if isinstance(table, exp.Final):  # ClickHouse's modifier
        table = table.this
    if not isinstance(table, exp.Table) or not isinstance(table.this, (exp.Identifier, exp.Dot)):
        return _refusal("derived_table_not_supported")
    joins = [join for join in select.args.get("joins") or [] if join.kind != "ARRAY"]  # an array of the table itself
    if joins or select.args.get("laterals"):
        return _refusal("multiple_table_references")
    parts = _parts(table, dialect)
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


def _parts(table: exp.Table, dialect: str) -> list[str]:
    # Not `table.parts`, which forgets the empty schema of `db..t`.
    last = list(map(_name, table.this.flatten() if isinstance(table.this, exp.Dot) else [table.this]))
    if dialect == "bigquery" and last[0].upper().startswith("INFORMATION_SCHEMA."):
        last[:1] = last[0].split(".", 1)
    if table.args.get("catalog"):
        return [table.catalog, table.db, *last]
    return [table.db, *last] if table.db else last


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

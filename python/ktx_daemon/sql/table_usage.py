"""`/sql/analyze-batch`: which tables each statement touches, and which columns its clauses use."""

from collections import defaultdict
from collections.abc import Iterable
from typing import TypedDict

from pydantic import BaseModel, ConfigDict, Field
from sqlglot import exp
from sqlglot.dialects.dialect import Dialect

from ktx_daemon.sql.history import read_statements
from ktx_daemon.sql.parsing import (
    BLANK,
    SqlText,
    Unparseable,
    dialect_named,
    physical_tables,
    position,
)

CLAUSES = {
    "select": "expressions",
    "where": "where",
    "groupBy": "group",
    "having": "having",
    "orderBy": "order",
}
"""Clauses of the answer and the arguments of sqlglot's SELECT that hold them; joins are gathered apart."""

_CLAUSE_ORDER = ("select", "where", "join", "groupBy", "having", "orderBy")


class Item(BaseModel):
    """One statement; `id` finds its result again."""

    model_config = ConfigDict(extra="ignore", strict=True)

    id: str
    sql: SqlText


class CatalogTable(BaseModel):
    """A table that is known to exist."""

    model_config = ConfigDict(extra="ignore", strict=True)

    catalog: str | None = None
    db: str | None = None
    name: str


class Catalog(BaseModel):
    """What unqualified names may stand for."""

    model_config = ConfigDict(extra="ignore", strict=True)

    tables: list[CatalogTable]


class Request(BaseModel):
    """Statements of one dialect. Of two items with one id, the last wins."""

    model_config = ConfigDict(extra="ignore", strict=True)

    dialect: str
    items: list[Item]
    catalog: Catalog | None = None
    max_workers: int | None = Field(default=None, ge=1, le=32)
    """Accepted and without effect: statements are parsed one after the other, which is faster than starting
    processes for them."""


class TableRef(TypedDict):
    """A table by its parts; null where the statement leaves a part out."""

    catalog: str | None
    db: str | None
    name: str


class Usage(TypedDict):
    """What one statement uses, or the `error` that kept it from being read."""

    tables_touched: list[TableRef]
    columns_by_clause: dict[str, list[str]]
    error: str | None


def respond(request: Request) -> dict[str, dict[str, Usage]]:
    """Analyse every item; one that does not parse leaves the others alone."""
    dialect = dialect_named(request.dialect)
    known = KnownTables(request.catalog.tables) if request.catalog else None
    return {"results": {item.id: analyze(item.sql, dialect, known) for item in request.items}}


def analyze(sql: str, dialect: Dialect, known: "KnownTables | None" = None) -> Usage:
    """Analyse the first statement of `sql`."""
    try:
        statements = read_statements(sql, dialect)
    except Unparseable as error:
        return Usage(tables_touched=[], columns_by_clause={}, error=str(error))
    if not statements:
        return Usage(tables_touched=[], columns_by_clause={}, error=BLANK)
    statement = statements[0].unnest() if isinstance(statements[0], exp.Subquery) else statements[0]
    columns = _columns_by_clause(statement) if isinstance(statement, exp.Select) else {}
    written = [_table_ref(table, dialect) for table in physical_tables(statements[0])]
    resolved = [ref for table in written for ref in (known.resolve(table) if known else [table])]
    return Usage(tables_touched=_distinct(resolved), columns_by_clause=columns, error=None)


class KnownTables:
    """The catalog of a request, indexed once for all of its statements."""

    def __init__(self, tables: Iterable[CatalogTable]) -> None:
        self._by_name: dict[str, list[TableRef]] = defaultdict(list)
        for table in tables:
            self._by_name[table.name].append(TableRef(catalog=table.catalog, db=table.db, name=table.name))

    def resolve(self, table: TableRef) -> list[TableRef]:
        """Return every known table that an unqualified name may mean; a qualified one means itself."""
        if table["catalog"] or table["db"]:
            return [table]
        return self._by_name.get(table["name"]) or [table]


def _table_ref(table: exp.Table, dialect: Dialect) -> TableRef:
    parts = [dialect.normalize_identifier(part).name for part in table.parts if isinstance(part, exp.Identifier)]
    catalog, db, name = ([None, None, None] + [part or None for part in parts])[-3:]
    return TableRef(catalog=catalog, db=db, name=name or "")


def _columns_by_clause(select: exp.Select) -> dict[str, list[str]]:
    clauses = {clause: _column_names(_nodes(select.args.get(argument))) for clause, argument in CLAUSES.items()}
    clauses["join"] = _column_names([join.args["on"] for join in select.args.get("joins") or [] if join.args.get("on")])
    return {clause: clauses[clause] for clause in _CLAUSE_ORDER if clauses[clause]}


def _nodes(argument: exp.Expr | list[exp.Expr] | None) -> list[exp.Expr]:
    if argument is None:
        return []
    return argument if isinstance(argument, list) else [argument]


def _column_names(nodes: list[exp.Expr]) -> list[str]:
    columns = [column for node in nodes for column in node.find_all(exp.Column) if not column.is_star]
    return list(dict.fromkeys(column.name for column in sorted(columns, key=position)))


def _distinct(tables: list[TableRef]) -> list[TableRef]:
    return list({(table["catalog"], table["db"], table["name"]): table for table in tables}.values())

"""When a name must be quoted in SQL, and how it is written where an author would type it."""

from __future__ import annotations

import re
from functools import lru_cache

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

# Reserved words as each engine's manual lists them, where sqlglot has no list of its own. Quoting more than
# these would be wrong where quotes also fix the letter case of a name, as in Snowflake.
_EVERYWHERE = """
    all and any as asc between by case cast check column constraint create cross current_date current_time
    current_timestamp default delete desc distinct drop else end except exists false foreign from full
    grant group having in inner insert intersect into is join left like limit natural not null on or order
    outer primary references right select set table then to true union unique update user using values
    when where with
"""
_POSTGRES = """
    analyse analyze array asymmetric authorization binary both collate collation concurrently
    current_catalog current_role current_schema current_user deferrable do fetch for freeze ilike
    initially isnull lateral leading localtime localtimestamp notnull offset only overlaps placing
    returning session_user similar some symmetric system_user tablesample trailing variadic verbose window
"""
_SNOWFLAKE = """
    alter connect current current_user following for ilike increment lateral localtime localtimestamp
    minus of qualify regexp revoke rlike row rows sample some start tablesample trigger try_cast whenever
"""
_SQLITE = """
    add alter autoincrement collate commit deferrable escape if index isnull notnull nothing returning
    transaction
"""
_TSQL = """
    add alter authorization backup begin break browse bulk cascade checkpoint close clustered coalesce
    collate commit compute contains continue convert current current_user cursor database deallocate
    declare deny disk distributed double dump errlvl escape exec execute exit external fetch file
    fillfactor for freetext function goto holdlock identity if index key kill lineno load merge national
    nocheck nonclustered nullif of off offsets open option over percent pivot plan precision print proc
    procedure public raiserror read reconfigure replication restore restrict return revert revoke rollback
    rowcount rule save schema session_user setuser shutdown some statistics system_user tablesample
    textsize top tran transaction trigger truncate unpivot use varying view waitfor while
"""
# What duckdb_keywords() calls reserved.
_DUCKDB = """
    analyse analyze array asymmetric both collate deferrable describe do fetch for initially lambda lateral
    leading offset only pivot pivot_longer pivot_wider placing qualify returning show some summarize
    symmetric trailing unpivot variadic window
"""
# ClickHouse takes nearly every word for a name; these are read otherwise where a name may stand.
_CLICKHOUSE = "anti array asof fetch final format global offset prewhere qualify sample semi settings window"
_RESERVED = frozenset(_EVERYWHERE.split())
_RESERVED_IN = {
    "postgres": _RESERVED.union(_POSTGRES.split()),
    "redshift": _RESERVED.union(_POSTGRES.split()),
    "snowflake": _RESERVED.union(_SNOWFLAKE.split()),
    "clickhouse": _RESERVED.union(_CLICKHOUSE.split()),
    "duckdb": _RESERVED.union(_DUCKDB.split()),
    "sqlite": _RESERVED.union(_SQLITE.split()),
    "tsql": _RESERVED.union(_TSQL.split()),
}
_FOLDS_TO_LOWER_CASE = frozenset({"postgres", "materialize", "risingwave"})


@lru_cache(maxsize=1024)
def needs_quotes(name: str, dialect: str) -> bool:
    """Whether ``name`` would be misread without quotes: odd characters, reserved, or case that folds."""
    return _is_unreadable(name, dialect) or (dialect in _FOLDS_TO_LOWER_CASE and name != name.lower())


def written(name: str, dialect: str) -> str:
    """``name`` as an author of an expression would type it: quoted only when it would not parse."""
    if not _is_unreadable(name, dialect):
        return name
    from sqlglot import exp

    return exp.to_identifier(name, quoted=True).sql(dialect=dialect)


def _is_unreadable(name: str, dialect: str) -> bool:
    return not _PLAIN.fullmatch(name) or name.lower() in _RESERVED_IN.get(dialect, _RESERVED)

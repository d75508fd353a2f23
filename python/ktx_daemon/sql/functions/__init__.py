"""Which functions only compute, by dialect. A function that is not on a list is refused."""

from functools import cache

from ktx_daemon.sql.functions import databases, postgres
from ktx_daemon.sql.functions.common import FUNCTIONS, SYNTAX, TYPES

_OWN = {
    "bigquery": databases.BIGQUERY,
    "clickhouse": databases.CLICKHOUSE,
    "databricks": databases.DATABRICKS,
    "duckdb": databases.DUCKDB,
    "mysql": databases.MYSQL,
    "postgres": postgres.FUNCTIONS,
    "redshift": postgres.FUNCTIONS | databases.REDSHIFT,
    "snowflake": databases.SNOWFLAKE,
    "spark": databases.DATABRICKS - {"read_files"},
    "sqlite": databases.SQLITE,
    "trino": databases.TRINO,
    "presto": databases.TRINO,
    "athena": databases.TRINO,
    "tsql": databases.TSQL,
}

_ROW_PATTERNS = frozenset({"match_recognize", "measures", "pattern"})

_SYNTAX_OF_SOME = {
    "postgres": postgres.SYNTAX,
    "redshift": postgres.SYNTAX,
    "tsql": frozenset({"apply"}),
    "snowflake": _ROW_PATTERNS,
    "trino": _ROW_PATTERNS,
}


@cache
def computing(dialect: str) -> frozenset[str]:
    """The functions of a dialect that only compute, in lower case. Those of a namespace have it in their name."""
    # Databricks has no type of that name, but a function that lists a folder.
    types = TYPES - {"list"} if dialect == "databricks" else TYPES
    return FUNCTIONS | types | _OWN.get(dialect, frozenset())


@cache
def syntax(dialect: str) -> frozenset[str]:
    """Words that call nothing when a parenthesis follows them unquoted."""
    return SYNTAX | _SYNTAX_OF_SOME.get(dialect, frozenset())

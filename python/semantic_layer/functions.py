"""Functions that a dialect does not have are refused by name, before a database reports it in its own words.

SQLite's functions are all known, so others are refused. Elsewhere people can add functions of their own, so only those
are refused that other engines have and this one surely has not.
"""

from __future__ import annotations

import re

from sqlglot import exp

from semantic_layer.dialects import SqlDialect
from semantic_layer.errors import SemanticLayerError

# https://sqlite.org/lang_corefunc.html, lang_aggfunc.html, lang_datefunc.html, lang_mathfunc.html, json1.html
_IN_SQLITE = """
    abs acos acosh asin asinh atan atan2 atanh avg cast ceil ceiling changes char coalesce concat concat_ws cos
    cosh count current_date current_time current_timestamp date datetime degrees exp floor format glob
    group_concat hex ifnull iif instr json json_array json_array_length json_each json_error_position json_extract
    json_group_array json_group_object json_insert json_object json_patch json_quote json_remove json_replace
    json_set json_tree json_type json_valid julianday last_insert_rowid length like likelihood likely ln log log10
    log2 lower ltrim max min mod nullif octet_length pi pow power printf quote radians random randomblob replace
    round rtrim sign sin sinh soundex sqlite_version sqrt strftime string_agg substr substring sum tan tanh time
    timediff total total_changes trim trunc typeof unicode unixepoch unlikely upper zeroblob
"""
_NOT_IN_POSTGRES = """
    approx_count_distinct approx_distinct approx_quantile arg_max arg_min argmax argmin count_if countif date_add
    date_diff date_sub dateadd datediff first geomean geometric_mean group_concat ifnull iff iif json_group_array
    julianday kurtosis last listagg max_by min_by nvl product quantile quantile_cont safe_divide skewness strftime total
    try_cast uniq unixepoch
"""
_SQLITE = frozenset(_IN_SQLITE.split())
_LACKING = {
    "postgres": frozenset(_NOT_IN_POSTGRES.split()),
    "duckdb": frozenset({"countif", "julianday", "safe_divide", "total", "uniq", "unixepoch"}),
}
# Others count rows in which none of several values is NULL.
_TAKE_ONE = frozenset({"sqlite", "postgres", "duckdb"})
_HELPERS = frozenset({"count_distinct", "median", "percentile"})
_CALL = re.compile(r"([A-Za-z_]\w*)\(")


def check_functions(tree: exp.Expr, text: str, dialect: SqlDialect) -> None:
    """Refuses an expression, parsed from a text, that calls a function or a form of one which the dialect lacks."""
    for call in tree.find_all(exp.AggFunc, exp.Anonymous):
        _check_values(call, dialect)
    lacking = _LACKING.get(dialect.name)
    if dialect.name != "sqlite" and lacking is None:
        return
    for call in tree.find_all(exp.Func):
        if isinstance(call, (exp.Median, exp.Connector, exp.Exists)) or call.name.lower() in _HELPERS:
            continue
        if isinstance(call.parent, exp.Window):
            # Refused for being one, where it is.
            continue
        written = _CALL.match(call.sql(dialect=dialect.grammar))
        name = written.group(1).lower() if written else ""
        if name and (name in lacking if lacking is not None else name not in _SQLITE):
            spelt = (other.lower() for other in type(call).sql_names() if other.lower() in text.lower())
            name = name if name in text.lower() else next(spelt, name)
            raise SemanticLayerError(
                f"function `{name}` does not exist in {dialect.name}", hint="compute it in a source defined by SQL"
            )


def _check_values(call: exp.Func, dialect: SqlDialect) -> None:
    """Refuses an aggregate of several values where it takes one. Some would be passed on as a function of one row."""
    name, values = call.sql_name().lower(), call.args.get("expressions") or ()
    if isinstance(call, (exp.Max, exp.Min)) and values:
        several = "greatest" if name == "max" else "least"
        raise _takes_one(name, dialect, f"`{several}(…)` compares the values of one row")
    if dialect.name not in _TAKE_ONE:
        return
    if isinstance(call, exp.Count) and values:
        raise _takes_one("count", dialect, "count each of them, or the rows by `count(*)`")
    distinct: list[exp.Expr] = call.this.expressions if isinstance(call.this, exp.Distinct) else []
    if isinstance(call, exp.Anonymous) and call.name.lower() == "count_distinct":
        name, distinct = "count", call.expressions
    is_lite = dialect.name == "sqlite"
    if is_lite and len(distinct) == 1 and isinstance(distinct[0], exp.Tuple):
        distinct = distinct[0].expressions
    if len(distinct) > 1 and (is_lite or name != "count"):
        texts = ", ".join(value.sql(dialect=dialect.grammar) for value in distinct)
        pairs = f"`count(distinct json_array({texts}))` counts those with a NULL too"
        hint = pairs if name == "count" else "compute it in a source defined by SQL"
        raise _takes_one(f"{name}(distinct …)", dialect, hint)
    if is_lite and distinct and isinstance(call, exp.GroupConcat) and call.args.get("separator"):
        raise SemanticLayerError(
            "`group_concat(distinct …)` takes no separator in sqlite", hint="without one it puts commas between them"
        )


def _takes_one(name: str, dialect: SqlDialect, hint: str) -> SemanticLayerError:
    return SemanticLayerError(f"`{name}` takes one value in {dialect.name}", hint=hint)

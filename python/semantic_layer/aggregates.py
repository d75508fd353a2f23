"""Aggregate calls: our helper functions in each dialect's own form, and restricting a call to some rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlglot import exp

from semantic_layer.dialects import SqlDialect
from semantic_layer.errors import SemanticLayerError
from semantic_layer.expressions import all_of, columns_of, copied, outermost_aggregates
from semantic_layer.references import place_text

_ORDERED_SET = frozenset(
    {"postgres", "snowflake", "redshift", "oracle", "materialize", "risingwave", "teradata", "exasol"}
)
_WITHOUT_PERCENTILE = {
    "bigquery": "use APPROX_QUANTILES(x, 100)[OFFSET(50)], which is close",
    "mysql": "compute it in a source defined by SQL",
    "sqlite": "compute it in a source defined by SQL",
    "tsql": "compute it in a source defined by SQL with PERCENTILE_CONT(…) OVER (…)",
}
# These keep NULLs, so a restriction must drop the row and not only blank the value.
_KEEPS_NULLS = (exp.ArrayAgg, exp.JSONArrayAgg, exp.JSONObjectAgg)
_HAS_FILTER_CLAUSE = frozenset({"postgres", "duckdb", "sqlite", "databricks", "spark", "clickhouse", "trino"})
_NUMERIC = (
    exp.Count,
    exp.CountIf,
    exp.Sum,
    exp.Avg,
    exp.Median,
    exp.Quantile,
    exp.Stddev,
    exp.StddevPop,
    exp.StddevSamp,
    exp.Variance,
    exp.VariancePop,
    exp.ApproxDistinct,
    exp.WithinGroup,
    exp.ParameterizedAgg,
    exp.Literal,
    exp.Neg,
    exp.Add,
    exp.Sub,
    exp.Mul,
    exp.Div,
    exp.IntDiv,
    exp.Mod,
    exp.Round,
    exp.Abs,
    exp.Ceil,
    exp.Floor,
)


def with_native_helpers(tree: exp.Expr, dialect: SqlDialect) -> exp.Expr:
    """``count_distinct``, ``median`` and ``percentile`` in the dialect's form. Changes the given tree."""
    for call in list(outermost_aggregates(tree)):
        native = _native(call, dialect)
        if native is not call:
            if call is tree:
                tree = native
            else:
                call.replace(native)
    return tree


def _native(call: exp.Expr, dialect: SqlDialect) -> exp.Expr:
    if isinstance(call, exp.Anonymous):
        arguments = call.expressions
        helper = call.name.lower()
        if helper == "count_distinct" and arguments:
            return exp.Count(this=exp.Distinct(expressions=arguments))
        if helper == "median" and len(arguments) == 1:
            return percentile(arguments[0], exp.Literal.number("0.5"), dialect)
        if helper == "percentile" and len(arguments) == 2:
            return percentile(arguments[0], arguments[1], dialect)
    if isinstance(call, exp.Median):
        return percentile(call.this, exp.Literal.number("0.5"), dialect)
    if type(call) is exp.Quantile and dialect.name == "clickhouse" and call.text("quantile") == "0.5":
        return percentile(call.this, call.args["quantile"], dialect)
    return call


def percentile(value: exp.Expr, fraction: exp.Expr, dialect: SqlDialect) -> exp.Expr:
    """The continuous percentile as an aggregate, or an error where the dialect has none."""
    if dialect.name in _WITHOUT_PERCENTILE:
        raise SemanticLayerError(
            f"median and percentile are not available as aggregates in {dialect.name}: "
            f"{_WITHOUT_PERCENTILE[dialect.name]}."
        )
    if dialect.name == "clickhouse":
        return exp.ParameterizedAgg(this="quantileExactInclusive", expressions=[fraction], params=[value])
    if dialect.name in _ORDERED_SET:
        ordering = exp.Order(expressions=[dialect.ascending(value)])
        return exp.WithinGroup(this=exp.PercentileCont(this=fraction), expression=ordering)
    if dialect.name == "duckdb":
        return exp.PercentileCont(this=value, expression=fraction)
    return exp.Quantile(this=value, quantile=fraction)


def restricted(tree: exp.Expr, conditions: Sequence[exp.Expr], dialect: SqlDialect) -> exp.Expr:
    """The tree with each aggregate seeing only rows that meet all conditions. Changes the given tree."""
    if not conditions:
        return tree
    for call in list(outermost_aggregates(tree)):
        replacement = restrict_call(call, all_of([copied(part) for part in conditions]), dialect)
        tree = replacement if call is tree else tree
    return tree


def restrict_call(call: exp.Expr, condition: exp.Expr, dialect: SqlDialect) -> exp.Expr:
    """Makes one aggregate call see only rows that meet the condition; returns its replacement."""
    if isinstance(call.parent, exp.Filter):
        where = call.parent.expression
        where.set("this", all_of([where.this, condition]))
        return call
    if keeps_nulls(call) and dialect.name in _HAS_FILTER_CLAUSE:
        filtered = exp.Filter(this=copied(call), expression=exp.Where(this=condition))
        if call.parent:
            call.replace(filtered)
        return filtered
    _restrict(call, condition)
    return call


def check_types(tree: exp.Expr, type_of: Callable[[exp.Column], str | None], dialect: SqlDialect) -> None:
    """Refuses aggregates of a column that the dialect does not have for the column's type."""
    lacking = _LACKING_FOR_BOOLEANS.get(dialect.name, ())
    for call in outermost_aggregates(tree):
        if type(call) not in lacking:
            continue
        value = arguments(call)[0].unnest()
        while isinstance(value, exp.Case) and len(value.args["ifs"]) == 1 and value.args.get("default") is None:
            value = value.args["ifs"][0].args["true"].unnest()
        if isinstance(value, exp.Column) and type_of(value) == "boolean":
            name, column = call.key, f"{place_text(value.table)}.{value.name}"
            raise SemanticLayerError(
                f"{dialect.name} has no {name} of a boolean, which `{column}` is",
                hint=f"count where it holds, such as `sum(case when {column} then 1 else 0 end)`, or ask whether it "
                f"holds anywhere (`bool_or({column})`) or everywhere (`bool_and({column})`)",
            )


_OVER_NUMBERS = (exp.Avg, exp.Stddev, exp.StddevPop, exp.StddevSamp, exp.Variance, exp.VariancePop)
_LACKING_FOR_BOOLEANS = {"postgres": (exp.Sum, exp.Min, exp.Max, *_OVER_NUMBERS), "duckdb": _OVER_NUMBERS}


def keeps_nulls(call: exp.Expr) -> bool:
    """Whether the aggregate does not skip rows where its argument is NULL."""
    return isinstance(call, _KEEPS_NULLS)


def yields_number(tree: exp.Expr, type_of: Callable[[exp.Column], str | None]) -> bool:
    """Whether a measure's value is surely a number, so that a missing one can count as 0."""
    tree = tree.unnest()
    if isinstance(tree, exp.Filter):
        tree = tree.this
    if isinstance(tree, (exp.Max, exp.Min, exp.Coalesce, exp.Nullif)):
        tree = tree.this.unnest()
    if isinstance(tree, exp.Column):
        return type_of(tree) == "number"
    return isinstance(tree, _NUMERIC) and not (isinstance(tree, exp.Literal) and tree.is_string)


def arguments(call: exp.Expr) -> list[exp.Expr]:
    """The values that an aggregate call reads from each row. ``count(*)`` reads none."""
    if isinstance(call, exp.WithinGroup):
        return [key.this for key in call.expression.expressions]
    if isinstance(call, exp.ParameterizedAgg):
        return list(call.args.get("params") or ())
    if isinstance(call, (exp.Anonymous, exp.AnonymousAggFunc)):
        return call.expressions[:1]
    found = []
    for argument in (call.this, call.args.get("expression"), *(call.args.get("expressions") or ())):
        value = argument.this if isinstance(argument, (exp.Order, exp.Limit)) else argument
        if isinstance(value, exp.Distinct):
            found.extend(value.expressions)
        elif isinstance(value, exp.Expr) and not isinstance(value, exp.Star):
            found.append(value)
    first, *others = found or [None]
    return [] if first is None else [first, *(other for other in others if any(columns_of(other)))]


def _restrict(call: exp.Expr, condition: exp.Expr) -> None:
    values = arguments(call)
    if not values:
        call.set("this", _when(condition, exp.Literal.number("1")))
    for value in values:
        slot = exp.Placeholder()
        value.replace(slot)
        slot.replace(_when(copied(condition), value))


def _when(condition: exp.Expr, value: exp.Expr) -> exp.Case:
    return exp.Case(ifs=[exp.If(this=condition, true=value)])

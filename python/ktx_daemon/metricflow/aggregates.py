"""Aggregates of MetricFlow as expressions of measures."""

from ktx_daemon.metricflow.joins import Unsayable
from ktx_daemon.metricflow.project import Aggregate

_AGGREGATES = {
    "sum": "sum({0})",
    "min": "min({0})",
    "max": "max({0})",
    "count": "count({0})",
    "count_distinct": "count(distinct {0})",
    "average": "avg({0})",
    "avg": "avg({0})",
    "median": "median({0})",
    "sum_boolean": "sum(CASE WHEN {0} THEN 1 ELSE 0 END)",
}
_FILTERED = _AGGREGATES | {
    "count": "sum(CASE WHEN ({0}) IS NULL THEN 0 ELSE 1 END)",
    "count_distinct": "nullif(count(distinct {0}), 0)",
}
"""MetricFlow filters rows before it groups them, so what counts no row of a group is NULL and not 0."""


def expression(aggregate: Aggregate, *, is_filtered: bool) -> str:
    """The aggregate as a measure's expression. Raises `Unsayable`."""
    if aggregate.refusal is not None:
        raise Unsayable(aggregate.refusal)
    if aggregate.agg == "percentile":
        if aggregate.percentile is None:
            raise Unsayable("a percentile without its number")
        return f"percentile({aggregate.expr}, {aggregate.percentile:g})"
    known = _FILTERED if is_filtered else _AGGREGATES
    if aggregate.agg not in known:
        raise Unsayable(f"unknown aggregate: {aggregate.agg}")
    return known[aggregate.agg].format(aggregate.expr)

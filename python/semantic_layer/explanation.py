"""Describes a compiled query as JSON-like data: its output columns and how it was planned."""

from __future__ import annotations

from typing import Any

from semantic_layer.joins import Step
from semantic_layer.measures import ResolvedMeasure
from semantic_layer.planning import Plan
from semantic_layer.resolution import ResolvedQuery


def public_columns(resolved: ResolvedQuery) -> list[dict[str, Any]]:
    """The output columns under the names by which a user asked for them."""
    return _columns(
        resolved,
        [dimension.field for dimension in resolved.dimensions],
        [_qualified(measure) or resolved.labels[measure.key] for measure in resolved.columns],
    )


def explain(resolved: ResolvedQuery, plan: Plan) -> dict[str, Any]:
    """The plan: what is read and joined, what is aggregated where, and which filter went where."""
    steps = list(dict.fromkeys(planned.step for group in plan.groups for planned in group.joins))
    nodes = {plan.anchor, *(group.fact for group in plan.groups), *(step.target for step in steps)}
    if plan.periods is not None and plan.periods.dates is not None:
        nodes.add(plan.periods.dates.node)
    query = resolved.query
    return {
        "sources_used": sorted(nodes),
        "join_paths": [_path_text(step) for step in steps],
        "joins": [_join(step) for step in steps],
        "anchor_source": plan.anchor,
        "anchor_grain": [dimension.field for dimension in resolved.dimensions],
        "fan_out_description": _fan_out(plan),
        "has_fan_out": len(plan.groups) > 1,
        "measure_groups": [
            {"source_name": group.fact, "measures": _names(resolved, group.measures), "join_path_to_dims": []}
            for group in plan.groups
            if len(plan.groups) > 1
        ],
        "aggregate_locality": [
            f"Pre-aggregate {group.fact} ({', '.join(_names(resolved, group.measures))}) by dimension keys"
            for group in plan.groups
            if len(plan.groups) > 1
        ],
        "where_filters": [row_filter.text for row_filter in resolved.row_filters],
        "having_filters": [condition.text for condition in resolved.aggregate_filters],
        "columns": _columns(
            resolved,
            [dimension.label for dimension in resolved.dimensions],
            [resolved.labels[measure.key] for measure in resolved.columns],
        ),
        "measures": [_measure(resolved, measure) for measure in resolved.columns],
        "dimensions": [
            {"field": dimension.field, "granularity": dimension.granularity} for dimension in resolved.dimensions
        ],
        "order_by": [
            {"field": key.label, "direction": "desc" if key.descending else "asc"} for key in resolved.sort_keys
        ],
        "limit": query.limit,
        "include_empty": query.include_empty,
    }


def _columns(resolved: ResolvedQuery, dimensions: list[str], measures: list[str]) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "provenance": "dimension",
            "expr": dimension.field,
            "description": dimension.description,
            "granularity": dimension.granularity,
        }
        for name, dimension in zip(dimensions, resolved.dimensions, strict=True)
    ] + [
        {
            "name": name,
            "provenance": _provenance(measure),
            "expr": measure.text,
            "description": measure.definition.text() if measure.definition else None,
            "granularity": None,
        }
        for name, measure in zip(measures, resolved.columns, strict=True)
    ]


def _measure(resolved: ResolvedQuery, measure: ResolvedMeasure) -> dict[str, Any]:
    return {
        "name": resolved.labels[measure.key],
        "expr": measure.text,
        "source_name": "__derived__" if measure.is_derived else measure.home,
        "original_name": measure.name,
        "qualified_ref": _qualified(measure),
        "filter": measure.definition.filter if measure.definition else None,
        "provenance": _provenance(measure),
        "is_derived": measure.is_derived,
        "depends_on": [resolved.labels.get(key, resolved.measures[key].name) for key in measure.depends_on],
        "description": measure.definition.text() if measure.definition else None,
    }


def _qualified(measure: ResolvedMeasure) -> str | None:
    return f"{measure.home}.{measure.name}" if measure.definition else None


def _provenance(measure: ResolvedMeasure) -> str:
    return "verified" if measure.definition else "composed"


def _names(resolved: ResolvedQuery, measures: tuple[ResolvedMeasure, ...]) -> list[str]:
    return [resolved.labels[measure.key] for measure in measures if measure.key in resolved.labels]


def _fan_out(plan: Plan) -> str:
    if len(plan.groups) == 1:
        return "No fan-out"
    names = [group.fact for group in plan.groups]
    return f"Chasm trap: {len(names)} independent measure sources ({', '.join(names)})"


def _path_text(step: Step) -> str:
    equalities = " AND ".join(f"{step.origin}.{left} = {step.target}.{right}" for left, right in step.pairs)
    return f"{equalities} ({step.relationship})"


def _join(step: Step) -> dict[str, str]:
    return {
        "from_source": step.origin,
        "to_source": step.target,
        "from_column": ",".join(left for left, _ in step.pairs),
        "to_column": ",".join(right for _, right in step.pairs),
        "relationship": step.relationship,
    }

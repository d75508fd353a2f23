"""dbt's semantic models and metrics as drafts: what becomes of each setting, and the reason when nothing does."""

from __future__ import annotations

import time
from typing import Any

import pytest

from ktx_daemon.metricflow.draft import File, Request, respond
from semantic_layer import validate_sources

MODELS: list[dict[str, Any]] = [
    {
        "name": "orders",
        "model": "ref('orders')",
        "defaults": {"agg_time_dimension": "placed_at"},
        "entities": [
            {"name": "order", "type": "primary", "expr": "id"},
            {"name": "customer", "type": "foreign", "expr": "customer_id"},
        ],
        "dimensions": [{"name": "placed_at", "type": "time"}, {"name": "status", "type": "categorical"}],
        "measures": [{"name": "amount", "agg": "sum"}, {"name": "rows", "agg": "count", "expr": "id"}],
    },
    {
        "name": "customers",
        "model": "ref('customers')",
        "entities": [{"name": "customer", "type": "primary", "expr": "id"}],
        "dimensions": [{"name": "country", "type": "categorical"}],
        "measures": [{"name": "people", "agg": "count", "expr": "id"}],
    },
]
BASE: list[dict[str, Any]] = [
    {"name": "revenue", "type": "simple", "type_params": {"measure": "amount"}},
    {"name": "people", "type": "simple", "type_params": {"measure": "people"}},
    {"name": "ratio", "type": "ratio", "type_params": {"numerator": "revenue", "denominator": "revenue"}},
    {"name": "running", "type": "cumulative", "type_params": {"measure": "amount"}},
]


def draft(*metrics: dict[str, Any], models: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    document = {"semantic_models": models or MODELS, "metrics": [*BASE, *metrics]}
    return respond(Request(files=[File(path="m.yml", documents=[document])]))


def measures(answer: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found = [measure for source in answer["sources"] for measure in source["definition"].get("measures", [])]
    return {measure.pop("name"): measure for measure in found}


def metric(kind: str, where: str | None = None, **settings: Any) -> dict[str, Any]:
    return {"name": "asked", "type": kind, "type_params": settings} | ({"filter": where} if where else {})


PAID = "{{ Dimension('order__status') }} = 'paid'"
IN_2024 = "{{ TimeDimension('metric_time', 'year') }} = '2024-01-01'"


@pytest.mark.parametrize(
    ("written", "measure"),
    [
        (metric("simple", measure="rows"), {"expr": "count(id)"}),
        (
            metric("simple", PAID, measure="rows"),
            {"expr": "sum(CASE WHEN (id) IS NULL THEN 0 ELSE 1 END)", "filter": "status = 'paid'"},
        ),
        (
            metric("simple", measure={"name": "amount", "fill_nulls_with": 0, "join_to_timespine": True}),
            {"expr": "coalesce(sum(amount), 0)", "fill": True},
        ),
        (
            metric("cumulative", PAID, measure="amount", grain_to_date="year"),
            {"expr": "sum(amount)", "filter": "status = 'paid'", "type": "cumulative", "grain_to_date": "year"},
        ),
        (
            metric("cumulative", cumulative_type_params={"metric": "ratio", "window": "2 weeks"}),
            {"expr": "ratio", "type": "cumulative", "window": "2 weeks"},
        ),
        (metric("ratio", numerator="revenue", denominator="people"), {"expr": "revenue / customers.people"}),
        (metric("ratio", numerator="people", denominator="revenue"), {"expr": "people / orders.revenue"}),
        (
            metric("derived", expr="case when was > 0 then 'was' end", metrics=[{"name": "revenue", "alias": "was"}]),
            {"expr": "case when revenue > 0 then 'was' end"},
        ),
        (
            metric("derived", PAID, expr="x", metrics=[{"name": "ratio", "alias": "x"}]),
            {"expr": "asked__x"},
        ),
        (
            metric("derived", expr="x", metrics=[{"name": "running", "alias": "x", "filter": PAID}]),
            {"expr": "asked__x"},
        ),
    ],
)
def test_what_becomes_of_a_metric(written: dict[str, Any], measure: dict[str, Any]) -> None:
    answer = draft(written)
    assert measures(answer)["asked"] == measure, answer["reports"]


def test_inputs_with_rows_of_their_own_are_measures() -> None:
    where = {"filter": PAID}
    inputs = [{"name": "ratio", "alias": "a"} | where, {"name": "running", "alias": "b"} | where,
              {"name": "ratio", "alias": "c", "offset_window": "1 year"}]  # fmt: skip
    made = measures(draft(metric("derived", expr="a + b + c", metrics=inputs)))
    condition = "status = 'paid'"
    assert {name: made[f"asked__{name}"] for name in "abc"} == {
        "a": {"expr": "ratio", "filter": condition},
        "b": {"expr": "sum(amount)", "segments": ["asked__b_rows"], "type": "cumulative"},
        "c": {"expr": "ratio", "offset": "1 year"},
    }


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        (metric("conversion"), "conversion metrics follow events in time, which a measure cannot"),
        (metric("odd"), "unknown type of metric: odd"),
        (metric("simple", measure="ghost"), "the measure `ghost` is not there"),
        (metric("ratio", numerator="asked", denominator="revenue"), "the metric `asked` is made of itself"),
        (metric("derived", expr="1", metrics=[]), "it has no inputs or no expr"),
        (
            metric("derived", expr="x", metrics=[{"name": "revenue", "alias": "x", "offset_to_grain": "month"}]),
            "it compares with the start of a period (offset_to_grain)",
        ),
        (
            metric("derived", expr="x", metrics=[{"name": "running", "alias": "x", "offset_window": "1 month"}]),
            "it compares `running` with another time, which is of other times itself",
        ),
        (
            metric("derived", IN_2024, expr="revenue", metrics=[{"name": "revenue", "offset_window": "1 year"}]),
            "it filters the time that it compares with another",
        ),
        (metric("cumulative", IN_2024, measure="amount"), "its filter is about the time over which it adds up"),
        (metric("cumulative", metric="running"), "it adds up `running` over time, which is of other times itself"),
        (
            metric("cumulative", measure="amount", window="7 moons"),
            "window '7 moons' is not an amount of time, such as `7 days` or `1 month`",
        ),
        (metric("simple", "{{ Metric('revenue', ['order']) }} > 1", measure="amount"),
         "its filter uses `Metric('revenue', ['order'])`"),
        (metric("simple", "{{ Dimension('order__ghost') }} = 1", measure="amount"),
         "`orders` has no dimension `ghost`"),
    ],
)  # fmt: skip
def test_why_nothing_becomes_of_a_metric(written: dict[str, Any], reason: str) -> None:
    answer = draft(written)
    told = {report["name"]: report for report in answer["reports"]}
    assert told["asked"]["reason"] == reason
    assert "asked" not in measures(answer)


@pytest.mark.parametrize(
    "written",
    [
        metric("simple", "{{" + " " * 200_000, measure="amount"),
        metric("simple", "{{" * 100_000, measure="amount"),
        metric("derived", expr="'" * 200_001, metrics=["revenue"]),
    ],
)
def test_long_texts_take_no_longer_than_they_are_long(written: dict[str, Any]) -> None:
    started = time.process_time()
    assert "asked" not in measures(draft(written))
    assert time.process_time() - started < 5


def test_what_dbt_leaves_out_is_left_out() -> None:
    disabled = {"config": {"enabled": False}}
    gone = MODELS[1] | disabled
    answer = draft(metric("simple", measure="amount") | disabled, models=[MODELS[0], gone])
    assert [source["definition"]["name"] for source in answer["sources"]] == ["orders"]
    assert "asked" not in measures(answer)


def test_keys_whose_rows_follow_each_other_in_time_are_reported() -> None:
    history = {"name": "tiers", "model": "ref('tiers')", "entities": [{"name": "customer", "type": "natural"}],
               "dimensions": [{"name": "tier", "type": "categorical"}]}  # fmt: skip
    answer = draft(models=[*MODELS, history])
    [told] = [report for report in answer["reports"] if report["name"] == "tiers"]
    assert [item["name"] for item in told["left_out"]] == ["customer"]
    assert all(join["to"] != "tiers" for source in answer["sources"] for join in source["definition"].get("joins", []))


def test_metrics_that_differ_by_a_filter_have_segments() -> None:
    where = {"filter": PAID}
    paid = [
        {"name": name, "type": "simple", "type_params": {"measure": "amount"}} | where for name in ("paid", "paid_too")
    ]
    late = metric("simple", "{{ Dimension('order__status') }} = 'late'", measure="amount")
    answer = draft(*paid, late)
    made = measures(answer)
    assert [made[name].get("segments") for name in ("revenue", "paid", "paid_too", "asked")] == [
        None, ["paid_rows"], ["paid_rows"], ["asked_rows"],
    ]  # fmt: skip
    assert all("filter" not in measure for measure in made.values())
    assert answer["sources"][0]["definition"]["segments"] == [
        {"name": "paid_rows", "expr": "status = 'paid'"},
        {"name": "asked_rows", "expr": "status = 'late'"},
    ]


def test_what_a_metric_needs_for_itself_is_no_second_measure() -> None:
    answer = draft(
        metric("simple", PAID, measure="amount"),
        {**metric("ratio", PAID, numerator="revenue", denominator="people"), "name": "other"},
    )
    assert validate_sources([source["definition"] for source in answer["sources"]], "postgres")["errors"] == []

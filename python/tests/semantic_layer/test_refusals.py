"""What is refused, with the whole message, and for each a neighbour that is not."""

from __future__ import annotations

from typing import Any

import pytest

from semantic_layer import SemanticLayerError, run_query
from tests.semantic_layer.shop import LIBRARY, SHOP, changed, sql

_SAFE = "\nhint: only count(distinct …), min and max stay right across a one_to_many join"
_AVAILABLE = "Available: id, customer_id, status, amount, tax, placed_at, net, size_band"

_GRANULARITIES = "Use one of: year, quarter, month, week, day, hour, minute, fiscal_year, fiscal_quarter."


def measure(*requests: Any, **more: Any) -> dict[str, Any]:
    return {"measures": list(requests)} | more


def by(*dimensions: Any, **more: Any) -> dict[str, Any]:
    return {"measures": ["orders.gross"], "dimensions": list(dimensions)} | more


def where(*filters: str, **more: Any) -> dict[str, Any]:
    return {"measures": ["orders.gross"], "dimensions": ["orders.status"], "filters": list(filters)} | more


REFUSALS = {
    "Query is invalid: measures: Field required": {},
    "Query is invalid: measures.0: a measure is a string, or an object with 'expr' and 'name'": measure(3),
    "Query is invalid: dimensions.0: it is a string, or an object with 'field'": by(3),
    "Query is invalid: limit: Input should be a valid integer": measure("orders.gross", limit=None),
    "Query is invalid: include_empty: Input should be a valid boolean": measure("orders.gross", include_empty=1),
    "limit must be non-negative, got -3": measure("orders.gross", limit=-3),
    "ORDER BY direction must be asc or desc, got 'up'": by(
        "orders.status", order_by=[{"field": "orders.status", "direction": "up"}]
    ),
    "Query does not reference any sources": measure(),
    # A filter alone selects nothing.
    "Query does not reference any sources ": where("orders.gross > 1", measures=[], dimensions=[]),
    "Measure 'total' does not reference any source": measure("total"),
    "Measure 'count(*)' does not reference any source": measure("count(*)"),
    "Measure expr 'gross * 2' does not reference any source": measure(
        "orders.gross", {"expr": "gross * 2", "name": "twice"}
    ),
    "Measure 'orders.gros' is not a pre-defined measure on source 'orders' and has no aggregate function. "
    "Use an aggregate like sum(orders.gros), count(orders.gros), avg(orders.gros), etc. Did you mean 'gross'?": (
        measure("orders.gros")
    ),
    "Measure 'ghost.total' is not a pre-defined measure on source 'ghost' and has no aggregate function. "
    "Use an aggregate like sum(ghost.total), count(ghost.total), avg(ghost.total), etc.": measure("ghost.total"),
    "Measure 'oders.gross' is not a pre-defined measure on source 'oders' and has no aggregate function. "
    "Use an aggregate like sum(oders.gross), count(oders.gross), avg(oders.gross), etc. Did you mean 'orders'?": (
        measure("oders.gross")
    ),
    f"Unsupported granularity 'moth'. {_GRANULARITIES} Did you mean 'month'?": by("orders.placed_at:moth"),
    f"Unsupported granularity 'Moth'. {_GRANULARITIES} Did you mean 'month'?": by(
        {"field": "orders.placed_at", "granularity": "Moth"}
    ),
    f"Unsupported granularity 'fortnight'. {_GRANULARITIES}": by("lower(orders.placed_at):fortnight"),
    "Failed to parse expression 'orders.placed_at:month = 1': Invalid expression / Unexpected token\n"
    "hint: a filter has no granularity: compare the time itself, such as `orders.placed_at >= '2024-03-01'`": where(
        "orders.placed_at:month = 1"
    ),
    f"Column 'amoun' does not exist in source 'orders'. {_AVAILABLE}. Did you mean 'amount'?": measure(
        "sum(orders.amoun)"
    ),
    f"Column 'gross' does not exist in source 'orders'. {_AVAILABLE}": by("orders.gross"),
    f"Column 'colour' does not exist in source 'orders'. {_AVAILABLE}": where("orders.colour = 1"),
    "Column 'customers.secret_score' is hidden and cannot be queried": where("customers.secret_score > 1"),
    "Column 'customer_id' is ambiguous: it exists in multiple sources (orders, tickets). "
    "Use a qualified name like 'orders.customer_id' to disambiguate.": by("customer_id"),
    "Column 'regoin' does not exist in any source. Did you mean 'region'?": by("regoin"),
    "No join path from 'orders' to 'custmers'. These sources are not connected in the join graph. "
    "Did you mean 'customers'?": by("custmers.region"),
    "Window functions are not supported in measures: 'sum(orders.amount) over ()'. "
    "Compute them in a source defined by SQL.": measure("sum(orders.amount) over ()"),
    "Nested aggregation is not supported: 'avg(sum(orders.amount))'. "
    "Aggregate once, or use a source defined by SQL.": measure("avg(sum(orders.amount))"),
    "Circular dependency detected: a": measure({"expr": "b + 1", "name": "a"}, {"expr": "a + 1", "name": "b"}),
    "Output name 'a' is used more than once, by 'sum(orders.tax)' among others. "
    "Give the measures different names.": measure(
        {"expr": "sum(orders.tax)", "name": "a"}, {"expr": "max(orders.tax)", "name": "a"}
    ),
    "Dimension 'count(orders.id)' may not contain an aggregate or window function. Ask for it as a measure.": by(
        "count(orders.id)"
    ),
    "Dimension '1 + 1' does not reference any source": by("1 + 1"),
    "Unsupported granularity 'decade'. Use one of: year, quarter, month, week, day, hour, minute, fiscal_year, "
    "fiscal_quarter.": by({"field": "orders.placed_at", "granularity": "decade"}),
    "Filter 'orders.status = 'paid' OR sum(orders.amount) > 5' mixes aggregate and non-aggregate conditions with "
    "OR, which cannot be split into WHERE and HAVING. Use separate filters, or a measure with a filter of its own.": (
        where("orders.status = 'paid' OR sum(orders.amount) > 5")
    ),
    "Filter 'orders.gross > orders.amount' compares an aggregate with column 'orders.amount', which is not a "
    "dimension of the query. Add it as a dimension, or aggregate it.": where("orders.gross > orders.amount"),
    "Window functions are not supported in filters: 'row_number() over () = 1'. "
    "Compute them in a source defined by SQL.": where("row_number() over () = 1"),
    "ORDER BY field 'orders.tax' is not a recognized measure or dimension in this query": by(
        "orders.status", order_by=["orders.tax"]
    ),
    "Query-time segment 'paid' must be a dotted 'source.segment_name' reference.": measure(
        "orders.gross", segments=["paid"]
    ),
    "Query-time segment 'ordres.paid' references unknown source 'ordres'. Did you mean 'orders'?": measure(
        "orders.gross", segments=["ordres.paid"]
    ),
    "Query-time segment 'orders.x' references unknown segment 'x' on source 'orders'. "
    "Available: paid, not_void, large": measure("orders.gross", segments=["orders.x"]),
    "Query-time segment(s) on source 'customers' have no matching measure in the query. "
    "Add a measure of 'customers', or use a filter.": measure("orders.gross", segments=["customers.european"]),
    "Aggregate locality cannot safely reach 'orders' from any measure source (customers) "
    "without traversing one_to_many edges" + _SAFE: measure("customers.customer_count", dimensions=["orders.status"]),
    "Filter on 'order_items' requires a one_to_many join from measure source 'orders', which would cause incorrect "
    "aggregation (fanout). Filter on a column that the measure's source leads to, or measure the other source."
    + _SAFE: where("order_items.qty > 1"),
    "Asymmetric dimension grain in chasm trap: 'orders' can be reached from orders but not from tickets without "
    "traversing one_to_many edges. Group by dimensions that all measures share, or ask for the measures in separate "
    "queries.": measure("orders.gross", "tickets.effort", dimensions=["orders.status"]),
    "Aggregate locality cannot safely reach 'order_items' from any measure source (orders, tickets) "
    f"without traversing one_to_many edges{_SAFE}": measure(
        "orders.gross", "tickets.effort", dimensions=["order_items.qty"]
    ),
    "Filter on 'order_items' is not reachable via many_to_one/one_to_one edges from any measure source "
    f"(orders, tickets). Filter on a source that a measure's source leads to.{_SAFE}": measure(
        "orders.gross", "tickets.effort", filters=["order_items.qty > 1"]
    ),
    "Measure 'x' references multiple independent sources (orders, tickets) that are in separate measure groups. "
    "Split it into one measure per source and combine those in a derived measure.": measure(
        {"expr": "sum(orders.amount) - sum(tickets.minutes)", "name": "x"}
    ),
    "Failed to parse expression 'sum(orders.amount': Expecting )": measure("sum(orders.amount"),
    "Failed to parse expression 'sum(orders.amount); select 1': Invalid expression / Unexpected token": measure(
        "sum(orders.amount); select 1"
    ),
    "Failed to parse expression '*': it has no value": where("*"),
}


@pytest.mark.parametrize(("message", "query"), REFUSALS.items())
def test_a_refusal_says_why(message: str, query: dict[str, Any]) -> None:
    with pytest.raises(SemanticLayerError) as refused:
        run_query(SHOP, query, "sqlite")
    assert str(refused.value) == message.rstrip()


ACCEPTED = [
    measure("orders.gross", limit=0, include_empty=False),
    measure("orders.gross", order_by=[{"field": "GROSS", "direction": "Desc"}]),
    measure("gross"),
    measure("count(orders.id)"),
    measure({"expr": "orders.gross * 2", "name": "twice"}),
    measure("sum(orders.amount)", segments=["orders.paid"]),
    by("orders.size_band", "upper(customers.region)", {"field": "orders.placed_at", "granularity": "Quarter"}),
    where("orders.status = 'paid' OR orders.tax > 1", "orders.gross > 1 OR sum(orders.tax) > 5"),
    where("orders.gross > 1 AND NOT (orders.status = 'void' OR orders.tax = 0)"),
    where("CASE WHEN orders.gross > 5 THEN orders.status = 'paid' END"),
    where("customers.region = 'EU'", "net > 3"),
    measure("customers.customer_count", dimensions=["customers.region"]),
    measure("orders.gross", "tickets.effort", dimensions=["customers.region"], filters=["tickets.minutes > 1"]),
    measure({"expr": "sum(order_items.qty * products.cost)", "name": "x"}, "orders.gross"),
]


@pytest.mark.parametrize("query", ACCEPTED, ids=str)
def test_a_neighbour_is_accepted(query: dict[str, Any]) -> None:
    assert sql(query)


def test_a_source_with_a_fault_refuses_only_what_needs_it() -> None:
    sources = [source for source in SHOP if source["name"] != "products"]
    fault = "Source 'order_items' joins to 'products', but 'products' is not defined"
    answer = run_query(sources, measure("customers.customer_count"), "sqlite")
    assert answer["warnings"] == [
        {"code": "source-left-out", "message": f"source `order_items` is left out of the model: {fault}"}
    ]
    for query in (
        measure("order_items.units"),
        measure("sum(order_items.qty)"),
        measure("orders.gross", filters=["order_items.qty > 1"]),
        by("order_items.qty"),
        measure("orders.gross", segments=["order_items.x"]),
    ):
        with pytest.raises(SemanticLayerError) as refused:
            run_query(sources, query, "sqlite")
        assert str(refused.value) == f"Source 'order_items' cannot be queried: {fault}"


def test_a_fault_says_where_it_is_and_a_source_that_could_not_be_read_is_a_fault() -> None:
    sources = [source for source in SHOP if source["name"] != "products"]
    where = {"locations": {"order_items": "items.yaml:4", "orders": "orders.yaml:1"}}
    with pytest.raises(SemanticLayerError, match=r"'products' is not defined \(items.yaml:4\)$"):
        run_query(sources, measure("order_items.units"), "sqlite", **where)
    unreadable = {"products": "products.yaml:3: expected a list"}
    answer = run_query(sources, measure("order_items.units"), "sqlite", unreadable=unreadable)
    assert answer["warnings"][0]["message"] == f"source `products` is left out of the model: {unreadable['products']}"
    with pytest.raises(SemanticLayerError, match=r"^Source 'products' cannot be queried: products.yaml:3: expected"):
        run_query(sources, by("products.title"), "sqlite", unreadable=unreadable)


def test_rows_to_look_ahead_are_no_part_of_the_limit() -> None:
    query = by("orders.status", limit=2)
    answer = run_query(SHOP, query, "sqlite", look_ahead=1)
    assert answer["sql"] == run_query(SHOP, query, "sqlite")["sql"].replace("LIMIT 2", "LIMIT 3")
    assert answer["plan"]["limit"] == 2


def test_a_measure_that_several_sources_define_must_be_qualified() -> None:
    rows_n = {"name": "rows_n", "expr": "count(id)"}
    sources = changed("tickets", changed("orders", measures=[rows_n]), measures=[rows_n])
    with pytest.raises(SemanticLayerError) as refused:
        sql(measure("rows_n"), sources)
    assert str(refused.value) == (
        "Measure 'rows_n' is ambiguous: it exists in multiple sources (orders, tickets). "
        "Use a qualified name like 'orders.rows_n' to disambiguate."
    )
    assert sql(measure("rows_n"), changed("orders", measures=[rows_n]))


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        (
            {"name": "odd", "expr": "count(id)", "segments": ["nope"]},
            "Measure 'odd' on source 'loans' references unknown segment 'nope'. "
            "Available segments: outstanding, summer, quick",
        ),
        ({"name": "odd", "expr": "odd + 1"}, "Circular dependency detected: odd"),
        (
            {"name": "odd", "expr": "avg(days_total)"},
            "Nested aggregation is not supported: 'avg(days_total)'. Aggregate once, or use a source defined by SQL.",
        ),
        (
            {"name": "odd", "expr": "days"},
            "Measure 'days' is not a pre-defined measure on source 'loans' and has no aggregate function. "
            "Use an aggregate like sum(days), count(days), avg(days), etc.",
        ),
        (
            {"name": "odd", "expr": "count(id)", "filter": "sum(days) > 1"},
            "The filter of measure 'loans.odd' may not aggregate: 'sum(days) > 1'. "
            "It restricts single rows before they are aggregated.",
        ),
        (
            {"name": "odd", "expr": "count(id)", "filter": "visits.day = 1"},
            "Filter on 'visits' requires a one_to_many join from measure source 'loans', which would cause incorrect "
            "aggregation (fanout). Filter on a column that the measure's source leads to, or measure the other source."
            + _SAFE,
        ),
    ],
)
def test_a_measure_that_is_defined_wrongly_is_refused(definition: dict[str, Any], message: str) -> None:
    with pytest.raises(SemanticLayerError) as refused:
        sql(measure("loans.odd"), changed("loans", LIBRARY, measures=[definition]))
    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("expr", "message"),
    [
        ("b + 1", "Circular dependency detected: b"),
        (
            "orders.tax",
            "Computed column 'customers.a' may only use columns of its own source, not 'orders.tax'.",
        ),
    ],
)
def test_a_computed_column_that_is_defined_wrongly_is_refused(expr: str, message: str) -> None:
    columns = [
        {"name": "a", "type": "number", "expr": expr},
        {"name": "b", "type": "number", "expr": "a + 1"},
    ]
    with pytest.raises(SemanticLayerError) as refused:
        sql({"dimensions": ["customers.b"]}, changed("customers", columns=columns))
    assert str(refused.value) == message


def test_messages_carry_no_terminal_codes_and_no_control_characters() -> None:
    with pytest.raises(SemanticLayerError) as refused:
        sql(measure("sum(orders.amount) \x1b[4mextra\x1b[0m \n\x00"))
    assert str(refused.value).isprintable()

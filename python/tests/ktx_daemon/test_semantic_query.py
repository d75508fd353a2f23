"""What `/semantic-layer/query` takes beside sources and a query, as one-shot commands do."""

from __future__ import annotations

from typing import Any

import pytest

from ktx_daemon.errors import RequestRejected
from ktx_daemon.semantics.query import Request, respond

_ORDERS = {
    "name": "orders",
    "table": "orders",
    "grain": ["id"],
    "columns": [{"name": "id", "type": "number"}, {"name": "placed_at", "type": "time"}],
    "measures": [{"name": "n", "expr": "count(*)"}],
}


def _respond(query: dict[str, Any], **more: Any) -> dict[str, Any]:
    return respond(Request.model_validate({"sources": [_ORDERS], "query": query, "dialect": "sqlite"} | more))


def test_one_row_more_than_the_limit_shows_whether_it_cut_rows_off() -> None:
    answer = _respond({"measures": ["orders.n"], "limit": 5}, look_ahead=1)
    assert answer["sql"].endswith("LIMIT 6")
    assert answer["plan"]["limit"] == 5


def test_weeks_begin_where_the_connection_says() -> None:
    query = {"measures": ["orders.n"], "dimensions": ["orders.placed_at:week"]}
    assert "'weekday 6', '-6 days'" in _respond(query, calendar={"week_start": "sunday"})["sql"]


def test_sources_that_could_not_be_read_are_warned_of_and_refused_where_they_are_needed() -> None:
    unreadable = {"customers": "customers.yaml:2: expected a list"}
    answer = _respond({"measures": ["orders.n"]}, unreadable=unreadable)
    assert answer["warnings"] == [
        {
            "code": "source-left-out",
            "message": "source `customers` is left out of the model: customers.yaml:2: expected a list",
        }
    ]
    with pytest.raises(RequestRejected, match=r"customers[.]yaml:2: expected a list"):
        _respond({"measures": ["orders.n"], "dimensions": ["customers.name"]}, unreadable=unreadable)


def test_a_refusal_has_its_hint_in_a_line_of_its_own() -> None:
    with pytest.raises(RequestRejected) as refused:
        _respond({"measures": ["stddev(orders.id)"]})
    assert str(refused.value).splitlines() == [
        "function `stddev` does not exist in sqlite",
        "hint: compute it in a source defined by SQL",
    ]

"""Queries in MetricFlow's words and in ours, over its tutorial project and over the shop."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Case:
    """`metrics` and `group_by` are MetricFlow's; `dimensions` are ours, as many as `group_by`."""

    project: str
    metrics: str
    group_by: str
    dimensions: str
    where: tuple[str, str] | None = None
    """A condition in MetricFlow's words, and in ours."""
    days: tuple[str, str, str] | None = None
    """Our time dimension, and the first and the last day that count."""
    is_filled: bool = False
    is_of_several: bool = False
    """Whether a metric combines several sources."""
    more: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        """What the query asks."""
        where = f" where {self.where[1]}" if self.where else ""
        return f"{self.project}: {self.metrics} by {self.dimensions or 'nothing'}{where}"

    def asked(self) -> dict[str, Any]:
        """The query for MetricFlow."""
        query: dict[str, Any] = {"metrics": self.metrics.split(), "group_by": self.group_by.split()}
        if self.where:
            query["where"] = self.where[0]
        if self.days:
            query |= {"start": self.days[1], "end": self.days[2]}
        return query

    def ours(self, owners: dict[str, str], keys: dict[str, str]) -> dict[str, Any]:
        """The query for the semantic layer, given the source of each metric and the key of each source."""
        filters = [self.where[1]] if self.where else []
        facts = {owners[metric] for metric in self.metrics.split()}
        if len(facts) == 1 and not self.days and not self.is_of_several:
            # MetricFlow knows no customers without orders; ours are in the result unless it is about orders alone.
            filters += [f"{fact}.{keys[fact]} is not null" for fact in facts]
        if self.days:
            filters += [f"{self.days[0]} >= '{self.days[1]}'", f"{self.days[0]} < '{self.days[2]}'::date + 1"]
        query = {
            "measures": [f"{owners[metric]}.{metric}" for metric in self.metrics.split()],
            "dimensions": self.dimensions.split(),
            "filters": filters,
            "limit": 100_000,
        }
        return query | ({"fill": True} if self.is_filled else {}) | self.more


def _tutorial(metrics: str, group_by: str = "", dimensions: str = "", **more: Any) -> Case:
    return Case("tutorial", metrics, group_by, dimensions, **more)


def _shop(metrics: str, group_by: str = "", dimensions: str = "", **more: Any) -> Case:
    return Case("shop", metrics, group_by, dimensions, **more)


_SPRING = ("orders.placed_at", "2024-01-01", "2024-03-31")

CASES = (
    _tutorial("transactions quick_buy_transactions quick_buy_amount_usd"),
    _tutorial("transactions", "metric_time", "transactions.ds:day"),
    _tutorial("transactions transaction_amount", "metric_time__week", "transactions.ds:week"),
    _tutorial("cancellations alterations", "transaction__is_large", "transactions.is_large"),
    _tutorial("revenue_usd cancellation_rate", "customer__customer_country", "customers.customer_country"),
    _tutorial("revenue_usd", "customer__country__region", "countries.region"),
    _tutorial("cancellation_rate", "metric_time__month", "transactions.ds:month"),
    _tutorial("cancellations_mx transaction_usd_na", "metric_time__month", "transactions.ds:month"),
    _tutorial("transaction_usd_na", "transaction__quick_buy_transaction", "transactions.quick_buy_transaction"),
    _tutorial("new_customers", "metric_time__quarter", "customers.ds:quarter"),
    _tutorial("new_customers", "customer__customer_country", "customers.customer_country"),
    _tutorial(
        "transactions",
        "customer__customer_country transaction__is_large",
        "customers.customer_country transactions.is_large",
        where=("{{ Dimension('transaction__is_large') }}", "transactions.is_large"),
    ),
    _tutorial(
        "transactions transaction_usd_na",
        "metric_time transaction__is_large",
        "transactions.ds:day transactions.is_large",
        days=("transactions.ds", "2022-03-20", "2022-04-01"),
    ),
    _tutorial(
        "cumulative_transactions",
        "metric_time",
        "transactions.ds:day",
        days=("transactions.ds", "2022-03-10", "2022-04-04"),
        is_filled=True,
    ),
    _tutorial(
        "cumulative_transactions_in_last_7_days",
        "metric_time",
        "transactions.ds:day",
        days=("transactions.ds", "2022-03-10", "2022-04-04"),
        is_filled=True,
    ),
    _shop("revenue order_count buyer_count gift_count"),
    _shop("largest_order smallest_order mean_order median_order p90_order", "order__status", "orders.status"),
    _shop("revenue", "metric_time__month", "orders.placed_at:month"),
    _shop("shipped_count", "metric_time__month", "orders.shipped_at:month"),
    _shop("shipped_count spring_orders", "order__status", "orders.status"),
    _shop("revenue buyer_count", "customer__country", "customers.country"),
    _shop("revenue order_count", "customer__region__region_name", "regions.region_name"),
    _shop("revenue", "order__size order__is_gift", "orders.size orders.is_gift"),
    _shop("order_count", "order__net", "orders.net"),
    _shop("discount_total", "order__status", "orders.status"),
    _shop("paid_revenue revenue", "metric_time__month", "orders.placed_at:month"),
    _shop("french_paid_revenue", "customer__country", "customers.country"),
    _shop("western_revenue", "metric_time__month", "orders.placed_at:month"),
    _shop("toy_units units", "product__category", "products.category"),
    _shop("units goods_value", "order__status", "orders.status"),
    _shop("units", "order__customer__country", "customers.country"),
    _shop("goods_value", "order__placed_at__month", "orders.placed_at:month"),
    _shop("spring_orders", "customer__country", "customers.country"),
    _shop("gift_share large_share", "order__status", "orders.status"),
    _shop("gift_share paid_share", "metric_time__month", "orders.placed_at:month"),
    _shop("net_revenue mean_net", "customer__country", "customers.country"),
    _shop("gift_net net_revenue", "order__status", "orders.status"),
    _shop("customers", "customer__country", "customers.country"),
    _shop("customers", "metric_time__year", "customers.joined_on:year"),
    _shop("revenue_per_customer", "customer__country", "customers.country", is_of_several=True),
    _shop("goods_share", is_of_several=True),
    _shop("goods_share", "order__status", "orders.status", is_of_several=True),
    _shop(
        "revenue",
        "customer__country order__status",
        "customers.country orders.status",
        where=("{{ Dimension('customer__country') }} is not null", "customers.country is not null"),
    ),
    _shop("revenue_to_date", "metric_time", "orders.placed_at:day", days=_SPRING, is_filled=True),
    _shop("revenue_30_days", "metric_time", "orders.placed_at:day", days=_SPRING, is_filled=True),
    _shop("revenue_month_to_date", "metric_time", "orders.placed_at:day", days=_SPRING, is_filled=True),
    _shop("revenue_to_date_at_end", "metric_time__month", "orders.placed_at:month", days=_SPRING),
    _shop("paid_to_date", "metric_time__month", "orders.placed_at:month", days=_SPRING, is_filled=True),
    _shop("sales_growth", "metric_time__month", "orders.placed_at:month", days=_SPRING, is_filled=True),
    _shop("paid_growth", "metric_time__month", "orders.placed_at:month", days=_SPRING, is_filled=True),
    _shop("daily_orders", "metric_time", "orders.placed_at:day", days=_SPRING),
)

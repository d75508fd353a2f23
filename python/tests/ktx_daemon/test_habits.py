"""Joins, aggregates and filters that statements of a history have."""

from __future__ import annotations

import pytest

from ktx_daemon.sql.fingerprint import fingerprint
from ktx_daemon.sql.parsing import dialect_named


def found(sql: str) -> dict[str, list[str]]:
    told = fingerprint(sql, dialect_named("postgres"), with_habits=True)
    assert told["error"] is None, told
    sides = [(join["left"], join["right"]) for join in told["habits"]["joins"]]
    lines = {"joins": [" = ".join(f"{side['table']}.{side['column']}" for side in pair) for pair in sides]}
    lines["aggregates"] = [f"{item['table']}: {item['expr']}" for item in told["habits"]["aggregates"]]
    lines["filters"] = [f"{item['table']}: {item['expr']}" for item in told["habits"]["filters"]]
    return {key: value for key, value in lines.items() if value}


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select 1", {}),
        ("select sum(amount) from shop.orders", {"aggregates": ["shop.orders: SUM(amount)"]}),
        (
            "select o.day, sum(o.amount) / count(*), max(c.age) from orders o join customers c on c.id = o.customer_id",
            {
                "joins": ["customers.id = orders.customer_id"],
                "aggregates": ["orders: SUM(amount)", "customers: MAX(age)"],
            },
        ),
        (
            "select count(*), count(distinct x) from t where a = $1 and (b is null and c in ($2, $3)) and d > 5",
            {
                "aggregates": ["t: COUNT(*)", "t: COUNT(DISTINCT x)"],
                "filters": ["t: a = ?", "t: b IS NULL", "t: c IN (?, ?)", "t: d > ?"],
            },
        ),
        ("select 1 from a, b where a.x = b.y and a.z = 'secret'", {"joins": ["a.x = b.y"], "filters": ["a: z = ?"]}),
        ("select 1 from a p join a c on c.parent = p.id", {"joins": ["a.id = a.parent"]}),
        # What could be of either table counts for none.
        ("select sum(v) from a join b on a.x = b.y where w = 1", {"joins": ["a.x = b.y"]}),
        ("select sum(v) over (partition by w) from t", {}),
        (
            "with r as (select x, min(y) from t group by x) select max(r.x) from r join s on s.x = r.x where s.z",
            {"aggregates": ["t: MIN(y)"]},
        ),
        ("select sum(v) filter (where w = 2) from t", {"aggregates": ["t: SUM(v) FILTER(WHERE w = ?)"]}),
        ("insert into r select sum(v) from t where u = 1", {"aggregates": ["t: SUM(v)"], "filters": ["t: u = ?"]}),
        ("select 1 from t where x = (select max(y) from u)", {"aggregates": ["u: MAX(y)"]}),
        ("delete from t where x = 1", {}),
        ("select 1 from t where a /* of 'ann' */ = 'ann' -- ann", {"filters": ["t: a = ?"]}),
        ("explain select avg(v) from t", {"aggregates": ["t: AVG(v)"]}),
    ],
)
def test_what_a_statement_does(sql: str, expected: dict[str, list[str]]) -> None:
    assert found(sql) == expected


def test_taking_out_values_leaves_the_template_alone() -> None:
    sql = (
        "select sum(o.v * 2) from s.orders o where o.kind = 'x' and o.v > (select max(p.v) from s.past p where p.w = 3)"
    )
    dialect = dialect_named("postgres")
    with_habits = fingerprint(sql, dialect, with_habits=True)
    assert with_habits.pop("habits")["aggregates"]
    assert with_habits == fingerprint(sql, dialect)


def test_habits_come_only_when_asked_for() -> None:
    assert "habits" not in fingerprint("select sum(v) from t", dialect_named("postgres"))

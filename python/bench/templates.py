"""Templates of a query history beside sqlglot alone: statements of the shapes that applications and reports send."""

import hashlib
import json
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice
from pathlib import Path

import sqlglot
from sqlglot import exp

sys.path.insert(0, str(Path(__file__).parents[1]))

from ktx_daemon.sql.fingerprint_batch import Item, Request, respond

STATEMENTS = 1000
MANY_STATEMENTS = 5000
AT_ONCE = 4
"""Batches that an ingest asks for at once, each of `BATCH` statements."""
BATCH = 32
ROUNDS = 3
SHAPES = (
    "select a.c{n}, date_trunc('month', a.at) as month, sum(b.amount) as total from t{n} as a "
    "join u{n} as b on a.id = b.parent_id where a.status in ('open', 'paid') and b.amount > {n} "
    "group by a.c{n}, date_trunc('month', a.at) order by total desc limit 100",
    'SELECT "users"."id", "users"."email", "users"."c{n}" FROM "users" WHERE "users"."deleted_at" IS NULL '
    'AND "users"."email" = $1 ORDER BY "users"."id" ASC LIMIT $2',
    "INSERT INTO t{n} (id, name, created_at) VALUES ($1, $2, $3) RETURNING id",
    "UPDATE t{n} SET state = $1, updated_at = $2 WHERE id = $3",
    "DELETE FROM t{n} WHERE created_at < $1 AND owner IS NOT NULL",
    "WITH recent AS (SELECT customer_id, count(*) AS n, max(c{n}) AS last FROM orders "
    "WHERE created_at > now() - interval '30 days' GROUP BY customer_id) "
    "SELECT c.region, avg(r.n) FROM recent r JOIN customers c ON c.id = r.customer_id WHERE c.active GROUP BY c.region",
    "SELECT CASE WHEN c{n} > 10 THEN 'big' WHEN c{n} > 5 THEN 'mid' ELSE 'small' END AS size, "
    "count(*) FILTER (WHERE status = 'paid'), sum(amount * (1 - discount)) FROM orders "
    "WHERE region IN ($1, $2, $3) GROUP BY 1 HAVING count(*) > 5",
    "SELECT o.id, row_number() OVER (PARTITION BY o.c{n} ORDER BY o.created_at DESC) AS place FROM orders o "
    "LEFT JOIN customers c ON o.customer_id = c.id WHERE c.name LIKE 'E%' AND o.day BETWEEN '2024-01-01' AND $1",
    "SELECT count(*) FROM t{n} t WHERE EXISTS (SELECT 1 FROM u{n} x WHERE x.parent_id = t.id AND x.kind = 'a') "
    "AND NOT (t.flag = true OR t.kind <> 'x')",
    "SELECT name FROM t{n} WHERE id = 5",
)


def main() -> int:
    """Print our time and sqlglot's in milliseconds, of one core and on two, the fastest of interleaved rounds."""
    on_one = compared(STATEMENTS, 100, lambda requests: [respond(request) for request in requests], time.process_time)
    on_two = compared(MANY_STATEMENTS, BATCH, at_once, time.perf_counter)
    print(json.dumps({"one core": on_one, "two cores": on_two}))
    return 0


def compared(
    count: int, batch: int, answer: Callable[[list[Request]], object], clock: Callable[[], float]
) -> dict[str, float]:
    """Read so many statements in batches, and by sqlglot alone one after the other."""
    statements = [shape.format(n=number) for number, shape in enumerate(islice(cycle(SHAPES), count))]
    requests = [
        Request(
            dialect="postgres",
            items=[Item(id=sql, sql=sql) for sql in statements[first : first + batch]],
            habits=True,
        )
        for first in range(0, count, batch)
    ]
    ours: list[float] = []
    alone: list[float] = []
    for _ in range(ROUNDS + 1):  # the first fills caches
        ours.append(milliseconds(lambda: answer(requests), clock))
        alone.append(milliseconds(lambda: [template_by_sqlglot(sql) for sql in statements], clock))
    return {"value": min(ours[1:]), "peer": min(alone[1:])}


def at_once(requests: list[Request]) -> list[object]:
    """As the daemon's threads answer an ingest."""
    with ThreadPoolExecutor(AT_ONCE) as threads:
        return list(threads.map(respond, requests))


def template_by_sqlglot(sql: str) -> str:
    """What a script would do to tell templates apart, without joins, aggregates and filters."""
    tree = sqlglot.parse_one(sql, read="postgres")
    for literal in list(tree.find_all(exp.Literal)):
        literal.replace(exp.Placeholder())
    return hashlib.sha256(tree.sql(dialect="postgres").encode()).hexdigest()


def milliseconds(work: Callable[[], object], clock: Callable[[], float]) -> float:
    """The processor's time for it, which other programs change little, or the clock's."""
    started = clock()
    work()
    return (clock() - started) * 1000


if __name__ == "__main__":
    sys.exit(main())

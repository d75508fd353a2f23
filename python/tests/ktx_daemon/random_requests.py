"""Random requests for every endpoint, near enough to real ones to get past the first check.

URLs of databases are drawn so that none can be connected to.
"""

import json
from typing import Any

from hypothesis import strategies as st

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=30),
    st.sampled_from(["postgres", "a.b", "", "sum(a.b)"]),
)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
dialects = st.sampled_from(
    ["postgres", "bigquery", "snowflake", "mysql", "tsql", "sqlite", "clickhouse", "redshift", "duckdb", "nope"]
)
SQL_WORDS = """
    select from where a b . , ( ) * 1 'x' "Q" `q` [ ] in not null is and or group by order having with as union all join
    on left case when then end over limit ; -- /* */ $1 :: ? @ # {{ }} insert update values date timestamp - +
"""
sql_words = st.sampled_from(SQL_WORDS.split())
sql = st.lists(sql_words, max_size=25).map(" ".join) | st.text(max_size=40)
names = st.sampled_from(
    ["orders", "customers", "id", "amount", "orders.id", "orders.amount", "customers.id", "select", "", "x y"]
)
expressions = names | sql | names.map("sum({})".format)

columns = st.fixed_dictionaries(
    {"name": names, "type": st.sampled_from(["string", "number", "time", "boolean", "odd"])},
    optional={"expr": expressions, "visibility": st.sampled_from(["public", "hidden", "internal"]), "role": scalars},
)
sources = st.fixed_dictionaries(
    {"name": names, "table": names, "grain": st.lists(names, max_size=2), "columns": st.lists(columns, max_size=4)},
    optional={
        "sql": sql,
        "joins": st.lists(
            st.fixed_dictionaries(
                {
                    "to": names,
                    "on": st.just("id = customers.id") | expressions,
                    "relationship": st.sampled_from(["many_to_one", "one_to_many", "x"]),
                },
                optional={"alias": names},
            ),
            max_size=2,
        ),
        "measures": st.lists(
            st.fixed_dictionaries({"name": names, "expr": expressions}, optional={"filter": expressions}), max_size=3
        ),
        "segments": anything,
        "description": scalars,
    },
)
queries = st.fixed_dictionaries(
    {"measures": st.lists(expressions | st.fixed_dictionaries({"expr": expressions, "name": names}), max_size=3)},
    optional={
        "dimensions": st.lists(
            expressions | st.fixed_dictionaries({"field": names, "granularity": scalars}), max_size=3
        ),
        "filters": st.lists(expressions, max_size=2),
        "order_by": st.lists(names | st.fixed_dictionaries({"field": names, "direction": scalars}), max_size=2),
        "limit": scalars,
        "include_empty": st.booleans(),
        "segments": st.lists(names, max_size=2),
    },
)
LOOKML_WORDS = """
    view: v { } dimension: d measure: m type: sum count number sql: ${TABLE}.a ;; ${d} @{c} sql_table_name: t explore: v
    join: w sql_on: ${v.d} = ${w.d} extends: [v] derived_table: constant: value: "x" filters: [d: "1"] {% %}
"""
lookml = st.lists(st.sampled_from(LOOKML_WORDS.split()), max_size=40).map(" ".join)
semantic_models = st.fixed_dictionaries(
    {"name": names},
    optional={
        "model": st.sampled_from(["ref('orders')", "orders", ""]),
        "entities": st.lists(
            st.fixed_dictionaries({"name": names, "type": st.sampled_from(["primary", "foreign", "odd"])}), max_size=2
        )
        | anything,
        "dimensions": st.lists(
            st.fixed_dictionaries({"name": names, "type": st.sampled_from(["categorical", "time", "odd"])}), max_size=2
        )
        | anything,
        "measures": st.lists(
            st.fixed_dictionaries({"name": names, "agg": names}, optional={"expr": expressions}), max_size=2
        )
        | anything,
    },
)
metrics = st.fixed_dictionaries(
    {"name": names, "type": st.sampled_from(["simple", "ratio", "derived", "cumulative", "odd"])},
    optional={
        "type_params": st.fixed_dictionaries({}, optional={"measure": anything, "expr": expressions}) | anything,
        "filter": sql | st.just("{{ Dimension('orders__status') }} = 'x'") | anything,
    },
)
dbt_files = st.fixed_dictionaries(
    {},
    optional={
        "semantic_models": st.lists(semantic_models, max_size=2) | anything,
        "metrics": st.lists(metrics, max_size=2) | anything,
        "models": anything,
    },
).map(json.dumps)
unreachable = st.sampled_from(["", "x", "postgresql://h:port/d", "a=b", "mysql://h/d"])

SHAPES: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "/sql/parse-table-identifier": st.fixed_dictionaries(
        {
            "items": st.lists(
                st.fixed_dictionaries({"key": st.text(max_size=3), "sql_table_name": sql, "dialect": dialects}),
                max_size=3,
            )
        }
    ),
    "/sql/analyze-batch": st.fixed_dictionaries(
        {
            "dialect": dialects,
            "items": st.lists(st.fixed_dictionaries({"id": st.text(max_size=3), "sql": sql}), max_size=3),
        }
    ),
    "/sql/fingerprint-batch": st.fixed_dictionaries(
        {
            "dialect": dialects,
            "items": st.lists(st.fixed_dictionaries({"id": st.text(max_size=3), "sql": sql}), max_size=3),
        }
    ),
    "/sql/validate-read-only": st.fixed_dictionaries({"dialect": dialects, "sql": sql}),
    "/api/sql/analyze-for-fingerprint": st.fixed_dictionaries({"dialect": dialects, "sql": sql}),
    "/database/introspect": st.fixed_dictionaries(
        {"connection_id": st.text(), "url": unreachable}, optional={"schemas": anything}
    ),
    "/database/access": st.fixed_dictionaries(
        {"connection_id": st.text(), "url": unreachable}, optional={"schemas": anything}
    ),
    "/database/export": st.fixed_dictionaries(
        {
            "connection_id": st.text(),
            "url": unreachable,
            "sql": sql,
            "file": st.text(),
            "format": st.sampled_from(["csv", "jsonl", "parquet", "xml"]),
        }
    ),
    "/database/query": st.fixed_dictionaries({"connection_id": st.text(), "url": unreachable, "sql": sql}),
    "/lookml/parse": st.fixed_dictionaries(
        {
            "files": st.lists(
                st.fixed_dictionaries({"path": st.sampled_from(["a", "manifest"]), "content": lookml}), max_size=2
            ),
            "dialect": dialects,
        }
    ),
    "/metricflow/draft": st.fixed_dictionaries(
        {
            "files": st.lists(
                st.fixed_dictionaries(
                    {"path": st.sampled_from(["models/a.yml", "dbt_project.yml"]), "content": dbt_files}
                ),
                max_size=2,
            ),
            "dialect": dialects,
        },
        optional={"manifest": st.none() | st.dictionaries(names, anything, max_size=2)},
    ),
    "/embeddings/compute": st.fixed_dictionaries({"text": st.text(max_size=5)}),
    "/embeddings/compute-bulk": st.fixed_dictionaries({"texts": st.lists(st.text(max_size=3), max_size=3) | anything}),
    "/semantic-layer/query": st.fixed_dictionaries(
        {"sources": st.lists(sources, max_size=3), "query": queries, "dialect": dialects}
    ),
    "/semantic-layer/validate": st.fixed_dictionaries(
        {"sources": st.lists(sources | st.dictionaries(names, anything, max_size=3), max_size=3), "dialect": dialects}
    ),
    "/semantic-layer/generate-sources": st.fixed_dictionaries(
        {
            "tables": st.lists(
                st.fixed_dictionaries(
                    {
                        "name": names,
                        "columns": st.lists(st.fixed_dictionaries({"name": names, "type": names}), max_size=3),
                    }
                ),
                max_size=2,
            ),
            "links": st.just([]) | anything,
            "dialect": dialects,
        }
    ),
}

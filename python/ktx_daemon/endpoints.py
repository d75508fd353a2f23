"""The list of endpoints, each with its one-shot command and the module that answers it.

A row names its module instead of importing it, because start-up time is a feature: pydantic, sqlglot,
and psycopg are imported by the first request that needs them, never by the program itself.
A module offers a pydantic model `Request` and a function `respond(request)`; those of `cancellable` rows
take a `Cancellation` as their second argument.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One capability, reachable as `POST path` and as `ktx-daemon command`."""

    path: str
    command: str
    module: str
    failure: str
    """Opens the message of an unexpected failure (status 500)."""

    cancellable: bool = False
    """Whether a client that hangs up stops the work, which is done elsewhere: by a database or a worker."""

    inline_bytes: int = 0
    """Bodies up to this size are answered on the event loop, once the module is imported.

    Handing a request to a thread and back takes as long as parsing one table identifier. For anything that
    compiles SQL of the caller the size says too little about the time, and health must not wait for it.
    """


ENDPOINTS = (
    Endpoint(
        path="/database/introspect",
        command="database-introspect",
        module="ktx_daemon.database.introspection",
        failure="Database introspection failed",
        cancellable=True,
    ),
    Endpoint(
        path="/database/query",
        command="database-query",
        module="ktx_daemon.database.query",
        failure="Database query failed",
        cancellable=True,
    ),
    Endpoint(
        path="/database/export",
        command="database-export",
        module="ktx_daemon.database.export",
        failure="Database export failed",
        cancellable=True,
    ),
    Endpoint(
        path="/database/access",
        command="database-access",
        module="ktx_daemon.database.access",
        failure="Database access check failed",
        cancellable=True,
    ),
    Endpoint(
        path="/sql/parse-table-identifier",
        command="sql-parse-table-identifier",
        module="ktx_daemon.sql.table_identifiers",
        failure="Table identifier parsing failed",
        inline_bytes=1024,
    ),
    Endpoint(
        path="/sql/analyze-batch",
        command="sql-analyze-batch",
        module="ktx_daemon.sql.table_usage",
        failure="SQL analysis failed",
    ),
    Endpoint(
        path="/sql/validate-read-only",
        command="sql-validate-read-only",
        module="ktx_daemon.sql.read_only",
        failure="SQL validation failed",
    ),
    Endpoint(
        path="/api/sql/analyze-for-fingerprint",
        command="sql-analyze-for-fingerprint",
        module="ktx_daemon.sql.fingerprint",
        failure="SQL fingerprinting failed",
    ),
    Endpoint(
        path="/sql/fingerprint-batch",
        command="sql-fingerprint-batch",
        module="ktx_daemon.sql.fingerprint_batch",
        failure="SQL fingerprinting failed",
    ),
    Endpoint(
        path="/lookml/parse",
        command="lookml-parse",
        module="ktx_daemon.lookml.parse",
        failure="LookML parsing failed",
        cancellable=True,
    ),
    Endpoint(
        path="/metricflow/draft",
        command="metricflow-draft",
        module="ktx_daemon.metricflow.draft",
        failure="MetricFlow drafting failed",
    ),
    Endpoint(
        path="/embeddings/compute",
        command="embedding-compute",
        module="ktx_daemon.embeddings.compute",
        failure="Embedding compute failed",
    ),
    Endpoint(
        path="/embeddings/compute-bulk",
        command="embedding-compute-bulk",
        module="ktx_daemon.embeddings.compute_bulk",
        failure="Bulk embedding compute failed",
    ),
    Endpoint(
        path="/semantic-layer/query",
        command="semantic-query",
        module="ktx_daemon.semantics.query",
        failure="Semantic layer query failed",
    ),
    Endpoint(
        path="/semantic-layer/validate",
        command="semantic-validate",
        module="ktx_daemon.semantics.validation",
        failure="Semantic layer validation failed",
    ),
    Endpoint(
        path="/semantic-layer/generate-sources",
        command="semantic-generate-sources",
        module="ktx_daemon.semantics.generation",
        failure="Semantic source generation failed",
    ),
)

BY_COMMAND = {endpoint.command: endpoint for endpoint in ENDPOINTS}

"""`/semantic-layer/generate-sources`: drafts of sources for the tables of a database."""

from typing import Any

from ktx_daemon.errors import RequestRejected
from ktx_daemon.sql.parsing import dialect_named
from semantic_layer.errors import SemanticLayerError
from semantic_layer.generation import GenerateRequest as Request
from semantic_layer.generation import generate_sources

__all__ = ["Request", "respond"]


def respond(request: Request) -> dict[str, Any]:
    """Draft one source for each table."""
    dialect_named(request.dialect)  # refuses one that sqlglot does not know
    try:
        return generate_sources(request)
    except SemanticLayerError as error:
        raise RequestRejected(str(error)) from None

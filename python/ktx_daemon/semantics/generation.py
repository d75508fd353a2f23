"""`/semantic-layer/generate-sources`: drafts of sources for the tables of a database."""

from typing import Any

from ktx_daemon.errors import RequestRejected
from semantic_layer.errors import SemanticLayerError
from semantic_layer.generation import GenerateRequest as Request
from semantic_layer.generation import generate_sources

__all__ = ["Request", "respond"]


def respond(request: Request) -> dict[str, Any]:
    """Draft one source for each table."""
    try:
        return generate_sources(request)
    except SemanticLayerError as error:
        raise RequestRejected(str(error)) from None

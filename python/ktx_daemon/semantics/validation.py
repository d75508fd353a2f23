"""`/semantic-layer/validate`: what is wrong with a model. A model with errors is an answer, not a failure."""

from typing import Any

from pydantic import BaseModel, ConfigDict

from semantic_layer.validation import validate_sources


class Request(BaseModel):
    """Sources, and which of them were just changed."""

    model_config = ConfigDict(extra="ignore", strict=True)

    sources: list[dict[str, Any]]
    dialect: str = "postgres"
    recently_touched: list[str] | None = None


def respond(request: Request) -> dict[str, Any]:
    """Check the model."""
    return validate_sources(request.sources, request.dialect, request.recently_touched)

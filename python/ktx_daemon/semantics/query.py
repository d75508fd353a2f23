"""`/semantic-layer/query`: one query over resolved sources, compiled to SQL."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from ktx_daemon.errors import RequestRejected
from semantic_layer.errors import SemanticLayerError
from semantic_layer.query import run_query


class Request(BaseModel):
    """Sources and a query; `semantic_layer` checks what is in them."""

    model_config = ConfigDict(extra="forbid", strict=True)

    sources: list[dict[str, Any]]
    query: dict[str, Any]
    dialect: str = "postgres"
    unreadable: dict[str, str] = Field(default_factory=dict)
    """Sources that the caller could not read, and why: a query that needs one is refused with it."""
    locations: dict[str, str] = Field(default_factory=dict)
    """Where sources are defined, such as `orders.yaml:3`, for messages about their faults."""
    look_ahead: int = Field(default=0, ge=0, le=1000)
    """How many rows more than its limit the SQL of a query gives, to see whether the limit cut rows off."""
    calendar: dict[str, str] = Field(default_factory=dict)
    """The connection's `week_start`, `fiscal_year_start`, `time_zone` and `date_table`."""
    project_id: str | None = Field(default=None, alias="projectId")
    """Accepted for callers that send it, without effect."""


def respond(request: Request) -> dict[str, Any]:
    """Compile the query."""
    try:
        return run_query(
            request.sources,
            request.query,
            request.dialect,
            unreadable=request.unreadable,
            locations=request.locations,
            look_ahead=request.look_ahead,
            calendar=request.calendar,
        )
    except SemanticLayerError as error:
        raise RequestRejected(str(error)) from None

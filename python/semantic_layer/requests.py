"""A query as it is asked, checked at the edge. Names in it are not resolved yet."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    ValidationError,
)

from semantic_layer.errors import SemanticLayerError, unknown_key
from semantic_layer.sources import faults
from semantic_layer.spans import Periodic

DEFAULT_LIMIT = 1000
_LARGEST_LIMIT = 2**63 - 1


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class MeasureRequest(_Request, Periodic):
    """A measure by name or expression; only the object form can carry a ``name`` of its own."""

    expr: str
    name: str | None = None
    is_object: bool = False


class DimensionRequest(_Request):
    """What to group by, and for times how coarsely."""

    field: str
    granularity: str | None = None


class OrderRequest(_Request):
    """An output column to sort by."""

    field: str
    direction: str = "asc"


def _measure(value: Any) -> Any:
    if isinstance(value, str):
        return {"expr": value}
    if isinstance(value, dict):
        return {**value, "is_object": True}
    raise ValueError("a measure is a string, or an object with 'expr' and 'name'")


def _field(value: Any) -> Any:
    if isinstance(value, str):
        return {"field": value}
    if isinstance(value, dict):
        return value
    raise ValueError("it is a string, or an object with 'field'")


class Query(_Request):
    """A whole query, with its defaults filled in."""

    measures: list[Annotated[MeasureRequest, BeforeValidator(_measure)]]
    dimensions: Annotated[list[Annotated[DimensionRequest, BeforeValidator(_field)]], Field(default_factory=list)]
    filters: Annotated[list[str], Field(default_factory=list)]
    segments: Annotated[list[str], Field(default_factory=list)]
    order_by: Annotated[list[Annotated[OrderRequest, BeforeValidator(_field)]], Field(default_factory=list)]
    limit: Annotated[StrictInt, Field(le=_LARGEST_LIMIT)] = DEFAULT_LIMIT
    include_empty: StrictBool = True
    fill: StrictBool = False


def parse_query(query: object) -> Query:
    """The query, or an error that names every fault in it."""
    try:
        parsed = Query.model_validate(query)
    except ValidationError as error:
        raise SemanticLayerError(f"Query is invalid: {faults(error, _unknown_key)}") from None
    if parsed.limit < 0:
        raise SemanticLayerError(f"limit must be non-negative, got {parsed.limit}")
    for order in parsed.order_by:
        if order.direction.lower() not in ("asc", "desc"):
            raise SemanticLayerError(f"ORDER BY direction must be asc or desc, got '{order.direction[:40]}'")
    return parsed


_PARTS: dict[str, tuple[str, type[BaseModel]]] = {
    "measures": ("a measure", MeasureRequest),
    "dimensions": ("a dimension", DimensionRequest),
    "order_by": ("an ordering", OrderRequest),
}


def _unknown_key(location: tuple[int | str, ...]) -> str:
    what, model = _PARTS[str(location[0])] if len(location) > 1 else ("the query", Query)
    known = [key for key in model.model_fields if key != "is_object"]
    return unknown_key(str(location[-1]), what, known)

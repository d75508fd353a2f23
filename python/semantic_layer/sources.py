"""Source definitions as authors write them, checked at the edge. Nothing here knows SQL or other sources."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from semantic_layer.errors import SemanticLayerError, quoted

# Keys of a source that other programs read.
_NOTES = frozenset({"default_time_dimension", "tags", "freshness", "source_type", "inherits_columns_from"})
_DESCRIPTION_ORDER = ("user", "ai", "dbt", "db")

Name = Annotated[str, Field(min_length=1)]
Relationship = Literal["many_to_one", "one_to_many", "one_to_one"]


def _empty_for_null(value: object) -> object:
    return [] if value is None else value


class _Definition(BaseModel):
    """Keys that a definition does not know are left alone: other tools keep notes of their own there."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    description: str | None = None
    descriptions: Mapping[str, str | None] | None = None

    def text(self) -> str | None:
        """The description, or the best of ``descriptions``: user, ai, dbt, db, then any."""
        if self.description or not self.descriptions:
            return self.description
        ordered = [self.descriptions.get(key) for key in _DESCRIPTION_ORDER]
        return next((text for text in [*ordered, *self.descriptions.values()] if text), None)


class Column(_Definition):
    """A column; with ``expr`` it is computed from other columns of its source."""

    name: Name
    type: Literal["string", "number", "time", "boolean"]
    visibility: Literal["public", "internal", "hidden"] = "public"
    role: Literal["time", "default"] = "default"
    expr: str | None = None


class Join(_Definition):
    """A way from the declaring source to another, or to a role of it."""

    to: Name
    on: str
    relationship: Relationship
    alias: Name | None = None


class Measure(_Definition):
    """A named aggregate, or arithmetic over other measures of the source."""

    name: Name
    expr: str
    filter: str | None = None
    segments: Annotated[list[str], Field(default_factory=list)]


class Segment(_Definition):
    """A named condition on the rows of its source."""

    name: Name
    expr: str


class Source(_Definition):
    """A table or a query, with what may be asked of it."""

    name: Name
    table: str | None = None
    sql: str | None = None
    grain: list[str]
    columns: list[Column]
    joins: Annotated[list[Join], BeforeValidator(_empty_for_null), Field(default_factory=list)]
    measures: Annotated[list[Measure], BeforeValidator(_empty_for_null), Field(default_factory=list)]
    segments: Annotated[list[Segment], BeforeValidator(_empty_for_null), Field(default_factory=list)]

    @model_validator(mode="after")
    def _reads_one_thing(self) -> Self:
        if self.table and self.sql:
            raise ValueError("'table' and 'sql' are mutually exclusive")
        if not self.table and not self.sql:
            raise ValueError("resolved source must have 'table' or 'sql'")
        if not self.grain:
            raise ValueError("grain must be non-empty")
        return self


def parse_source(definition: object) -> Source:
    """One source, or an error that names it and every fault in it."""
    try:
        return Source.model_validate(definition)
    except ValidationError as error:
        raise SemanticLayerError(f"Source '{source_label(definition)}' failed to parse: {faults(error)}") from None


def parse_sources(definitions: object) -> tuple[Source, ...]:
    """All sources in order; a name may be used once."""
    if not isinstance(definitions, (list, tuple)):
        raise SemanticLayerError("sources must be a list of source definitions")
    sources: dict[str, Source] = {}
    for definition in definitions:
        source = parse_source(definition)
        if source.name in sources:
            raise SemanticLayerError(f"Duplicate source name '{source.name}'")
        sources[source.name] = source
    return tuple(sources.values())


def source_label(definition: object) -> str:
    """The name by which messages speak of a definition that may not be one."""
    name = definition.get("name") if isinstance(definition, Mapping) else None
    return quoted(name) if isinstance(name, str) and name else "<unknown>"


def faults(error: ValidationError) -> str:
    """A pydantic error as one line, without the values that were given."""
    lines = []
    for fault in error.errors(include_url=False, include_context=False, include_input=False):
        place = ".".join(str(part) for part in fault["loc"])
        message = fault["msg"].removeprefix("Value error, ")
        lines.append(f"{place}: {message}" if place else message)
    return "; ".join(lines)


def unknown_keys(definition: Mapping[str, Any]) -> list[str]:
    """Keys of a source that the semantic layer neither reads nor expects to find."""
    return [key for key in definition if key not in Source.model_fields and key not in _NOTES]

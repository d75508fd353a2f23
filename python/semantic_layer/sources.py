"""Source definitions as authors write them, checked at the edge. Nothing here knows SQL or other sources."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from semantic_layer.errors import SemanticLayerError, quoted, unknown_key
from semantic_layer.spans import Periodic

_DESCRIPTION_ORDER = ("user", "ai", "dbt", "db")

Name = Annotated[str, Field(min_length=1)]
Relationship = Literal["many_to_one", "one_to_many", "one_to_one"]


def _empty_for_null(value: object) -> object:
    return [] if value is None else value


class _Definition(BaseModel):
    """What every definition may have. A key that it does not know is refused: it would be without effect."""

    model_config = ConfigDict(extra="forbid", frozen=True)

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
    # Notes for other programs.
    natural_granularity: Any = None
    constraints: Any = None
    enum_values: Any = None
    tests: Any = None
    value_format: Any = None


class Join(_Definition):
    """A way from the declaring source to another, or to a role of it."""

    to: Name
    on: str
    relationship: Relationship
    alias: Name | None = None


class Measure(_Definition, Periodic):
    """A named aggregate, or arithmetic over other measures of the source."""

    name: Name
    expr: str
    filter: str | None = None
    segments: Annotated[list[str], Field(default_factory=list)]
    value_format: Any = None  # a note for other programs


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

    # Notes for other programs.
    default_time_dimension: Any = None
    tags: Any = None
    freshness: Any = None
    source_type: Any = None
    inherits_columns_from: Any = None

    @model_validator(mode="after")
    def _reads_one_thing(self) -> Self:
        if self.table and self.sql:
            raise ValueError("'table' and 'sql' are mutually exclusive")
        if not self.table and not self.sql:
            raise ValueError("resolved source must have 'table' or 'sql'")
        if not self.grain:
            raise ValueError("grain must be non-empty")
        return self

    @model_validator(mode="after")
    def _names_each_thing_once(self) -> Self:
        for what, names in (
            ("column", [column.name for column in self.columns]),
            ("join", [join.alias or join.to for join in self.joins]),
            ("measure", [measure.name for measure in self.measures]),
            ("segment", [segment.name for segment in self.segments]),
        ):
            if len(set(names)) < len(names):
                twice = next(name for name, uses in Counter(names).items() if uses > 1)
                raise ValueError(f"duplicate {what} '{twice}'")
        return self


def parse_source(definition: object) -> Source:
    """One source, or an error that names it and every fault in it."""
    try:
        return Source.model_validate(definition)
    except ValidationError as error:
        found = faults(error, lambda location: _unknown_key(location, definition))
        raise SemanticLayerError(f"Source '{source_label(definition)}' failed to parse: {found}") from None


def source_label(definition: object) -> str:
    """The name by which messages speak of a definition that may not be one."""
    name = definition.get("name") if isinstance(definition, Mapping) else None
    return quoted(name) if isinstance(name, str) and name else "<unknown>"


def faults(error: ValidationError, unknown: Callable[[tuple[int | str, ...]], str]) -> str:
    """A pydantic error as one line, without the values that were given. ``unknown`` words what an unknown key is."""
    lines = []
    for fault in error.errors(include_url=False, include_context=False, include_input=False):
        if fault["type"] == "extra_forbidden":
            lines.append(unknown(fault["loc"]))
            continue
        place = ".".join(str(part) for part in fault["loc"])
        message = fault["msg"].removeprefix("Value error, ")
        lines.append(f"{place}: {message}" if place else message)
    return "; ".join(lines)


_KNOWN_KEYS: dict[str, type[BaseModel]] = {
    "columns": Column,
    "joins": Join,
    "measures": Measure,
    "segments": Segment,
}


def _unknown_key(location: tuple[int | str, ...], definition: object) -> str:
    """The key at fault, what it is in, and the nearest key that is known."""
    *path, key = location
    inner: Any = definition
    for part in path:
        inner = inner[part]
    if len(path) == 2 and path[0] in _KNOWN_KEYS:
        what = str(path[0]).removesuffix("s")
        name = inner.get("name") or inner.get("alias") or inner.get("to")
        where, known = f"{what} `{quoted(str(name))}`", _KNOWN_KEYS[str(path[0])].model_fields
    else:
        where, known = f"source `{source_label(definition)}`", Source.model_fields
    return unknown_key(str(key), where, known)

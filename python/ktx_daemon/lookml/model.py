"""The parts of LookML that are read, as typed models over what the lkml parser returns."""

import logging
from collections.abc import Iterable
from typing import Any, Literal

import lkml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

logger = logging.getLogger(__name__)

FieldKind = Literal["dimension", "dimension_group", "measure"]


class _Node(BaseModel):
    model_config = ConfigDict(extra="ignore")

    name: str


class CaseBranch(BaseModel):
    """`when: { sql: … label: … }`."""

    sql: str
    label: str


class Case(BaseModel):
    """`case: { when … else: … }`."""

    whens: list[CaseBranch] = []
    otherwise: str | None = Field(default=None, alias="else")


class LookmlField(_Node):
    """A dimension, dimension group or measure as written."""

    type: str | None = None
    sql: str | None = None
    label: str | None = None
    description: str | None = None
    hidden: str | None = None
    primary_key: str | None = None
    tags: list[str] | None = None
    case: Case | None = None
    filters: Any = Field(default=None, alias="filters__all")
    single_filter: Any = Field(default=None, alias="filters")


class DerivedTable(BaseModel):
    """`derived_table: { sql: … }`, or a native one with an `explore_source`."""

    model_config = ConfigDict(extra="ignore")

    sql: str | None = None
    explore_source: Any = None


class View(_Node):
    """A view as written, or a refinement of one when its name starts with `+`."""

    label: str | None = None
    description: str | None = None
    extension: str | None = None
    extends: list[Any] = Field(default=[], alias="extends__all")
    sql_table_name: str | None = None
    derived_table: DerivedTable | None = None
    dimensions: list[LookmlField] = []
    dimension_groups: list[LookmlField] = []
    measures: list[LookmlField] = []

    def fields(self) -> Iterable[tuple[FieldKind, LookmlField]]:
        """Every field with its kind, dimensions first."""
        yield from (("dimension", field) for field in self.dimensions)
        yield from (("dimension_group", field) for field in self.dimension_groups)
        yield from (("measure", field) for field in self.measures)


class Join(_Node):
    """A join of an explore."""

    view: str | None = Field(default=None, alias="from")
    sql_on: str | None = None
    foreign_key: str | None = None
    relationship: str | None = None


class Explore(_Node):
    """An explore as written, or a refinement."""

    view: str | None = Field(default=None, alias="from")
    view_name: str | None = None
    extends: list[Any] = Field(default=[], alias="extends__all")
    joins: list[Join] = []


class Constant(_Node):
    """A constant of a manifest."""

    value: str


class LookmlFile(BaseModel):
    """One parsed file."""

    model_config = ConfigDict(extra="ignore")

    constants: list[Constant] = []
    views: list[View] = []
    explores: list[Explore] = []


def read_file(path: str, content: str) -> LookmlFile | None:
    """Parse one file; None, with a log line, when it is not LookML."""
    try:
        return LookmlFile.model_validate(lkml.load(content))
    except (SyntaxError, IndexError, KeyError, ValueError, RecursionError, TypeError, AttributeError, ValidationError):
        # lkml raises whatever its tokenizer stumbles over; the text of the error may quote the file.
        logger.warning("skipped a file that is not LookML: %.200r", path)
        return None


def names(extends: Iterable[Any]) -> list[str]:
    """Flatten `extends: [a, b]`, which lkml nests once for every time that it is written."""
    flat: list[str] = []
    for part in extends:
        flat += names(part) if isinstance(part, list) else [part] if isinstance(part, str) else []
    return flat

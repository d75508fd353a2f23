"""`/sql/fingerprint-batch`: fingerprints of many statements; a request for each would double the cost."""

from typing import Annotated, TypedDict

from pydantic import BaseModel, ConfigDict, Field

from ktx_daemon.sql.cores import Cores
from ktx_daemon.sql.fingerprint import Fingerprint, fingerprint
from ktx_daemon.sql.parsing import SqlText, dialect_named


class Item(BaseModel):
    """One statement and what its answer is filed under."""

    model_config = ConfigDict(extra="ignore", strict=True)

    id: str
    sql: SqlText


class Request(BaseModel):
    """Statements of one dialect."""

    model_config = ConfigDict(extra="ignore", strict=True)

    dialect: str
    items: Annotated[list[Item], Field(max_length=100)]
    habits: bool = False
    """Whether the answers say which joins, aggregates and filters each statement has."""


class Answer(TypedDict):
    """Of items with one id the last one's fingerprint."""

    results: dict[str, Fingerprint]


def respond(request: Request) -> Answer:
    """Fingerprint each statement; one that does not parse costs the others nothing."""
    dialect_named(request.dialect)
    batch = (request.dialect, request.habits, [(item.id, item.sql) for item in request.items])
    return {"results": _cores.ask(batch, len(request.items))}


def fingerprints(batch: tuple[str, bool, list[tuple[str, str]]] | None) -> dict[str, Fingerprint]:
    """Fingerprint a batch, in this process or in the other one. None only makes it ready."""
    if batch is None:
        return {}
    dialect, habits, items = batch
    named = dialect_named(dialect)
    return {name: fingerprint(sql, named, with_habits=habits) for name, sql in items}


_cores = Cores(__name__, fingerprints.__name__, fingerprints)

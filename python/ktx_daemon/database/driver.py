"""The port to databases: what a driver offers, and which module is the driver of each name.

A driver opens a session that only reads and always ends: in time, on cancellation, or because it is done. What a
statement may contain is checked before, by `sql.read_only`; a driver adds what only its own engine can tell.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypedDict, cast, runtime_checkable

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ktx_daemon.cancellation import Cancellation
from ktx_daemon.errors import OptionalFeatureMissing, RequestRejected

if TYPE_CHECKING:  # sqlglot takes 0.1 s to import, and introspection does without it
    from ktx_daemon.sql.read_only import Reading

Row = Mapping[str, Any]
"""A row of a catalog query, by column name."""


class DatabaseRequest(BaseModel):
    """Which database to ask, and how long to wait for it."""

    model_config = ConfigDict(extra="ignore", strict=True)

    connection_id: str
    driver: str = "postgres"
    url: str
    """Where a server is, with its credentials."""

    path: str = ""
    """The file or folder of a database without a server, in place of `url`."""

    statement_timeout_ms: int = Field(default=30_000, ge=1, le=2**31 - 1)
    connection_timeout_seconds: int = Field(default=5, ge=1, le=3600)

    @property
    def written_file(self) -> Path | None:
        """The one file that the session may write."""
        return None

    @model_validator(mode="before")
    @classmethod
    def _a_path_needs_no_url(cls, body: Any) -> Any:
        return {"url": "", **body} if isinstance(body, dict) and body.get("path") else body


@dataclass(frozen=True, slots=True)
class Statement:
    """One query that the guard has passed, and the bounds of its answer."""

    sql: str
    """Without a semicolon at its end."""

    reading: "Reading"
    max_rows: int | None
    """How many rows are taken at most; None takes all."""

    allowed_functions: list[str]


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a statement as they come, as values of JSON, and what the engine calls the type of each column."""

    headers: list[str]
    types: list[str]
    rows: Iterable[Sequence[Any]]
    """Can be read once, while the statement is open. One row more than the cap says that there are more."""


@dataclass(frozen=True, slots=True)
class Catalog:
    """What a session sees, as rows that `catalog.assemble` puts together. `oid` tells tables apart."""

    tables: Sequence[Row]
    columns: Sequence[Row]
    foreign_keys: Sequence[Row]
    unseen: Sequence[Row]
    """What was asked for and cannot be read: `code`, `message`, and `db` and `name` where they are known."""


Format = Literal["csv", "jsonl", "parquet"]
"""How a file has rows."""


@dataclass(frozen=True, slots=True)
class Export:
    """A file for the rows of a statement: empty, and with the name of an unfinished one."""

    file: Path
    format: Format
    places: list[int] | None
    """Which columns of the statement to write, in this order, counted from 0; None writes all of them."""

    def columns(self, headers: list[str]) -> list[int]:
        """Return the places of the columns to write. Raises `RequestRejected` for names that only CSV can have."""
        places = list(range(len(headers))) if self.places is None else self.places
        if unknown := [place for place in places if not 0 <= place < len(headers)]:
            raise RequestRejected(f"the statement has no column {unknown[0]}; it has {len(headers)}")
        names = Counter(headers[place] for place in places)
        if self.format != "csv" and (twice := [name for name, count in names.items() if count > 1]):
            raise RequestRejected(f"two columns are named `{twice[0]}`; give one of them another name, or write .csv")
        return places


class Access(TypedDict):
    """What the role of a connection may do. `warning` is null for one that only reads."""

    role: str | None
    superuser: bool
    can_write: bool
    warning: str | None
    grants: list[str]


class Session(Protocol):
    """One read-only session. Its methods raise `RequestRejected` for what the database refuses."""

    def rows(self, statement: Statement) -> AbstractContextManager[Rows]:
        """Run the statement. Its rows are fetched as they are read, so that any number of them needs little memory."""

    def introspect(self, schemas: list[str], in_scope: Callable[[Row], bool]) -> Catalog:
        """Read the catalog: of the tables in these schemas, those that are in scope."""

    def access(self, schemas: list[str]) -> Access:
        """Ask what the role may do."""


@runtime_checkable
class WritesFiles(Protocol):
    """A session whose engine writes files by itself, faster than row by row."""

    def export(self, statement: Statement, export: Export) -> int:
        """Write the rows and return their number."""


class Driver(Protocol):
    """What a driver's module has."""

    NAME: str
    DIALECT: str
    """Of sqlglot, for the guard."""

    def session(
        self, request: DatabaseRequest, cancellation: Cancellation, *, application: str
    ) -> AbstractContextManager[Session]:
        """Connect. Raises `RequestRejected` for a place that cannot be one of a database."""

    def default_schemas(self, request: DatabaseRequest) -> list[str]:
        """Return the schemas to look at when none is named."""


_MODULES = {
    "postgres": "ktx_daemon.database.postgres.driver",
    "postgresql": "ktx_daemon.database.postgres.driver",
    "duckdb": "ktx_daemon.database.duckdb.driver",
    "mysql": "ktx_daemon.database.mysql.driver",
    "mariadb": "ktx_daemon.database.mysql.driver",
    "clickhouse": "ktx_daemon.database.clickhouse.driver",
}

_FEATURES = {"duckdb": "duckdb", "pymysql": "mysql", "clickhouse_connect": "clickhouse"}
"""The library of a driver that a feature of the runtime brings, and that feature."""


def driver_named(name: str, subject: str) -> Driver:
    """Return the driver. Raises `RequestRejected` for another name, `OptionalFeatureMissing` without its library."""
    known = name.strip().lower()
    if known not in _MODULES:
        drivers = ", ".join(f'"{driver}"' for driver in sorted(_MODULES) if driver not in ("postgresql", "mariadb"))
        raise RequestRejected(f"{subject} supports only the drivers {drivers}")
    try:
        return cast(Driver, import_module(_MODULES[known]))
    except ModuleNotFoundError as error:
        if (feature := _FEATURES.get(error.name or "")) is None:
            raise
        raise OptionalFeatureMissing(
            f"the {known} driver is not installed in this runtime; run: ktx runtime install --feature {feature} --yes"
        ) from None


def require_known_functions(statement: Statement, dialect: str) -> None:
    """Raise `RequestRejected` for a function that is on no list, where the engine cannot tell what it does."""
    from ktx_daemon.sql.read_only import unknown_calls, unknown_function

    if unknown := unknown_calls(statement.reading.calls, dialect, statement.allowed_functions):
        raise RequestRejected(unknown_function(str(unknown[0])))

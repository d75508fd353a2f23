"""The DuckDB driver: the engine runs in this process, opened so that it reads one place and changes nothing.

Files outside of the named place, extensions, settings and other databases are closed to a statement, whatever the
guard lets through; and the engine's own parser says that the statement is a SELECT.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Timer
from typing import Any

import duckdb

from ktx_daemon.cancellation import Cancellation
from ktx_daemon.database.driver import (
    Access,
    Catalog,
    DatabaseRequest,
    Export,
    Row,
    Rows,
    Statement,
    require_known_functions,
)
from ktx_daemon.database.duckdb import catalog_queries, copying, json_values
from ktx_daemon.database.duckdb.files import tables_of
from ktx_daemon.database.text_files import write_rows
from ktx_daemon.errors import RequestRejected

NAME = "duckdb"
DIALECT = "duckdb"

_FETCHED_ROWS = 1000

_OWN_NAMES = ("memory", "system", "temp")
"""Of databases that every DuckDB has."""

_ATTACHED = """
SELECT '"' || replace(database_name, '"', '""') || '"' FROM duckdb_databases() WHERE path IS NOT NULL
"""

_WITHOUT_EXTENSIONS: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
}


def default_schemas(request: DatabaseRequest) -> list[str]:
    """Return the schema that every database starts with."""
    return ["main"]


@contextmanager
def session(request: DatabaseRequest, cancellation: Cancellation, *, application: str) -> Iterator["DuckdbSession"]:
    """Open the file for reading, or the data files as views."""
    connection = _open(Path(request.path), request.written_file)
    watch = _Watch(connection, request.statement_timeout_ms)
    cancellation.on_cancel(connection.interrupt)
    try:
        yield DuckdbSession(connection, watch)
    finally:
        cancellation.on_cancel(None)
        connection.close()


class DuckdbSession:
    """One connection to a database that only reads."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, watch: "_Watch") -> None:
        self._connection = connection
        self._watch = watch

    @contextmanager
    def rows(self, statement: Statement) -> Iterator[Rows]:
        """Run the statement. What DuckDB's parser does not call one SELECT is refused."""
        with self._watch.time_limit():
            described = self._described(statement)
            types = described.types
            columns = [json_values.column(kind.id, place) for place, kind in enumerate(types, 1)]
            selected = ", ".join(expression for expression, _ in columns)
            self._connection.execute(f"SELECT {selected} FROM ({statement.sql}\n) AS ktx")
            rows = self._fetched([convert for _, convert in columns])
            yield Rows(described.columns, [str(kind) for kind in types], rows)

    def export(self, statement: Statement, export: Export) -> int:
        """Let the engine write the file; nested values of JSON Lines are made here, as it would write NaN there."""
        with self._watch.time_limit():
            described = self._described(statement)
            places = export.columns(described.columns)
            types = [described.types[place] for place in places]
            if export.format == "jsonl" and any(json_values.is_nested(kind.id) for kind in types):
                with self.rows(statement) as found:
                    return write_rows(found, export, DIALECT)
            columns = copying.columns(export, described.columns, places, types)
            target = copying.target(export)
            copied = self._connection.execute(f"COPY (SELECT {columns} FROM ({statement.sql}\n) AS ktx) TO {target}")
            (count,) = copied.fetchone() or (0,)
            return int(count)

    def introspect(self, schemas: list[str], in_scope: Callable[[Row], bool]) -> Catalog:
        """Read the catalog with four statements."""
        with self._watch.time_limit():
            tables = [row for row in self._catalog(catalog_queries.TABLES, schemas, schemas) if in_scope(row)]
            return Catalog(
                tables,
                self._catalog(catalog_queries.COLUMNS, schemas),
                self._catalog(catalog_queries.FOREIGN_KEYS, schemas),
                self._catalog(catalog_queries.UNKNOWN_SCHEMAS, schemas),
            )

    def access(self, schemas: list[str]) -> Access:
        """Say that nothing can be written: DuckDB has no roles, and the session only reads."""
        return Access(role=None, superuser=False, can_write=False, warning=None, grants=[])

    def _described(self, statement: Statement) -> duckdb.DuckDBPyRelation:
        require_known_functions(statement, DIALECT)
        kinds = [found.type for found in duckdb.extract_statements(statement.sql)]
        if kinds != [duckdb.StatementType.SELECT]:
            raise RequestRejected(f"DuckDB takes the statement for {' and '.join(kind.name for kind in kinds)}")
        return self._connection.sql(statement.sql)

    def _fetched(self, converters: list[Callable[[Any], Any]]) -> Iterator[list[Any]]:
        while rows := self._connection.fetchmany(_FETCHED_ROWS):
            self._watch.require_time()
            for row in rows:
                yield [
                    None if value is None else convert(value) for convert, value in zip(converters, row, strict=True)
                ]

    def _catalog(self, query: str, *parameters: list[str]) -> list[Row]:
        result = self._connection.execute(query, list(parameters))
        names = [column[0] for column in result.description]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


class _Watch:
    """Interrupts what takes longer than the statement timeout, and words what DuckDB refuses."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, timeout_ms: int) -> None:
        self._connection = connection
        self._timeout_ms = timeout_ms
        self._expired = False

    @contextmanager
    def time_limit(self) -> Iterator[None]:
        timer = Timer(self._timeout_ms / 1000, self._expire)
        timer.daemon = True
        timer.start()
        try:
            yield
        except duckdb.InterruptException:
            raise self._cancelled() from None
        except duckdb.Error as error:
            raise RequestRejected(_reason(error)) from None
        finally:
            timer.cancel()

    def require_time(self) -> None:
        """Notice a timeout that came between two steps of the engine."""
        if self._expired:
            raise self._cancelled()

    def _expire(self) -> None:
        self._expired = True
        with suppress(duckdb.Error):
            self._connection.interrupt()

    def _cancelled(self) -> RequestRejected:
        return RequestRejected(f"the statement was cancelled; it may run for {self._timeout_ms} ms")


def _open(path: Path, written_file: Path | None) -> duckdb.DuckDBPyConnection:
    if not path.is_absolute():
        raise RequestRejected("path is not the absolute path of a database file, a data file or a folder")
    if not path.exists():
        raise RequestRejected(f"failed to open `{path}`: no such file or folder")
    connection = duckdb.connect(config=_WITHOUT_EXTENSIONS)
    try:
        _read_only(connection, path, written_file)
    except BaseException as error:
        connection.close()
        if isinstance(error, OSError):
            raise RequestRejected(f"failed to read `{path}`: {error.strerror}") from None
        if isinstance(error, duckdb.Error):
            raise RequestRejected(f"failed to open `{path}`: {_reason(error)}") from None
        raise
    return connection


def _read_only(connection: duckdb.DuckDBPyConnection, path: Path, written_file: Path | None) -> None:
    """Attach the file, or make views of the data files; then close the database to all others.

    It is a database in memory of its own, because DuckDB shares one that is opened by its path, and its settings, among
    all connections of a process.
    """
    files = [] if written_file is None else [str(written_file)]
    if (tables := tables_of(path)) is None:
        place = str(path).replace("'", "''")
        named = " AS file" if path.stem.lower() in _OWN_NAMES else ""
        connection.execute(f"ATTACH '{place}'{named} (READ_ONLY)")
        ((name,),) = connection.execute(_ATTACHED).fetchall()
        connection.execute(f"USE {name}")
    for table in tables or []:
        connection.execute(table.view())
    if tables and path.is_dir():
        connection.execute("SET allowed_directories = ?", [[str(path)]])
    elif tables:
        # DuckDB compares a pattern as it is written.
        files += [str(path), *(table.pattern for table in tables)]
    connection.execute("SET allowed_paths = ?", [files])
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def _reason(error: duckdb.Error) -> str:
    """Take the sentence out of DuckDB's message: without its kind, and without the lines that point into the SQL."""
    sentence = str(error).partition("\n\nLINE ")[0]
    kind, separator, rest = sentence.partition(" Error: ")
    return " ".join((rest if separator and kind.replace(" ", "").isalpha() else sentence).split())

"""`/database/export`: the rows of one reading statement into a file, any number of them in little memory.

The client makes the file, empty and under the name of an unfinished one, and renames it once it is complete. So a
daemon on another machine finds no file, and nothing else can be overwritten here.
"""

from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import Field

from ktx_daemon.cancellation import Cancellation
from ktx_daemon.database.driver import Export, Format, WritesFiles, driver_named
from ktx_daemon.database.query import StatementRequest
from ktx_daemon.database.text_files import write_rows
from ktx_daemon.errors import RequestRejected

APPLICATION = "ktx-daemon-database-export"

UNFINISHED = ".partial-"
"""How the name of the file begins."""


class Request(StatementRequest):
    """One statement, the database to ask, and the file for its rows."""

    file: str
    format: Format
    columns: list[int] | None = Field(default=None, min_length=1)
    """Which columns of the statement to write, in this order, counted from 0; all of them when it is null."""

    @property
    def written_file(self) -> Path:
        """The file."""
        return Path(self.file)


def respond(request: Request, cancellation: Cancellation) -> dict[str, Any]:
    """Run the statement in a read-only session and write its rows. On failure, the file is removed."""
    driver = driver_named(request.driver, "database export")
    statement = request.statement(driver, None)
    export = Export(request.written_file, request.format, request.columns)
    _require_unfinished(export.file)
    try:
        with driver.session(request, cancellation, application=APPLICATION) as session:
            if isinstance(session, WritesFiles):
                return {"rows": session.export(statement, export)}
            with session.rows(statement) as found:
                return {"rows": write_rows(found, export, driver.DIALECT)}
    except BaseException as error:
        with suppress(OSError):
            export.file.unlink()
        if type(error) is OSError:
            raise RequestRejected(f"failed to write the file: {error.strerror}") from None
        raise


def _require_unfinished(file: Path) -> None:
    if not file.is_absolute() or not file.name.startswith(UNFINISHED):
        raise RequestRejected(f"file is not the absolute path of an unfinished file, which begins with `{UNFINISHED}`")
    if file.is_symlink() or not file.is_file() or file.stat().st_size:
        raise RequestRejected(
            f"failed to write to `{file.parent}`: the daemon finds no new file there; it may be on another machine"
        )

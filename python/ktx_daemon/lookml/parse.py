"""`/lookml/parse`: the files of a LookML project as views and joins and, when asked for, as drafted sources.

The work is done in a process of its own. One that takes too long with a file is ended, and the next goes without it.
"""

from typing import Any

from ktx_daemon.cancellation import Cancellation
from ktx_daemon.errors import RequestRejected
from ktx_daemon.lookml.deadline import SECONDS_PER_FILE
from ktx_daemon.lookml.request import File, Request
from ktx_daemon.sql.parsing import dialect_named
from ktx_daemon.worker import Worker, WorkerEnded

__all__ = ["File", "Request", "respond"]

CONVERSION = "ktx_daemon.lookml.conversion"

MOST_CUT_OFF = 8
"""A project with more such files is refused."""


def respond(request: Request, cancellation: Cancellation) -> dict[str, Any]:
    """Describe the project, and everything in it that is skipped."""
    dialect_named(request.dialect)
    warnings: dict[str, str] = {}
    while True:
        files = [file for file in request.files if file.path not in warnings]
        worker = Worker()
        cancellation.on_cancel(worker.end)
        asked = request.model_copy(update={"files": files})
        try:
            answer: dict[str, Any] = worker.ask(CONVERSION, "convert_with_deadlines", asked)
        except WorkerEnded as error:
            path = str(worker.place or "")
            if cancellation.is_cancelled or not path or len(warnings) == MOST_CUT_OFF:
                raise _refusal(path, [*warnings], error) from None
            reason = f"it took longer than {SECONDS_PER_FILE:g} s of computing" if error.too_long else str(error)
            warnings[path] = f"{path}:1: the file was left out: {reason}"
        else:
            answer["warnings"] = [*warnings.values(), *answer["warnings"]]
            return answer
        finally:
            cancellation.on_cancel(None)
            worker.end()


def _refusal(path: str, before: list[str], error: WorkerEnded) -> RequestRejected:
    if not before:
        return RequestRejected(f"failed to read the LookML project: {error}")
    files = ", ".join(f"`{one}`" for one in [*before, path] if one)
    hint = "leave these files out of the folder, or repair them"
    return RequestRejected(f"failed to read the LookML project: these files take too long: {files}", hint)

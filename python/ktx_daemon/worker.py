"""A process beside the daemon that computes for it: its work can be ended, and it has a core of its own."""

import multiprocessing
import signal
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

from ktx_daemon.importing import imported
from ktx_daemon.invocation import allow_deep_nesting

SILENT_SECONDS = 60.0
"""A worker that says nothing for so long is ended."""

_say: Callable[[object], None] | None = None
"""In a worker: how it says where it is."""


class WorkerEnded(Exception):
    """The worker ended before it had answered. `too_long`: its computing time was over."""

    def __init__(self, message: str, *, too_long: bool) -> None:
        super().__init__(message)
        self.too_long = too_long


class Worker:
    """One process, which answers one question at a time. End it when it is not needed any more."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(theirs,), daemon=True, name="ktx-worker")
        self._process.start()
        theirs.close()
        self.place: object = None
        """Where the worker was when it last said so."""

    def ask(self, module: str, function: str, argument: object) -> Any:
        """Let the worker call a function. Raises what that raises, or `WorkerEnded`."""
        try:
            self._connection.send((module, function, argument))
            while self._connection.poll(SILENT_SECONDS):
                kind, value = self._connection.recv()
                if kind == "answer":
                    return value
                if kind == "error":
                    raise value
                self.place = value
        except (EOFError, OSError):
            self._process.join()
            code = self._process.exitcode or 0
            too_long = code == -getattr(signal, "SIGPROF", 0) != 0
            raise WorkerEnded(f"its process ended with code {code}", too_long=too_long) from None
        self.end()
        raise WorkerEnded(f"it did not end in {SILENT_SECONDS:g} s", too_long=False)

    def end(self) -> None:
        """End the process at once, whatever it is doing. Safe from any thread, and more than once."""
        with suppress(ValueError):
            self._process.kill()
            self._process.join()


def say(place: object) -> None:
    """Tell who asked where the work is. Does nothing outside a worker."""
    if _say is not None:
        _say(place)


def in_worker() -> bool:
    """Whether this process is a worker."""
    return _say is not None


def _work(connection: Connection) -> None:
    global _say
    # Ctrl-C in a terminal goes to every process; the one that asked ends this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    allow_deep_nesting()
    _say = lambda place: connection.send(("place", place))  # noqa: E731
    with suppress(EOFError, OSError):
        while True:
            module, function, argument = connection.recv()
            try:
                answer = ("answer", getattr(imported(module), function)(argument))
            except Exception as error:
                answer = ("error", error)
            connection.send(answer)

"""Telling work in a thread that nobody waits for its answer any more."""

import threading
from collections.abc import Callable
from contextlib import suppress


class Cancellation:
    """Runs the registered callback once, when and if the client is gone."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stop: Callable[[], object] | None = None
        self._cancelled = False

    def on_cancel(self, stop: Callable[[], object] | None) -> None:
        """Register what stops the work, or None once there is nothing left to stop."""
        with self._lock:
            self._stop = stop
            run_now = stop if self._cancelled else None
        if run_now is not None:
            run_now()

    def cancel(self) -> None:
        """Stop the work. Safe from any thread; the work then fails on its own."""
        with self._lock:
            self._cancelled = True
            stop = self._stop
        if stop is not None:
            # Stopping is best effort: the statement timeout ends what cannot be reached.
            with suppress(Exception):
                stop()

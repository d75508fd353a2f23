"""Cancels work in a thread once its client is gone."""

import threading
from collections.abc import Callable
from contextlib import suppress

# How soon the word is repeated. One that arrives between two statements of the work stops neither.
REPEAT_SECONDS = 0.1


class Cancellation:
    """Runs the registered callback, until the work has ended, when and if the client is gone."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._stop: Callable[[], object] | None = None
        self._ended = False
        self.is_cancelled = False

    def on_cancel(self, stop: Callable[[], object] | None) -> None:
        """Register what stops the work, or None once there is nothing left to stop."""
        with self._changed:
            self._stop = stop
            self._changed.notify_all()

    def end(self) -> None:
        """Say that the work is over, however it ended."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def cancel(self) -> None:
        """Stop the work, and return once it has ended. Safe from any thread; the work then fails on its own."""
        self.is_cancelled = True
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._ended or self._stop is not None)
                if self._ended:
                    return
                stop = self._stop
            if stop is not None:
                # Stopping is best effort: the statement timeout ends what cannot be reached.
                with suppress(Exception):
                    stop()
            with self._changed:
                self._changed.wait_for(lambda: self._ended, timeout=REPEAT_SECONDS)

"""Where statements are read: in this process and, once there are many, in another one, which has a core of its own.

Threads of one process take turns at Python, so several batches at once are read no faster than one after the other.
"""

import os
import threading
from collections.abc import Callable
from typing import Any

from ktx_daemon.worker import Worker, WorkerEnded

MANY = 256
"""Statements that found the process at work: so many take about as long as another process takes to start."""

IDLE_SECONDS = 10.0
"""Another process without work for so long is ended."""

PATIENCE_SECONDS = 1.0
"""A batch that has waited for so long, behind one that is unusually slow, is read beside it."""


class Cores:
    """Lets one batch at a time be read in this process, and another one in the other."""

    def __init__(self, module: str, function: str, here: Callable[[Any], Any]) -> None:
        self._question = (module, function)
        self._here = here
        self._turns = threading.Condition()
        self._is_free = True
        self._worker: Worker | None = None
        self._worker_is_free = False
        self._is_starting = False
        self._waited = 0
        self.elsewhere = 0
        """Batches that the other process has answered."""

    def ask(self, argument: Any, size: int) -> Any:
        """Answer a batch of so many statements where there is room first."""
        with self._turns:
            if not self._is_free:
                self._waited += size
                self._start_another()
            self._turns.wait_for(lambda: self._is_free or self._worker_is_free, PATIENCE_SECONDS)
            worker = None if self._is_free or not self._worker_is_free else self._worker
            is_turn = self._is_free and worker is None
            if worker is not None:
                self._worker_is_free = False
            elif is_turn:
                self._is_free = False
        if worker is not None:
            try:
                return self._ask(worker, argument)
            except WorkerEnded:
                pass  # It is read here.
        try:
            return self._here(argument)
        finally:
            if is_turn:
                with self._turns:
                    self._is_free = True
                    self._turns.notify()

    def _ask(self, worker: Worker, argument: Any) -> Any:
        try:
            answer = worker.ask(*self._question, argument)
        except WorkerEnded:
            self._forget(worker)
            raise
        except BaseException:
            self._give_back(worker)
            raise
        self._give_back(worker)
        return answer

    def _give_back(self, worker: Worker) -> None:
        with self._turns:
            self.elsewhere += 1
            self._worker_is_free = worker is self._worker
            self._turns.notify_all()

    def _forget(self, worker: Worker) -> None:
        with self._turns:
            if worker is self._worker:
                self._worker, self._worker_is_free, self._waited = None, False, 0
        worker.end()

    def _start_another(self) -> None:
        if self._waited < MANY or self._worker is not None or self._is_starting or _cores() < 2:
            return
        self._is_starting = True
        threading.Thread(target=self._keep_another, daemon=True, name="other-core").start()

    def _keep_another(self) -> None:
        """Start the other process, and end it when it has been idle."""
        worker = Worker()
        try:
            worker.ask(*self._question, None)
        except WorkerEnded:
            worker.end()
            with self._turns:
                self._is_starting, self._waited = False, 0
            return
        with self._turns:
            self._worker, self._worker_is_free, self._is_starting = worker, True, False
            answered = -1
            while self._worker is worker and (answered != self.elsewhere or not self._worker_is_free):
                answered = self.elsewhere
                self._turns.notify()
                self._turns.wait_for(lambda: self._worker is not worker, IDLE_SECONDS)
        self._forget(worker)


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1

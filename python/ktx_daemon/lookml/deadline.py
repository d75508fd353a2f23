"""The time that each file of a project may take, kept by the system: it ends the process, whatever that is doing."""

import signal
import time
from collections import defaultdict

from ktx_daemon.worker import in_worker, say

SECONDS_PER_FILE = 10.0
"""Of computing, for a file in all steps together. One of 10,000 lines takes less than half of it."""

SECONDS_FOR_THE_REST = 60.0
"""Of computing, for what is about no single file."""

THE_REST = ""

_HAS_TIMER = hasattr(signal, "setitimer")


class _Clock:
    def __init__(self) -> None:
        self.path = THE_REST
        self.since = 0.0
        self.spent: defaultdict[str, float] = defaultdict(float)


_clock = _Clock()


def start() -> None:
    """Begin with a new project."""
    _clock.spent.clear()
    _clock.since = time.process_time()
    _move_to(THE_REST)


def attend(path: str = THE_REST) -> None:
    """Say which file the work that follows is about. Counts only in a worker, which can be ended."""
    if path == _clock.path or not in_worker():
        return
    now = time.process_time()
    _clock.spent[_clock.path] += now - _clock.since
    _clock.since = now
    _move_to(path)


def stop() -> None:
    """Count no longer."""
    if _HAS_TIMER:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _move_to(path: str) -> None:
    _clock.path = path
    say(path)
    limit = SECONDS_FOR_THE_REST if path == THE_REST else SECONDS_PER_FILE
    if _HAS_TIMER:
        # Nobody handles the signal, so that it ends the process also inside a regular expression.
        signal.setitimer(signal.ITIMER_PROF, max(limit - _clock.spent[path], 0.001))

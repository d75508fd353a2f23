"""When a daemon exits by itself: it is idle, it is no longer the recorded one, or its Python was replaced."""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

CHECK_SECONDS = 60.0
"""How often the token and state files are looked at."""

STATE_FILE = "daemon.json"


INTERPRETER_FILES = (Path(os.path.realpath(sys.executable)), Path(os.__file__))
"""The program and a file of its standard library: an upgrade of the base Python removes or replaces them."""


class Leaving:
    """Watches the clock and the files that `ktx runtime` keeps beside the token."""

    def __init__(
        self,
        idle_seconds: float,
        token_file: Path | None,
        instance: str | None,
        *,
        check_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._idle_seconds = idle_seconds
        self._token_file = token_file
        self._instance = instance
        self._check_seconds = check_seconds
        self._clock = clock
        self._last_use = self._last_check = clock()
        self._interpreter = _interpreter()

    def note_use(self) -> None:
        """Start counting idle time again."""
        self._last_use = self._clock()

    def reason(self) -> str | None:
        """Say why the daemon should leave now, or None. Cheap enough to be asked every second."""
        now = self._clock()
        if self._idle_seconds and now - self._last_use >= self._idle_seconds:
            return f"idle for {self._idle_seconds:g} seconds"
        if now - self._last_check < self._check_seconds:
            return None
        self._last_check = now
        if _interpreter() != self._interpreter:
            return "its Python was removed or replaced"
        if self._token_file is not None:
            if not self._token_file.exists():
                return "the token file is gone"
            if self._recorded_instance() not in (None, self._instance):
                return "another instance is recorded"
        return None

    def _recorded_instance(self) -> str | None:
        """Read the state file's instance; None when nothing is readable, which is no reason to leave."""
        assert self._token_file is not None
        try:
            state = json.loads(self._token_file.with_name(STATE_FILE).read_bytes())
        except (OSError, ValueError, RecursionError):
            return None
        instance = state.get("instance") if isinstance(state, dict) else None
        return instance if isinstance(instance, str) else None


def _interpreter() -> list[tuple[int, int, int] | None]:
    return [_identity(path) for path in INTERPRETER_FILES]


def _identity(path: Path) -> tuple[int, int, int] | None:
    try:
        facts = path.stat()
    except OSError:
        return None
    return facts.st_ino, facts.st_size, facts.st_mtime_ns

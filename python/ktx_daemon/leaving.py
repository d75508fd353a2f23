"""When a daemon ends by itself: nobody uses it, or it is no longer the recorded one."""

import json
import time
from collections.abc import Callable
from pathlib import Path

CHECK_SECONDS = 60.0
"""How often the token and state files are looked at."""

STATE_FILE = "daemon.json"


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

    def note_use(self) -> None:
        """Start counting idle time anew."""
        self._last_use = self._clock()

    def reason(self) -> str | None:
        """Say why the daemon should leave now, or None. Cheap enough to be asked every second."""
        now = self._clock()
        if self._idle_seconds and now - self._last_use >= self._idle_seconds:
            return f"idle for {self._idle_seconds:g} seconds"
        if self._token_file is not None and now - self._last_check >= self._check_seconds:
            self._last_check = now
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

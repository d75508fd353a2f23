"""The conversion of a LookML project with faults planted into its steps; runs in the worker."""

import os
import re
import signal
from collections.abc import Callable
from typing import Any

from ktx_daemon.lookml import conversion, deadline, drafting, joins, project
from ktx_daemon.lookml.request import Request


def _loop() -> None:
    while True:
        pass


FAULTS: dict[str, Callable[[], object]] = {
    "loop": _loop,
    "expression": lambda: re.match("(a|a)*$", "a" * 90 + "b"),
    "die": lambda: os.kill(os.getpid(), signal.SIGKILL),
}


def convert_with_deadlines(request: Request) -> dict[str, Any]:
    """Names such as `draft_loop` in a file's path say which step has which fault."""
    deadline.SECONDS_PER_FILE = 0.3
    read, draft, add = project.read, drafting.draft_view, joins.JoinBuilder._add

    def faulty(step: str, path: str) -> None:
        if found := re.search(rf"{step}_([a-z]+)", path):
            FAULTS[found[1]]()

    def reading(text: str) -> Any:
        faulty("read", text)
        return read(text)

    def drafted(view: Any, *others: Any) -> Any:
        faulty("draft", view.place.path)
        return draft(view, *others)

    def added(self: Any, explore: Any, *others: Any) -> Any:
        faulty("join", explore.place.path)
        return add(self, explore, *others)

    project.read, drafting.draft_view, joins.JoinBuilder._add = reading, drafted, added  # type: ignore[method-assign,assignment]
    return conversion.convert_with_deadlines(request)

"""The requests in work: in which thread each runs, and how they are stopped."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from threading import Thread

from ktx_daemon.cancellation import Cancellation
from ktx_daemon.endpoints import Endpoint
from ktx_daemon.importing import is_imported
from ktx_daemon.invocation import invoke
from ktx_daemon.lane import Lane, Receive, first_of, hang_up

ABANDON_SECONDS = 0.5

MOMENT_SECONDS = 0.005
"""How long the event loop itself waits for a thread's answer. Going on with other connections and coming back costs
0.1 ms, and while a thread computes the loop gets little done anyway. All threads together hold up a health
check for at most eight times this."""


class Work:
    """Does the work of admitted requests, off the event loop unless it is tiny."""

    def __init__(self) -> None:
        self.running: set[Cancellation] = set()
        self._computing = Lane("computing")
        self._waiting_for_others = Lane("elsewhere")
        self._unfinished: set[Future[bytes]] = set()

    @property
    def has_stuck_threads(self) -> bool:
        """Whether a thread still works on what was abandoned."""
        return bool(self._unfinished)

    async def do(self, endpoint: Endpoint, body: bytes, receive: Receive) -> bytes:
        """Answer the request; when the endpoint is cancellable, a client that hangs up stops it. Raises `Busy`."""
        cancellation = Cancellation()
        self.running.add(cancellation)
        lane = self._waiting_for_others if endpoint.cancellable else self._computing
        try:
            if len(body) <= endpoint.inline_bytes and is_imported(endpoint.module):
                return invoke(endpoint, body, cancellation)
            async with lane.turn(receive):
                future = lane.threads.submit(invoke, endpoint, body, cancellation)
                self._unfinished.add(future)
                future.add_done_callback(self._unfinished.discard)
                future.add_done_callback(lambda _: cancellation.end())
                if endpoint.cancellable:
                    answer = asyncio.wrap_future(future)
                    await first_of(answer, hang_up(receive))
                    if not answer.done():
                        _in_background(cancellation.cancel)
                    return await answer
                with suppress(TimeoutError):
                    future.exception(MOMENT_SECONDS)
                return future.result() if future.done() else await asyncio.wrap_future(future)
        finally:
            self.running.discard(cancellation)

    def abandon(self) -> None:
        """Stop whatever is still running, and wait a moment for the word to get out."""
        stopping = [_in_background(cancellation.cancel) for cancellation in self.running]
        deadline = time.monotonic() + ABANDON_SECONDS
        for thread in stopping:
            thread.join(max(0.0, deadline - time.monotonic()))


def _in_background(stop: Callable[[], None]) -> Thread:
    thread = Thread(target=stop, daemon=True, name="cancel")
    thread.start()
    return thread

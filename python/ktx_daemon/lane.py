"""A bounded number of requests at work, and a bounded queue in front of them."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

from ktx_daemon.errors import Busy

MAX_AT_WORK = 8
MAX_WAITING = 32
WAITING_SECONDS = 30.0

Receive = Callable[[], Awaitable[Any]]


class Lane:
    """Threads for requests of one kind, so that slow databases hold up no compiler."""

    def __init__(self, name: str) -> None:
        self.threads = ThreadPoolExecutor(MAX_AT_WORK, thread_name_prefix=name)
        self._at_work = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    @asynccontextmanager
    async def turn(self, receive: Receive) -> AsyncIterator[None]:
        """Wait for a turn, first come, first served, and hold it. Raises `Busy`."""
        if self._at_work < MAX_AT_WORK:
            self._at_work += 1
        else:
            await self._wait(receive)
        try:
            yield
        finally:
            self._pass_on()

    async def _wait(self, receive: Receive) -> None:
        if len(self._waiting) >= MAX_WAITING:
            raise Busy
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            gone = await first_of(turn, hang_up(receive), WAITING_SECONDS)
        except asyncio.CancelledError:
            self._give_up(turn)
            raise
        if gone or not turn.done():
            self._give_up(turn)
            raise Busy

    def _give_up(self, turn: asyncio.Future[None]) -> None:
        if turn.done():
            self._pass_on()
        else:
            self._waiting.remove(turn)

    def _pass_on(self) -> None:
        if self._waiting:
            self._waiting.popleft().set_result(None)
        else:
            self._at_work -= 1


async def hang_up(receive: Receive) -> None:
    """Return once the client is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def first_of(
    answer: asyncio.Future[Any], hang_up: Coroutine[Any, Any, None], seconds: float | None = None
) -> bool:
    """Wait for the answer, or for the client to hang up, or for the time to pass. True when the client hung up."""
    watch = asyncio.ensure_future(hang_up)
    try:
        await asyncio.wait((answer, watch), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        return watch.done()
    finally:
        watch.cancel()

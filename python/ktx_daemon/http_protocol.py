"""What uvicorn leaves open on a connection: slow headers, too many connections, refusals in JSON.

Any user of the machine can open a socket here. So connections that have not proven themselves have a small number and a
short life of their own, and only they make room for one another.

uvicorn bounds neither the time nor the bytes of a request's headers, answers protocol errors as plain text
and, after an early refusal, reads the rest of a body for as long as the sender likes. This subclass of its
httptools protocol closes those gaps and knows nothing of routes or tokens. (httptools and not h11: 0.2 ms
less for each request and 5 ms less start-up, measured side by side.)
"""

import asyncio
import json

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

MAX_CONNECTIONS = 32
"""Proven connections. Over this the one that is idle the longest is closed; without an idle one the answer is 503."""

MAX_UNPROVEN = 16
"""Connections without a request that was admitted yet. Over this the oldest is closed."""

PROVING_SECONDS = 0.1
"""How long any connection may stay unproven, however many there are."""

UNPROVEN_SECONDS = 5
"""How long an unproven connection may be idle between requests."""

TOO_MANY = "The daemon has too many connections; try again in a second."

HEADER_SECONDS = 5.0
MAX_HEADER_BYTES = 64 * 1024

DISCARD_SECONDS = 5.0
"""How long the rest of a refused body is read, so that its sender gets to see the refusal."""


class BoundedHttpProtocol(HttpToolsProtocol):
    """One connection, with an end to everything its client can make it wait for."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Accept the connection; when there are too many of its kind, the oldest makes room."""
        super().connection_made(transport)
        self._in_message = False
        self._header_bytes = 0
        self._deadline: asyncio.TimerHandle | None = None
        self._proven = False
        self._since = self.loop.time()
        self.timeout_keep_alive = min(self.config.timeout_keep_alive, UNPROVEN_SECONDS)
        self._expect_headers()
        # Not at once: of many that come together, the owner's has yet to be read.
        self.loop.call_later(PROVING_SECONDS, self._make_room)

    def _make_room(self) -> None:
        if self._proven or self.transport.is_closing():
            return
        older = [other for other in self._others() if not other._proven and other._since < self._since]
        if len(older) >= MAX_UNPROVEN:
            min(older, key=lambda other: other._since)._refuse(503, TOO_MANY)

    def prove(self) -> bool:
        """Note that a request of this connection is admitted. False when too many such connections are at work."""
        if not self._proven:
            proven = [other for other in self._others() if other._proven]
            if len(proven) >= MAX_CONNECTIONS:
                idle = [other for other in proven if other._is_idle]
                if not idle:
                    return False
                min(idle, key=lambda other: other._since).transport.close()
            self._proven = True
            self.timeout_keep_alive = self.config.timeout_keep_alive
        self._since = self.loop.time()
        return True

    def _others(self) -> list["BoundedHttpProtocol"]:
        return [
            other
            for other in self.connections
            if isinstance(other, BoundedHttpProtocol) and other is not self and not other.transport.is_closing()
        ]

    @property
    def _is_idle(self) -> bool:
        return self._answered and not self._in_message and not self._header_bytes

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection and its timer."""
        self._clear_deadline()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what came, while keeping count of header bytes."""
        if self.transport.is_closing():
            return
        self._header_bytes += len(data)
        super().data_received(data)
        if self.transport.is_closing() or self._in_message:
            return
        if self._header_bytes > MAX_HEADER_BYTES:
            self._refuse(431, "The request headers are too large.")
        elif self._deadline is None and self._answered:
            self._expect_headers()

    def on_message_begin(self) -> None:
        """Start the clock of a request that follows another on the same connection."""
        super().on_message_begin()
        if self._deadline is None:
            self._expect_headers()

    def on_headers_complete(self) -> None:
        """Stop the clock of the headers; the body has its own, where it is read."""
        self._in_message = True
        self._clear_deadline()
        self.scope["ktx.connection"] = self  # type: ignore[typeddict-unknown-key]
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Note that the body has been read, also when its answer went out before."""
        self._in_message = False
        self._header_bytes = 0
        self._clear_deadline()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Read on for a while when the answer went out before the end of the body."""
        super().on_response_complete()
        if self._in_message and not self.transport.is_closing():
            self._deadline = self.loop.call_later(DISCARD_SECONDS, self.transport.abort)

    def send_400_response(self, msg: str) -> None:
        """Answer bytes that are not HTTP."""
        self._refuse(400, msg)

    @property
    def _answered(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _expect_headers(self) -> None:
        self._deadline = self.loop.call_later(HEADER_SECONDS, self._headers_overdue)

    def _headers_overdue(self) -> None:
        if self._answered:
            self._refuse(408, "The request headers did not arrive in time.")
        else:  # the request before these headers is still in work; its answer goes first
            self._expect_headers()

    def _clear_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _refuse(self, status: int, detail: str) -> None:
        """Answer outside of the application and close."""
        self._clear_deadline()
        if self.transport.is_closing():
            return
        if self._answered or not self.cycle.response_started:
            if not self._answered:
                self.cycle.disconnected = True  # the application's own answer has no reader any more
            body = json.dumps({"detail": detail}).encode()
            head = b"content-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % len(body)
            self.transport.write(STATUS_LINE[status] + head + body)
        self.transport.close()

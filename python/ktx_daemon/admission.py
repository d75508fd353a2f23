"""The gate in front of every route: who may ask, with what method, in what form, and how much at once.

Refusals are JSON `{"detail": …, "hint": …}` (the hint only where there is one) and repeat nothing of the request. What
only the connection shows (slow headers, too many connections, bytes that are not HTTP) is `http_protocol`'s.
"""

import logging
import time
from collections.abc import Callable, Mapping

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ktx_daemon.http_protocol import TOO_MANY, BoundedHttpProtocol
from ktx_daemon.identity import Identity

RETRY_SECONDS = "1"
"""When the answer is 503: `Retry-After`."""

MAX_BODY_BYTES = 16 * 1024 * 1024

logger = logging.getLogger(__name__)


class Admission:
    """ASGI middleware that answers what must not reach the routes and logs one line for each request."""

    def __init__(
        self, app: ASGIApp, identity: Identity, methods: Mapping[str, str], on_use: Callable[[], None]
    ) -> None:
        self.app = app
        self.identity = identity
        self.methods = methods
        """The one method of each path."""
        self.on_use = on_use
        """Called when an admitted request begins and ends. Health checks are not use."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse the request or pass it on."""
        if scope["type"] != "http":
            return
        started = time.perf_counter()
        status = 0

        async def send_noting_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        refused = self._refusal(scope)
        in_use = refused is None and scope["path"] != "/health"
        if in_use:
            self.on_use()
        await (refused or self.app)(scope, receive, send_noting_status)
        if in_use:
            self.on_use()
        # Only known paths are logged: an unknown one is the sender's text.
        path = scope["path"] if scope["path"] in self.methods else "(unknown path)"
        level = logging.DEBUG if path == "/health" else logging.INFO
        logger.log(level, "%s %s %d %.1f ms", scope["method"], path, status, (time.perf_counter() - started) * 1000)

    def _refusal(self, scope: Scope) -> JSONResponse | None:
        headers = scope["headers"]
        if not _is_local(headers, scope["server"][1]):
            return refusal(403, "Only local programs may use this daemon, and browsers may not.")
        path = scope["path"]
        if path != "/health":
            if self.identity.token is not None and not self.identity.accepts(_bearer_token(headers)):
                return refusal(401, "A valid bearer token is required.", {"WWW-Authenticate": "Bearer"})
            connection: BoundedHttpProtocol | None = scope.get("ktx.connection")
            if connection is not None and not connection.prove():
                return refusal(503, TOO_MANY, {"Connection": "close", "Retry-After": RETRY_SECONDS})
        method = self.methods.get(path)
        if method is None:
            return refusal(404, "Not Found")
        if scope["method"] != method:
            return refusal(405, "Method Not Allowed", {"Allow": method})
        return _body_refusal(headers) if method == "POST" else None


def refusal(
    status: int, detail: str, headers: Mapping[str, str] | None = None, hint: str | None = None
) -> JSONResponse:
    """Build the answer to a request that is not served: a sentence, and what to do about it."""
    return JSONResponse({"detail": detail, **({"hint": hint} if hint else {})}, status, headers)


def _is_local(headers: list[tuple[bytes, bytes]], port: int) -> bool:
    """Tell whether a local program sent this: rebound DNS names and web pages are not local programs."""
    hosts = [value.lower() for name, value in headers if name == b"host"]
    if len(hosts) != 1 or hosts[0] not in (b"127.0.0.1:%d" % port, b"localhost:%d" % port):
        return False
    return all(name != b"origin" and (name != b"sec-fetch-site" or value == b"none") for name, value in headers)


def _bearer_token(headers: list[tuple[bytes, bytes]]) -> bytes:
    credentials = [value for name, value in headers if name == b"authorization"]
    if len(credentials) != 1:
        return b""
    scheme, _, token = credentials[0].partition(b" ")
    return token.strip() if scheme.lower() == b"bearer" else b""


def _body_refusal(headers: list[tuple[bytes, bytes]]) -> JSONResponse | None:
    found = dict(headers)
    if found.get(b"content-type", b"").partition(b";")[0].strip().lower() != b"application/json":
        return refusal(415, "The content type must be application/json.")
    length = found.get(b"content-length")
    if length is None and b"transfer-encoding" not in found:
        return refusal(411, "A Content-Length or a chunked body is required.")
    if length is not None and int(length) > MAX_BODY_BYTES:
        return refusal(413, f"The body is larger than {MAX_BODY_BYTES} bytes.")
    return None

"""The daemon as an ASGI application: health, shutdown and one route for each endpoint, behind the gate.

Every route has one method and no parameters, so finding it is a look into a table. Starlette reads requests and writes
responses; its router and middleware, which this would not use, cost 0.07 ms a request.
"""

import json
from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from ktx_daemon.admission import Admission, refusal
from ktx_daemon.endpoints import ENDPOINTS, Endpoint
from ktx_daemon.http_endpoint import BodyTooLarge, read_body, serve_endpoint
from ktx_daemon.identity import Identity
from ktx_daemon.work import Work

Handler = Callable[[Request], Awaitable[Response]]


def build_application(
    identity: Identity, work: Work, on_use: Callable[[], None], shut_down: Callable[[], None]
) -> ASGIApp:
    """Assemble the routes. `on_use` keeps the daemon from being idle, `shut_down` ends it."""
    routes = {
        "/health": _health(identity),
        "/shutdown": _shutdown(shut_down),
        **{endpoint.path: _endpoint(endpoint, work) for endpoint in ENDPOINTS},
    }
    methods = {path: "GET" if path == "/health" else "POST" for path in routes}
    return Admission(_dispatch(routes), identity, methods, on_use)


def _dispatch(routes: Mapping[str, Handler]) -> ASGIApp:
    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        response = await routes[scope["path"]](Request(scope, receive))
        await response(scope, receive, send)

    return dispatch


def _health(identity: Identity) -> Handler:
    body = {
        "status": "healthy",
        "version": identity.version,
        "instance": identity.instance,
        "packageVersion": identity.package_version,
    }

    async def health(request: Request) -> Response:
        nonce = request.headers.get("x-ktx-nonce", "").encode("latin-1")
        proof = identity.proof(nonce, request.scope["server"][1])
        return JSONResponse(body, headers={"X-Ktx-Proof": proof} if proof else None)

    return health


def _shutdown(shut_down: Callable[[], None]) -> Handler:
    async def shutdown(request: Request) -> Response:
        try:
            asked = json.loads(await read_body(request))
        except (ValueError, RecursionError, BodyTooLarge, TimeoutError, ClientDisconnect):
            asked = None
        if asked != {}:
            return refusal(422, "The body must be an empty JSON object.")
        shut_down()
        return JSONResponse({"status": "stopping"}, 202, {"Connection": "close"})

    return shutdown


def _endpoint(endpoint: Endpoint, work: Work) -> Handler:
    async def handler(request: Request) -> Response:
        return await serve_endpoint(endpoint, work, request)

    return handler

"""One endpoint over HTTP: read the body in time, do the work off the event loop, choose the status."""

import asyncio
import logging
import traceback

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from ktx_daemon.admission import MAX_BODY_BYTES, RETRY_SECONDS, refusal
from ktx_daemon.endpoints import Endpoint
from ktx_daemon.errors import Busy, IncompleteRuntime, InvalidRequest, RequestRejected, plain_message
from ktx_daemon.redaction import redact, redact_request_secrets
from ktx_daemon.work import Work

BODY_SECONDS = 30.0
SMALL_BODY_BYTES = 64 * 1024

TOO_MUCH_WORK = "The daemon is busy: its requests in work did not end in time."
BUSY_HINT = "try again in a second; nothing of this request was done"

logger = logging.getLogger(__name__)


class BodyTooLarge(Exception):
    """A chunked body went over the cap."""


async def serve_endpoint(endpoint: Endpoint, work: Work, request: Request) -> Response:
    """Answer one request of an admitted client."""
    try:
        body = await read_body(request)
    except TimeoutError:
        return refusal(408, "The body did not arrive in time.", {"Connection": "close"})
    except BodyTooLarge:
        return refusal(413, f"The body is larger than {MAX_BODY_BYTES} bytes.")
    except ClientDisconnect:
        return refusal(400, "The client hung up.")  # for the log; nobody reads it
    try:
        return Response(await work.do(endpoint, body, request.receive), media_type="application/json")
    except InvalidRequest as error:
        return JSONResponse({"detail": error.findings}, 422)
    except Busy:
        return refusal(503, TOO_MUCH_WORK, {"Retry-After": RETRY_SECONDS}, BUSY_HINT)
    except RequestRejected as error:
        return refusal(400, await _safe_message(error, body), hint=error.hint)
    except IncompleteRuntime as error:
        detail = f"{endpoint.failure}: {plain_message(error)}"
        logger.error(detail)  # noqa: TRY400 (the place tells nothing)
        return refusal(500, detail, hint=error.hint)
    except Exception as error:
        message = f"{endpoint.failure}: {await _safe_message(error, body)}"
        # Where it happened, but not the exception's own text, which may hold what `_safe_message` masked.
        places = "".join(traceback.format_tb(error.__traceback__))
        logger.error("%s: %s\n%s", type(error).__name__, message, places)  # noqa: TRY400
        return refusal(500, message)


async def read_body(request: Request) -> bytes:
    """Read the whole body. Raises `TimeoutError`, `BodyTooLarge` or `ClientDisconnect`."""
    body = bytearray()
    async with asyncio.timeout(BODY_SECONDS):
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY_BYTES:
                raise BodyTooLarge
    return bytes(body)


async def _safe_message(error: Exception, body: bytes) -> str:
    """Word the error without the secrets of the request. Looking for those in a large body is work for a thread."""
    message = plain_message(error)
    if len(body) <= SMALL_BODY_BYTES:
        return redact(redact_request_secrets(message, body))
    return redact(await asyncio.to_thread(redact_request_secrets, message, body))

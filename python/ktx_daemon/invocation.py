"""From the bytes of a request to the bytes of its answer, the same for HTTP and one-shot commands."""

import json
import logging
import sys
import threading
from types import ModuleType
from typing import Any

from ktx_daemon.cancellation import Cancellation
from ktx_daemon.endpoints import Endpoint
from ktx_daemon.errors import IncompleteRuntime, InvalidRequest, OptionalFeatureMissing, RequestRejected, findings_of
from ktx_daemon.importing import imported

# sqlglot warns with the statement itself; what users ask stays out of logs and of one-shot stderr.
logging.getLogger("sqlglot").setLevel(logging.CRITICAL)

MOST_FRAMES = 10_000
STACK_BYTES = 16 << 20
"""Python's stack and a thread's: room for SQL nested 400 deep, as tools that join conditions by OR write it. sqlglot
takes some 20 frames a level and, measured at this limit, less than 1 MiB of a thread's stack in all."""


def allow_deep_nesting() -> None:
    """Let this process parse and write SQL that is nested as deeply as programs nest it."""
    sys.setrecursionlimit(MOST_FRAMES)
    threading.stack_size(STACK_BYTES)


def invoke(endpoint: Endpoint, body: bytes, cancellation: Cancellation) -> bytes:
    """Answer one request with compact JSON.

    Raises `InvalidRequest` for a body of the wrong shape, `RequestRejected` for one that cannot be served,
    `IncompleteRuntime` when modules are missing, and whatever the work raises for the rest.
    """
    try:
        module = imported(endpoint.module)
    except Exception as error:  # also what a file that was cut off raises, such as SyntaxError
        raise IncompleteRuntime(error) from None
    try:
        request = _parse(module, body)
        answer = module.respond(request, cancellation) if endpoint.cancellable else module.respond(request)
        return json.dumps(answer, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
    except OptionalFeatureMissing:
        raise
    except ImportError as error:
        raise IncompleteRuntime(error) from None
    except RecursionError:
        # Parsers and generators of SQL walk its tree; a statement can be nested deeper than their stack.
        raise RequestRejected("the request is nested too deeply") from None


def _parse(module: ModuleType, body: bytes) -> Any:
    from pydantic import ValidationError

    try:
        # pydantic's own JSON reader bounds nesting and refuses lone surrogates, which `json.loads` does not.
        return module.Request.model_validate_json(body)
    except ValidationError as error:
        raise InvalidRequest(findings_of(error)) from None

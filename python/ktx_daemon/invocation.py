"""From the bytes of a request to the bytes of its answer, the same for HTTP and one-shot commands."""

import json
import logging
from importlib import import_module
from threading import Lock
from types import ModuleType
from typing import Any

from ktx_daemon.cancellation import Cancellation
from ktx_daemon.endpoints import Endpoint
from ktx_daemon.errors import InvalidRequest, RequestRejected, findings_of

# sqlglot warns with the statement itself; what users ask stays out of logs and of one-shot stderr.
logging.getLogger("sqlglot").setLevel(logging.CRITICAL)

_importing = Lock()


def invoke(endpoint: Endpoint, body: bytes, cancellation: Cancellation) -> bytes:
    """Answer one request with compact JSON.

    Raises `InvalidRequest` for a body of the wrong shape, `RequestRejected` for one that cannot be served,
    and whatever the work raises for the rest.
    """
    module = _module_of(endpoint)
    try:
        request = _parse(module, body)
        answer = module.respond(request, cancellation) if endpoint.cancellable else module.respond(request)
        return json.dumps(answer, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
    except RecursionError:
        # Parsers and generators of SQL walk its tree; a statement can be nested deeper than their stack.
        raise RequestRejected("the request is nested too deeply") from None


def _module_of(endpoint: Endpoint) -> ModuleType:
    """Import an endpoint's module on its first request.

    One at a time: two threads that import psycopg from two ends wait for each other, and Python then hands one of
    them a module that is not complete ("cannot import name 'Row'").
    """
    with _importing:
        return import_module(endpoint.module)


def _parse(module: ModuleType, body: bytes) -> Any:
    from pydantic import ValidationError

    try:
        # pydantic's own JSON reader bounds nesting and refuses lone surrogates, which `json.loads` does not.
        return module.Request.model_validate_json(body)
    except ValidationError as error:
        raise InvalidRequest(findings_of(error)) from None

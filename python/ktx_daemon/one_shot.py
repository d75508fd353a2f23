"""One request a process: a JSON object on stdin, one JSON line on stdout, or a message on stderr."""

import logging
from typing import BinaryIO, TextIO

from ktx_daemon.cancellation import Cancellation
from ktx_daemon.endpoints import Endpoint
from ktx_daemon.errors import FieldError, IncompleteRuntime, InvalidRequest, RequestRejected, plain_message
from ktx_daemon.invocation import allow_deep_nesting, invoke
from ktx_daemon.redaction import redact, redact_request_secrets


def run_one_shot(endpoint: Endpoint, stdin: BinaryIO, stdout: BinaryIO, stderr: TextIO) -> int:
    """Answer the request on `stdin`. Returns 0, or 1 after saying on `stderr` why not, or 130 when interrupted."""
    # Only the message may be on stderr; log lines are for the daemon's log.
    logging.getLogger().addHandler(logging.NullHandler())
    allow_deep_nesting()
    body = stdin.read()
    try:
        answer = invoke(endpoint, body, Cancellation())
    except InvalidRequest as error:
        message = "\n".join(_line(finding) for finding in error.findings)
    except (RequestRejected, IncompleteRuntime) as error:
        message = plain_message(error) + (f"\nhint: {error.hint}" if error.hint else "")
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # the class name is part of the message, so that any failure can be told apart
        message = f"{type(error).__name__}: {plain_message(error)}"
    else:
        stdout.write(answer + b"\n")
        stdout.flush()
        return 0
    stderr.write(redact(redact_request_secrets(message, body)) + "\n")
    return 1


def _line(finding: FieldError) -> str:
    place = ".".join(str(part) for part in finding["loc"][1:])
    if place:
        return f"{place}: {finding['msg']}"
    return "stdin JSON must be an object" if finding["type"] == "model_type" else finding["msg"]

"""The errors of a request, as types, and how an exception becomes one plain sentence.

Knows neither HTTP nor the process: `http_endpoint` and `one_shot` choose the status and the exit code.
"""

import re
from typing import Any, TypedDict

MESSAGE_LIMIT = 2000
"""Longest message, in characters: parsers quote the text around an error, and a body may be 16 MiB."""

_ANSI_SEQUENCE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
_TOKEN = re.compile(r"<Token token_type: TokenType\.(\w+), text: .*?, line: \d+, .*?, comments: \[.*?\]>", re.DOTALL)
"""A token as sqlglot puts it into its messages; its type says enough."""

_CONTROL_CHARACTER = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class FieldError(TypedDict):
    """One finding about the body, in the shape that pydantic and FastAPI made familiar."""

    type: str
    loc: list[str | int]
    msg: str


class InvalidRequest(Exception):
    """The body is not JSON or does not have the shape that the endpoint asks for."""

    def __init__(self, findings: list[FieldError]) -> None:
        super().__init__("; ".join(finding["msg"] for finding in findings))
        self.findings = findings


class RequestRejected(ValueError):
    """The body has the right shape and asks for something that cannot be done. `hint`: what would make it possible."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class ServerUnreachable(Exception):
    """There is no answer from a database's server."""


class OptionalFeatureMissing(ModuleNotFoundError):
    """The runtime was installed without a feature; the message says how to add it."""


class IncompleteRuntime(Exception):
    """A module of the runtime, or of the Python under it, cannot be imported."""

    hint = "run: ktx runtime install --force"

    def __init__(self, cause: BaseException) -> None:
        super().__init__(f"the Python runtime of ktx is incomplete: {plain_message(cause)}")


class Busy(Exception):
    """There is too much to do; the same request may be served in a second."""


def plain_message(error: BaseException) -> str:
    """Return the error's text without terminal codes, at most `MESSAGE_LIMIT` characters long."""
    return plain_text(_TOKEN.sub(r"\1", str(error))) or type(error).__name__


def plain_text(text: str) -> str:
    """Drop escape sequences (sqlglot underlines with them) and control characters; cut what is too long."""
    text = _CONTROL_CHARACTER.sub("", _ANSI_SEQUENCE.sub("", text)).strip()
    return text if len(text) <= MESSAGE_LIMIT else text[: MESSAGE_LIMIT - 1] + "…"


def findings_of(error: Any) -> list[FieldError]:
    """Turn a pydantic `ValidationError` into findings that do not repeat the input."""
    return [
        FieldError(
            type=finding["type"],
            loc=["body", *(part if isinstance(part, int) else plain_text(part[:100]) for part in finding["loc"])],
            msg=plain_text(finding["msg"]),
        )
        for finding in error.errors(include_url=False, include_input=False, include_context=False)[:50]
    ]

"""How errors are worded: plain, bounded, and the same for every way a request can fail."""

import sys
import types

import pytest
from pydantic import BaseModel

from ktx_daemon.cancellation import Cancellation
from ktx_daemon.endpoints import Endpoint
from ktx_daemon.errors import MESSAGE_LIMIT, RequestRejected, plain_message, plain_text
from ktx_daemon.invocation import invoke
from ktx_daemon.redaction import redact_request_secrets


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT \x1b[4mFROM\x1b[0m x", "SELECT FROM x"),
        ("\x1b]0;title\x07bell", "]0;titlebell"),
        ("two\nlines\tkept \x00\x85", "two\nlines\tkept"),
        ("x" * MESSAGE_LIMIT, "x" * MESSAGE_LIMIT),
        ("x" * (MESSAGE_LIMIT + 1), "x" * (MESSAGE_LIMIT - 1) + "…"),
    ],
)
def test_makes_text_plain_and_short(text: str, expected: str) -> None:
    assert plain_text(text) == expected


def test_names_the_class_of_an_error_without_words() -> None:
    assert plain_message(KeyError()) == "KeyError"
    assert plain_message(ValueError(" why ")) == "why"
    token = "<Token token_type: TokenType.WHERE, text: a > 'b', line: 1, col: 22, start: 17, end: 21, comments: []>"
    assert plain_message(ValueError(f"got {token} and {token}.")) == "got WHERE and WHERE."


@pytest.mark.parametrize(
    ("message", "body", "expected"),
    [
        ("bad p@ss word here", b'{"token": "p%40ss%20word"}', "bad *** here"),
        ("bad p@ss/word here", b'{"url": "postgresql://u:p%40ss%2Fword@h/d"}', "bad *** here"),
        ("bad password here", b"{'token'", "bad password here"),
        ("a b c", b'{"token": "b"}', "a b c"),
    ],
)
def test_masks_secrets_as_written_and_as_decoded(message: str, body: bytes, expected: str) -> None:
    assert redact_request_secrets(message, body) == expected


def test_rejects_what_is_nested_deeper_than_the_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    class Request(BaseModel):
        depth: int

    def respond(request: Request) -> int:
        return respond(request) + 1

    module = types.ModuleType("bottomless")
    module.Request, module.respond = Request, respond  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "bottomless", module)
    endpoint = Endpoint(path="/bottomless", command="bottomless", module="bottomless", failure="Falling failed")
    with pytest.raises(RequestRejected, match="the request is nested too deeply"):
        invoke(endpoint, b'{"depth": 1}', Cancellation())

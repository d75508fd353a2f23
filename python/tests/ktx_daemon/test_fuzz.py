"""Random requests: no endpoint answers 500, breaks its answer, or says a secret.

The requests go through the whole application in this process, so that thousands fit into a test run.
`KTX_FUZZ_EXAMPLES` asks for more of each kind than the usual 80.
"""

import asyncio
import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ktx_daemon.application import build_application
from ktx_daemon.embeddings import model
from ktx_daemon.endpoints import ENDPOINTS
from ktx_daemon.identity import Identity
from ktx_daemon.lookml import parse
from ktx_daemon.redaction import MASK, redact, redact_request_secrets
from ktx_daemon.work import Work
from ktx_daemon.worker import Worker
from tests.ktx_daemon.random_requests import SHAPES, anything
from tests.ktx_daemon.test_bad_requests import VALID
from tests.ktx_daemon.test_embeddings import StandIn

fuzzing = settings(
    max_examples=int(os.environ.get("KTX_FUZZ_EXAMPLES", "80")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)

APPLICATION = build_application(Identity("1", "1", None, None), Work(), lambda: None, lambda: None)


def post(path: str, body: bytes) -> tuple[int, Any]:
    """Send a request through the application; return the status and the parsed answer."""
    sent: list[Any] = []
    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "http_version": "1.1",
        "scheme": "http",
        "server": ("127.0.0.1", 80),
        "client": ("127.0.0.1", 1),
        "headers": [
            (b"host", b"127.0.0.1:80"),
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
        ],
    }

    async def exchange() -> None:
        messages = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> dict[str, Any]:
            if not messages:
                await asyncio.Event().wait()
            return messages.pop()

        async def send(message: Any) -> None:
            sent.append(message)

        await APPLICATION(scope, receive, send)

    asyncio.run(exchange())
    return sent[0]["status"], json.loads(sent[1]["body"], parse_constant=_no_constant)


def _no_constant(name: str) -> None:
    pytest.fail(f"the answer is no JSON: it holds {name}")


@pytest.fixture(autouse=True, scope="module")
def stand_in_for_the_embedding_model() -> Iterator[None]:
    model._loaded = StandIn("stand-in")
    yield
    model._loaded = None


class LastingWorker(Worker):
    """One that stays for the next request: starting a process takes longer than most requests."""

    def end(self) -> None:
        pass

    def is_alive(self) -> bool:
        return self._process.is_alive()


@pytest.fixture(autouse=True, scope="module")
def one_worker_for_all_requests() -> Iterator[None]:
    workers = [LastingWorker()]

    def lasting() -> LastingWorker:
        if not workers[-1].is_alive():
            workers.append(LastingWorker())
        return workers[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parse, "Worker", lasting)
        yield
    Worker.end(workers[-1])


def test_draws_requests_for_every_endpoint() -> None:
    assert set(SHAPES) == {endpoint.path for endpoint in ENDPOINTS}


@pytest.mark.parametrize("path", SHAPES)
@given(data=st.data())
@fuzzing
def test_answers_requests_of_the_right_shape(path: str, data: st.DataObject) -> None:
    status, answer = post(path, json.dumps(data.draw(SHAPES[path])).encode())
    assert status in (200, 400, 422), answer
    assert isinstance(answer, dict)


@pytest.mark.parametrize("path", SHAPES)
@given(data=st.data())
@fuzzing
def test_answers_requests_with_a_member_of_any_shape(path: str, data: st.DataObject) -> None:
    fields = dict(VALID[path])
    if "url" in fields:
        fields["url"] = "x"
    name = data.draw(st.sampled_from([*fields, "dialect", "extra"]))
    value = data.draw(anything)
    status, answer = post(path, json.dumps(fields | {name: value}).encode())
    assert status in (200, 400, 422), answer


@given(body=st.binary(max_size=200) | st.text(max_size=100).map(str.encode) | anything.map(json.dumps).map(str.encode))
@fuzzing
def test_answers_any_bytes(body: bytes) -> None:
    for path in SHAPES:
        status, _ = post(path, body)
        assert status in (200, 400, 422)


secrets = st.text("abcdefghijklmnopqrstuvwxyzABCDEF0123456789%!$&*+=~.-_/", min_size=8, max_size=40)
KEYS = st.sampled_from(["url", "URL", "password", "Token", "api_key", "apikey", "auth_header"])


@given(secret=secrets, key=KEYS, before=st.text(max_size=20), after=st.text(max_size=20), depth=st.integers(0, 3))
@fuzzing
def test_never_repeats_a_secret_of_the_request(secret: str, key: str, before: str, after: str, depth: int) -> None:
    payload: Any = {key: secret}
    for _ in range(depth):
        payload = {"nested": [payload]}
    message = redact_request_secrets(f"{before}{secret}{after}", json.dumps(payload).encode())
    assert secret not in message.replace(MASK, "")


@given(
    password=st.text("abcdefghijkXYZ0123456789!%40$", min_size=8, max_size=20),
    context=st.text("abc :,'\n", max_size=20),
)
@fuzzing
def test_never_repeats_the_password_of_a_connection_string(password: str, context: str) -> None:
    for url in (f"postgresql://user:{password}@host/db", f"host=h password={password} user=u"):
        message = redact_request_secrets(f"{context}{password}{context}", json.dumps({"url": url}).encode())
        assert password not in message
        assert password not in redact(f"{context} {url}")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Authorization: Bearer abcdef", "Authorization: ***"),
        ("sent Bearer abcdef there", "sent Bearer *** there"),
        ("postgresql://u:p@h/d failed", "postgresql://***@h/d failed"),
        ("password=abc user=u", "password=*** user=u"),
        ('{"token": "abc", "x": 1}', '{"token": ***, "x": 1}'),
        ("nothing to hide in select 1", "nothing to hide in select 1"),
    ],
)
def test_masks_credentials_in_log_lines(line: str, expected: str) -> None:
    assert redact(line) == expected

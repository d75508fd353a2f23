"""Bad requests of every kind: each gets its status, says nothing of itself, and leaves the daemon healthy."""

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ktx_daemon.endpoints import ENDPOINTS
from tests.ktx_daemon.daemon_process import TOKEN, Daemon, running_daemon

PARSE = "/sql/parse-table-identifier"
DRIVERS = 'supports only the drivers "clickhouse", "duckdb", "mysql", "postgres"'
SECRET = "hunter2-do-not-echo"


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    with running_daemon(tmp_path_factory.mktemp("daemon")) as running:
        yield running


@pytest.fixture(autouse=True)
def stays_healthy(daemon: Daemon) -> Iterator[None]:
    yield
    assert daemon.request("GET", "/health").json()["status"] == "healthy"
    good = {"items": [{"key": "k", "sql_table_name": "t", "dialect": "postgres"}]}
    assert daemon.post(PARSE, good).status == 200


def item(**changes: Any) -> dict[str, Any]:
    """A request for one table identifier, with changes."""
    return {"items": [{"key": "k", "sql_table_name": "t", "dialect": "postgres"} | changes]}


VALID: dict[str, dict[str, Any]] = {
    PARSE: item(),
    "/sql/analyze-batch": {"dialect": "postgres", "items": [{"id": "a", "sql": "select 1"}]},
    "/sql/validate-read-only": {"dialect": "postgres", "sql": "select 1"},
    "/api/sql/analyze-for-fingerprint": {"dialect": "postgres", "sql": "select 1"},
    "/sql/fingerprint-batch": {"dialect": "postgres", "items": [{"id": "a", "sql": "select 1"}]},
    "/database/introspect": {"connection_id": "c", "url": "postgresql://h/d"},
    "/database/query": {"connection_id": "c", "url": "postgresql://h/d", "sql": "select 1"},
    "/database/access": {"connection_id": "c", "url": "postgresql://h/d"},
    "/database/export": {
        "connection_id": "c",
        "url": "postgresql://h/d",
        "sql": "select 1",
        "file": "/.partial-a",
        "format": "csv",
    },
    "/lookml/parse": {"files": [{"path": "p", "content": ""}]},
    "/metricflow/draft": {"files": [{"path": "models/p.yml", "content": ""}]},
    "/embeddings/compute": {"text": "a"},
    "/embeddings/compute-bulk": {"texts": ["a"]},
    "/semantic-layer/query": {"sources": [], "query": {}},
    "/semantic-layer/validate": {"sources": []},
    "/semantic-layer/generate-sources": {"tables": []},
}
"""A request of the right shape for every endpoint; each of its members is required."""


def test_covers_every_endpoint() -> None:
    assert set(VALID) == {endpoint.path for endpoint in ENDPOINTS}


@pytest.mark.parametrize(
    ("path", "field"), [(path, field) for path, fields in VALID.items() for field in fields], ids=str
)
def test_names_a_required_field_that_is_missing(daemon: Daemon, path: str, field: str) -> None:
    body = {name: value for name, value in VALID[path].items() if name != field}
    answer = daemon.post(path, body)
    assert answer.status == 422
    assert {"type": "missing", "loc": ["body", field], "msg": "Field required"} in answer.json()["detail"]


@pytest.mark.parametrize(
    ("path", "field"), [(path, field) for path, fields in VALID.items() for field in fields], ids=str
)
def test_names_a_field_of_another_type(daemon: Daemon, path: str, field: str) -> None:
    wrong: Any = {SECRET: 1} if not isinstance(VALID[path][field], dict) else [SECRET]
    answer = daemon.post(path, VALID[path] | {field: wrong})
    assert answer.status == 422
    assert [finding["loc"][:2] for finding in answer.json()["detail"]] == [["body", field]]
    assert all(set(finding) == {"type", "loc", "msg"} for finding in answer.json()["detail"])
    assert SECRET not in answer.body.decode()


@pytest.mark.parametrize("path", VALID)
@pytest.mark.parametrize("body", [b"", b"{", b"null", b"[]", b'"text"', b"7", b"NaN", b"\xff\xfe", b'{"a":"\\ud800"}'])
def test_refuses_bodies_that_are_no_json_object(daemon: Daemon, path: str, body: bytes) -> None:
    answer = daemon.request("POST", path, body)
    assert answer.status == 422
    assert answer.json()["detail"][0]["loc"] == ["body"]


@pytest.mark.parametrize("path", VALID)
@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_refuses_deep_nesting(daemon: Daemon, path: str, opening: str) -> None:
    assert daemon.request("POST", path, opening.encode() * 200_000).status == 422


@pytest.mark.parametrize(
    ("path", "changes", "status", "message"),
    [
        (PARSE, {"items": [{"key": "k", "sql_table_name": "t", "dialect": 5}]}, 422, "valid string"),
        ("/sql/analyze-batch", {"max_workers": 0}, 422, "greater than or equal to 1"),
        ("/sql/analyze-batch", {"max_workers": 33}, 422, "less than or equal to 32"),
        ("/sql/analyze-batch", {"max_workers": "2"}, 422, "valid integer"),
        ("/sql/analyze-batch", {"dialect": "nope"}, 400, "Unknown SQL dialect 'nope'"),
        ("/sql/validate-read-only", {"dialect": ""}, 400, "Unknown SQL dialect ''"),
        ("/sql/validate-read-only", {"sql": "x" * 1_000_001}, 422, "at most 1000000 characters"),
        ("/api/sql/analyze-for-fingerprint", {"dialect": "x, y=z"}, 400, "Unknown SQL dialect"),
        ("/sql/fingerprint-batch", {"dialect": "nope"}, 400, "Unknown SQL dialect 'nope'"),
        ("/sql/fingerprint-batch", {"items": [{"id": "a", "sql": ""}] * 101}, 422, "at most 100 items"),
        ("/sql/fingerprint-batch", {"items": [{"id": "a", "sql": "x" * 1_000_001}]}, 422, "at most 1000000 characters"),
        ("/database/introspect", {"driver": "oracle"}, 400, f"database introspection {DRIVERS}"),
        ("/database/introspect", {"url": SECRET}, 400, "url is not a valid PostgreSQL connection string"),
        ("/database/introspect", {"url": ""}, 400, "url is not a valid PostgreSQL connection string"),
        ("/database/introspect", {"url": f"postgres://u:{SECRET}@h:port/d"}, 400, "url is not a valid"),
        ("/database/introspect", {"schemas": []}, 422, "database introspection requires at least one schema"),
        ("/database/introspect", {"statement_timeout_ms": 0}, 422, "greater than or equal to 1"),
        ("/database/introspect", {"connection_timeout_seconds": 0}, 422, "greater than or equal to 1"),
        ("/database/introspect", {"table_scope": [{"db": "x"}]}, 422, "Field required"),
        ("/database/query", {"driver": "sqlite"}, 400, f"database query {DRIVERS}"),
        ("/database/query", {"sql": "delete from t"}, 400, "SQL contains read/write operation: Delete"),
        ("/database/query", {"sql": "select 1; select 2"}, 400, "Only one SQL statement can be executed."),
        ("/database/query", {"sql": " "}, 400, "SQL did not parse to a statement."),
        ("/database/query", {"max_rows": 0}, 422, "greater than or equal to 1"),
        ("/lookml/parse", {"dialect": "nope"}, 400, "Unknown SQL dialect 'nope'"),
        ("/lookml/parse", {"constant_overrides": {"a": 1}}, 422, "valid string"),
        ("/embeddings/compute", {"text": ""}, 422, "at least 1 character"),
        ("/embeddings/compute", {"text": " "}, 400, "Empty texts found at indices: 0"),
        ("/embeddings/compute-bulk", {"texts": []}, 422, "at least 1 item"),
        ("/embeddings/compute-bulk", {"texts": ["a"] * 101}, 422, "at most 100 items"),
        ("/embeddings/compute-bulk", {"texts": ["", "a", "\n"]}, 400, "Empty texts found at indices: 0, 2"),
        ("/semantic-layer/query", {"unknown": 1}, 422, "Extra inputs are not permitted"),
        ("/shutdown", {"now": True}, 422, "The body must be an empty JSON object."),
    ],
)
def test_says_what_is_wrong_with_a_value(
    daemon: Daemon, path: str, changes: dict[str, Any], status: int, message: str
) -> None:
    answer = daemon.post(path, VALID.get(path, {}) | changes)
    assert answer.status == status
    detail = answer.json()["detail"]
    assert message in (detail if isinstance(detail, str) else detail[0]["msg"])
    assert SECRET not in answer.body.decode()


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("POST", PARSE, {"Authorization": ""}, 401),
        ("POST", PARSE, {"Authorization": "Bearer"}, 401),
        ("POST", PARSE, {"Authorization": "Bearer " + "0" * 64}, 401),
        ("POST", PARSE, {"Authorization": f"Bearer {TOKEN[:-1]}"}, 401),
        ("POST", PARSE, {"Authorization": f"Bearer {TOKEN}0"}, 401),
        ("POST", PARSE, {"Authorization": f"Bearer {TOKEN.upper()}"}, 401),
        ("POST", PARSE, {"Authorization": f"Basic {TOKEN}"}, 401),
        ("POST", PARSE, {"Authorization": TOKEN}, 401),
        ("POST", "/shutdown", {"Authorization": ""}, 401),
        ("GET", "/nothing", {"Authorization": ""}, 401),
        ("OPTIONS", PARSE, {"Authorization": ""}, 401),
        ("POST", PARSE, {"Host": "example.org"}, 403),
        ("POST", PARSE, {"Host": "127.0.0.1"}, 403),
        ("POST", PARSE, {"Host": "127.0.0.1:1"}, 403),
        ("POST", PARSE, {"Host": "[::1]:{port}"}, 403),
        ("POST", PARSE, {"Host": "localhost.example.org:{port}"}, 403),
        ("GET", "/health", {"Host": "rebound.example.org:{port}"}, 403),
        ("POST", PARSE, {"Origin": "http://127.0.0.1:{port}"}, 403),
        ("POST", PARSE, {"Origin": "null"}, 403),
        ("GET", "/health", {"Origin": "https://example.org"}, 403),
        ("POST", PARSE, {"Sec-Fetch-Site": "same-origin"}, 403),
        ("POST", PARSE, {"Sec-Fetch-Site": "cross-site"}, 403),
        ("GET", "/nothing", {}, 404),
        ("POST", "/code/execute", {}, 404),
        ("GET", "/docs", {}, 404),
        ("GET", "/openapi.json", {}, 404),
        ("POST", PARSE + "/", {}, 404),
        ("POST", "/sql/../health", {}, 404),
        ("GET", PARSE, {}, 405),
        ("HEAD", "/health", {}, 405),
        ("PUT", PARSE, {}, 405),
        ("DELETE", "/health", {}, 405),
        ("OPTIONS", PARSE, {}, 405),
        ("OPTIONS", "/health", {}, 405),
        ("TRACE", "/health", {}, 405),
        ("GET", "/shutdown", {}, 405),
        ("POST", PARSE, {"Content-Type": ""}, 415),
        ("POST", PARSE, {"Content-Type": "text/plain"}, 415),
        ("POST", PARSE, {"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ("POST", PARSE, {"Content-Type": "application/jsonp"}, 415),
        ("POST", PARSE, {"Content-Length": str(16 * 1024 * 1024 + 1)}, 413),
    ],
)
def test_refuses_who_and_what_has_no_business_here(
    daemon: Daemon, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    body = json.dumps(VALID.get(path, {})).encode() if method == "POST" else None
    filled = {name: value.replace("{port}", str(daemon.port)) for name, value in headers.items()}
    answer = daemon.request(method, path, body, {"X-Secret": SECRET, **filled})
    assert answer.status == status
    assert "server" not in answer.headers
    assert not [name for name in answer.headers if name.startswith("access-control")]
    if method != "HEAD":
        assert set(answer.json()) == {"detail"}
        assert SECRET not in answer.body.decode()


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "localhost:{port}"},
        {"Host": "LOCALHOST:{port}"},
        {"Sec-Fetch-Site": "none"},
        {"Content-Type": "application/json; charset=utf-8"},
        {"Content-Type": "Application/JSON"},
        {"Authorization": f"bearer {TOKEN}"},
    ],
)
def test_serves_the_twins_of_what_it_refuses(daemon: Daemon, headers: dict[str, str]) -> None:
    filled = {name: value.replace("{port}", str(daemon.port)) for name, value in headers.items()}
    assert daemon.post(PARSE, VALID[PARSE], filled).status == 200


def test_cleans_and_cuts_the_names_of_unknown_fields(daemon: Daemon) -> None:
    answer = daemon.post("/semantic-layer/query", VALID["/semantic-layer/query"] | {"\x1b[31mred" + "x" * 10_000: 1})
    assert answer.status == 422
    (finding,) = answer.json()["detail"]
    assert finding["loc"][1].startswith("redxxx")
    assert len(finding["loc"][1]) <= 100


def test_answers_about_large_bodies_without_their_secrets(daemon: Daemon) -> None:
    body = {"connection_id": "c", "url": SECRET, "padding": "x" * 100_000}
    answer = daemon.post("/database/introspect", body)
    assert answer.status == 400
    assert SECRET not in answer.body.decode()


def exchange(daemon: Daemon, *pieces: bytes, wait: float = 30.0) -> bytes:
    """Send raw bytes in pieces and return the first response."""
    with socket.create_connection(("127.0.0.1", daemon.port), timeout=wait) as connection:
        for piece in pieces:
            connection.sendall(piece)
        return next_answer(connection)


def next_answer(connection: socket.socket) -> bytes:
    """Return one response with its body, which may arrive in pieces, or less if the daemon closes before its end."""
    received = b""
    while b"\r\n\r\n" not in received or not _whole(received):
        chunk = connection.recv(65536)
        if not chunk:
            break
        received += chunk
    return received


def _whole(received: bytes) -> bool:
    head, _, body = received.partition(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return bool(lengths) and len(body) >= int(lengths[0])


def head(daemon: Daemon, *lines: str, method: str = "POST", path: str = PARSE) -> bytes:
    """The head of a request that is admitted, with more header lines."""
    known = [f"Host: 127.0.0.1:{daemon.port}", f"Authorization: Bearer {TOKEN}", "Content-Type: application/json"]
    return "\r\n".join([f"{method} {path} HTTP/1.1", *known, *lines, "", ""]).encode()


BODY = json.dumps(VALID[PARSE]).encode()


def status_of(answer: bytes) -> int:
    assert json.loads(answer.partition(b"\r\n\r\n")[2]), answer
    return int(answer.split(b" ")[1])


@pytest.mark.parametrize(
    ("lines", "body", "status"),
    [
        ([f"Content-Length: {len(BODY)}"], BODY, 200),
        (["Transfer-Encoding: chunked"], b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY), 200),
        ([], b"", 411),
        (["Content-Length: -1"], BODY, 400),
        (["Content-Length: many"], BODY, 400),
        (["Content-Length: 5", "Content-Length: 6"], BODY, 400),
        (["Content-Length: 5", "Transfer-Encoding: chunked"], BODY, 400),
        (["Transfer-Encoding: chunked"], b"zz\r\n", 400),
        (["Host: 127.0.0.1:1", f"Content-Length: {len(BODY)}"], BODY, 403),
        ([f"Authorization: Bearer {TOKEN}", f"Content-Length: {len(BODY)}"], BODY, 401),
        (["X: " + "x" * 600_000], b"", 431),
    ],
    ids=str,
)
def test_reads_bodies_and_headers_strictly(daemon: Daemon, lines: list[str], body: bytes, status: int) -> None:
    assert status_of(exchange(daemon, head(daemon, *lines) + body)) == status


@pytest.mark.parametrize(
    ("garbage", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01", 400),
        (b"hello\r\n\r\n", 400),
        (b"GET /health HTTP/9.9\r\n\r\n", 400),
        (b"GET http://127.0.0.1/health HTTP/1.1\r\n\r\n", 403),
        (b"CONNECT 127.0.0.1:80 HTTP/1.1\r\n\r\n", 400),
        (b"GET /health\r\n\r\n", 403),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    ],
)
def test_refuses_what_is_not_http(daemon: Daemon, garbage: bytes, status: int) -> None:
    assert status_of(exchange(daemon, garbage)) == status


def test_refuses_a_chunked_body_over_the_cap_however_it_is_cut(daemon: Daemon) -> None:
    chunk = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
    answer = exchange(daemon, head(daemon, "Transfer-Encoding: chunked"), *[chunk] * 16, b"1\r\n \r\n")
    assert status_of(answer) == 413


def test_takes_a_large_body_in_pieces_and_the_next_request_after_it(daemon: Daemon) -> None:
    body = BODY + b" " * 300_000
    request = head(daemon, f"Content-Length: {len(body)}")
    with socket.create_connection(("127.0.0.1", daemon.port), timeout=30) as connection:
        for _ in range(2):
            connection.sendall(request + body[:100_000])
            connection.sendall(body[100_000:])
            assert status_of(next_answer(connection)) == 200


def test_answers_pipelined_requests_in_order(daemon: Daemon) -> None:
    request = head(daemon, f"Content-Length: {len(BODY)}") + BODY
    closing = head(daemon, f"Content-Length: {len(BODY)}", "Connection: close") + BODY
    with socket.create_connection(("127.0.0.1", daemon.port), timeout=30) as connection:
        connection.sendall(request * 3 + closing)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
    assert received.count(b"HTTP/1.1 200 OK") == 4


def test_survives_connections_that_are_cut(daemon: Daemon) -> None:
    whole = head(daemon, f"Content-Length: {len(BODY)}") + BODY
    for cut in (0, 1, 20, len(whole) - len(BODY), len(whole) - 1, len(whole)):
        with socket.create_connection(("127.0.0.1", daemon.port), timeout=30) as connection:
            connection.sendall(whole[:cut])


def test_logs_no_token_no_body_and_no_unknown_path(daemon: Daemon) -> None:
    daemon.request("GET", f"/{SECRET}", headers={"X-Secret": SECRET})
    daemon.post("/database/introspect", {"connection_id": "c", "url": f"postgresql://u:{SECRET}@127.0.0.1:1/d"})
    daemon.post("/sql/validate-read-only", {"dialect": "postgres", "sql": f"vacuum {SECRET.replace('-', '_')}"})
    deadline = time.monotonic() + 30
    while "(unknown path) 404" not in daemon.log() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert "(unknown path) 404" in daemon.log()
    assert "hunter2" not in daemon.log()
    assert TOKEN not in daemon.log()


def test_starts_from_any_directory(tmp_path: Path) -> None:
    odd = tmp_path / "odd name; #1"
    odd.mkdir()
    with running_daemon(odd) as daemon:
        assert daemon.post(PARSE, VALID[PARSE]).status == 200


def test_hides_the_secrets_of_a_failing_request_in_answer_and_log(tmp_path: Path) -> None:
    # The library's own message repeats the directory of the socket, which here is the password as well.
    url = f"postgresql://u:{SECRET}@127.0.0.1:1/{SECRET}?host=/{SECRET}"
    with running_daemon(tmp_path) as daemon:
        answer = daemon.post("/database/introspect", {"connection_id": "c", "url": url})
        assert answer.status == 500
        assert answer.json()["detail"].startswith("Database introspection failed: ")
        assert "***" in answer.json()["detail"]
        assert SECRET not in answer.body.decode()
        assert "OperationalError: Database introspection failed: " in daemon.log()
        assert SECRET not in daemon.log()

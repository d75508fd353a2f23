"""Bounds in time and number: slow senders, too many connections, too much work, and the end of the daemon."""

import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from ktx_daemon.leaving import Leaving
from tests.ktx_daemon.daemon_process import INSTANCE, Answer, Daemon, running_daemon
from tests.ktx_daemon.test_bad_requests import BODY, exchange, head, next_answer, status_of

IMPATIENT = [sys.executable, str(Path(__file__).with_name("impatient_daemon.py")), "serve-http"]


@pytest.fixture
def impatient(tmp_path: Path) -> Iterator[Daemon]:
    with running_daemon(tmp_path, command=IMPATIENT) as daemon:
        yield daemon


def until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait for a condition with a deadline."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def test_has_the_waiting_times_that_clients_are_told() -> None:
    from ktx_daemon import http_endpoint, http_protocol, lane, leaving

    assert (http_protocol.HEADER_SECONDS, http_endpoint.BODY_SECONDS, leaving.CHECK_SECONDS) == (5, 30, 60)
    assert (http_protocol.MAX_CONNECTIONS, http_protocol.MAX_UNPROVEN) == (32, 16)
    assert (lane.MAX_AT_WORK, lane.MAX_WAITING, lane.WAITING_SECONDS) == (8, 32, 30)


@pytest.mark.parametrize("sent", [b"", b"POST", b"\r\n", b"POST / HTTP/1.1\r\nHost: x\r\n"])
def test_times_slow_headers_out(impatient: Daemon, sent: bytes) -> None:
    assert status_of(exchange(impatient, sent)) == 408


def test_times_headers_out_that_trickle(impatient: Daemon) -> None:
    started = time.monotonic()
    with socket.create_connection(("127.0.0.1", impatient.port), timeout=30) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nX: ")
        connection.settimeout(0.05)
        received = b""
        while not received and time.monotonic() < started + 60:
            try:
                connection.sendall(b"X")
                received = connection.recv(4096)
            except TimeoutError:
                continue
    assert b" 408 " in received


def test_answers_the_first_request_before_it_times_the_headers_of_the_second_out(impatient: Daemon) -> None:
    with silent_server() as server, socket.create_connection(("127.0.0.1", impatient.port), timeout=30) as connection:
        body = json.dumps(waiting_request(server.url, seconds=2)).encode()
        connection.sendall(
            head(impatient, f"Content-Length: {len(body)}", path="/database/query") + body + b"POST /sql"
        )
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
    assert received.index(b"HTTP/1.1 500 ") < received.index(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("length", ["Content-Length: 500", "Transfer-Encoding: chunked"])
def test_times_slow_bodies_out(impatient: Daemon, length: str) -> None:
    assert status_of(exchange(impatient, head(impatient, length), b"1")) == 408


def test_reads_the_rest_of_a_refused_body_for_a_while_only(impatient: Daemon) -> None:
    refused = head(impatient, "Content-Length: 99999999")
    with socket.create_connection(("127.0.0.1", impatient.port), timeout=30) as connection:
        connection.sendall(refused)
        assert status_of(next_answer(connection)) == 413
        # The sender goes on, as slowly as it likes.
        until(lambda: is_cut(connection))


def test_closes_connections_that_stay_idle_but_for_blank_lines(impatient: Daemon) -> None:
    with socket.create_connection(("127.0.0.1", impatient.port), timeout=30) as connection:
        connection.sendall(head(impatient, f"Content-Length: {len(BODY)}") + BODY)
        assert status_of(next_answer(connection)) == 200
        connection.sendall(b"\r\n")
        assert status_of(next_answer(connection)) == 408
        assert connection.recv(65536) == b""


def is_cut(connection: socket.socket) -> bool:
    """Send one more byte; tell whether the other side has gone."""
    try:
        connection.sendall(b" ")
    except ConnectionError:
        return True
    return False


def test_closes_idle_connections(impatient: Daemon) -> None:
    with socket.create_connection(("127.0.0.1", impatient.port), timeout=30) as connection:
        connection.sendall(head(impatient, f"Content-Length: {len(BODY)}") + BODY)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
    assert received.count(b"HTTP/1.1 ") == 1


class SilentServer:
    """A database that accepts connections and never answers; it ends them when it is told to hang up."""

    def __init__(self, listener: socket.socket) -> None:
        self.url = f"postgresql://u:p@127.0.0.1:{listener.getsockname()[1]}/d"
        self._listener = listener
        self._accepted = ExitStack()
        listener.settimeout(30)

    def wait_for_clients(self, count: int) -> None:
        for _ in range(count):
            self._accepted.enter_context(self._listener.accept()[0])

    def hang_up(self) -> None:
        self._accepted.close()


@contextmanager
def silent_server() -> Iterator[SilentServer]:
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        server = SilentServer(listener)
        try:
            yield server
        finally:
            server.hang_up()


def waiting_request(url: str, seconds: int = 600) -> dict[str, Any]:
    """A request that is in work until its database hangs up, or for that long."""
    return {"connection_id": "c", "url": url, "sql": "select 1", "connection_timeout_seconds": seconds}


@contextmanager
def requests_in_work(daemon: Daemon, count: int, seconds: int = 600) -> Iterator[list[Answer]]:
    """Keep requests in work until the end; yields the answers that came, once all of them wait for the database."""
    answers: list[Answer] = []

    def ask(url: str) -> None:
        try:
            answers.append(daemon.post("/database/query", waiting_request(url, seconds)))
        except OSError:
            answers.append(Answer(0, {}, b""))  # the daemon left first

    threads = []
    with silent_server() as server:
        for _ in range(count):
            threads.append(threading.Thread(target=ask, args=(server.url,)))
            threads[-1].start()
        server.wait_for_clients(count)
        yield answers
    for thread in threads:
        thread.join()


def test_finishes_running_requests_before_it_leaves(tmp_path: Path) -> None:
    with running_daemon(tmp_path) as daemon:
        with requests_in_work(daemon, 1) as answers:
            assert daemon.post("/shutdown", {}).status == 202
            assert answers == []
        assert [answer.status for answer in answers] == [500]
        assert daemon.wait() == 0


def test_leaves_in_time_even_when_a_request_does_not_end(tmp_path: Path) -> None:
    with running_daemon(tmp_path) as daemon, requests_in_work(daemon, 2) as answers:
        assert daemon.post("/shutdown", {}).status == 202
        assert daemon.wait(seconds=60) == 0
    assert [answer.status for answer in answers] in ([0, 0], [500, 500])


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, -signal.SIGTERM), (signal.SIGINT, 130)])
def test_ends_on_signals_without_a_traceback(tmp_path: Path, number: signal.Signals, status: int) -> None:
    with running_daemon(tmp_path) as daemon:
        os.kill(daemon.process.pid, number)
        assert daemon.wait() == status
        assert "Traceback" not in daemon.log()


def test_leaves_when_idle_which_health_checks_do_not_change(tmp_path: Path) -> None:
    with running_daemon(tmp_path, "--idle-seconds", "1", command=IMPATIENT) as daemon:
        started = time.monotonic()
        while daemon.process.poll() is None:
            assert time.monotonic() - started < 60
            try:
                daemon.request("GET", "/health")
            except OSError:
                break
            time.sleep(0.05)
        assert daemon.wait() == 0
        assert "leaving: idle for 1 seconds" in daemon.log()


def test_does_not_leave_for_idleness_while_a_request_is_in_work(tmp_path: Path) -> None:
    with running_daemon(tmp_path, "--idle-seconds", "1") as daemon:
        with requests_in_work(daemon, 1, seconds=3) as answers:
            until(lambda: answers != [])
            assert "leaving" not in daemon.log()
        assert daemon.wait() == 0


def test_leaves_when_its_token_file_is_gone(impatient: Daemon) -> None:
    (impatient.directory / "daemon.token").unlink()
    assert impatient.wait() == 0
    assert "leaving: the token file is gone" in impatient.log()


def test_leaves_when_another_instance_is_recorded(impatient: Daemon) -> None:
    state = impatient.directory / "daemon.json"
    state.write_text(json.dumps({"instance": "f" * 32}), encoding="utf-8")
    assert impatient.wait() == 0
    assert "leaving: another instance is recorded" in impatient.log()


class Clock:
    """A clock that the test winds."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_counts_idle_time_from_the_last_use() -> None:
    clock = Clock()
    leaving = Leaving(100, None, None, check_seconds=60, clock=clock)
    clock.now += 99
    assert leaving.reason() is None
    leaving.note_use()
    clock.now += 99
    assert leaving.reason() is None
    clock.now += 1
    assert leaving.reason() == "idle for 100 seconds"


def test_never_leaves_for_idleness_when_told_so() -> None:
    clock = Clock()
    leaving = Leaving(0, None, None, check_seconds=60, clock=clock)
    clock.now += 10**9
    assert leaving.reason() is None


def test_looks_at_the_files_once_a_minute_at_most(tmp_path: Path) -> None:
    clock = Clock()
    leaving = Leaving(0, tmp_path / "gone", INSTANCE, check_seconds=60, clock=clock)
    clock.now += 59
    assert leaving.reason() is None
    clock.now += 1
    assert leaving.reason() == "the token file is gone"


@pytest.mark.parametrize(
    "state",
    [
        json.dumps({"instance": INSTANCE}),
        "",
        "{",
        "[]",
        "null",
        "{}",
        '{"instance": 7}',
        '{"instance": null}',
        "[" * 10**5,
    ],
)
def test_stays_while_the_state_names_it_or_nobody(tmp_path: Path, state: str) -> None:
    token = tmp_path / "daemon.token"
    token.touch()
    (tmp_path / "daemon.json").write_text(state, encoding="utf-8")
    clock = Clock()
    leaving = Leaving(0, token, INSTANCE, check_seconds=60, clock=clock)
    clock.now += 60
    assert leaving.reason() is None


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    with running_daemon(tmp_path) as daemon:
        yield daemon


CONDITIONS = "select * from t where " + "(" * 400 + "a = 0" + "".join(f" or a = {n})" for n in range(400))


def test_serves_sql_as_deep_as_programs_write_it_and_refuses_what_is_deeper(daemon: Daemon) -> None:
    deep = {"dialect": "postgres", "sql": CONDITIONS}
    assert daemon.post("/sql/validate-read-only", deep).json() == {"ok": True, "error": None}
    assert daemon.post("/api/sql/analyze-for-fingerprint", deep).json()["tables_touched"] == ["t"]
    for levels in (5_000, 100_000):
        deeper = {"dialect": "postgres", "sql": "select " + "(" * levels + "1" + ")" * levels}
        assert "nested too deeply" in daemon.post("/sql/validate-read-only", deeper).json()["error"]
    assert daemon.request("GET", "/health").status == 200


@pytest.mark.parametrize("opening", ["array[", "struct(", "row("])
def test_refuses_constructors_that_would_keep_the_parser_busy_for_days(daemon: Daemon, opening: str) -> None:
    closing = ")" if "(" in opening else "]"

    def nested(levels: int) -> dict[str, str]:
        return {"dialect": "duckdb", "sql": "select " + opening * levels + "1" + closing * levels}

    assert daemon.post("/sql/validate-read-only", nested(5)).json() == {"ok": True, "error": None}
    assert "nested in one another" in daemon.post("/sql/validate-read-only", nested(40)).json()["error"]

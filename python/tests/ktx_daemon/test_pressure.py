"""More connections and more work than there is room for: the owner gets through, and nobody is refused for good."""

import json
import socket
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.ktx_daemon.daemon_process import Answer, Daemon, running_daemon
from tests.ktx_daemon.test_bad_requests import BODY, PARSE, exchange, head, next_answer, status_of
from tests.ktx_daemon.test_limits import requests_in_work, silent_server, until, waiting_request


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    with running_daemon(tmp_path) as daemon:
        yield daemon


def opened(daemon: Daemon, connections: ExitStack, sent: bytes = b"") -> socket.socket:
    connection = connections.enter_context(socket.create_connection(("127.0.0.1", daemon.port), timeout=30))
    connection.sendall(sent)
    return connection


def asked(daemon: Daemon, connections: ExitStack) -> socket.socket:
    """A connection that stays open after its request, which proved it, was answered."""
    connection = opened(daemon, connections, head(daemon, f"Content-Length: {len(BODY)}") + BODY)
    assert status_of(next_answer(connection)) == 200
    return connection


def is_open(connection: socket.socket) -> bool:
    """Tell whether the other side keeps the connection; whatever it still had to say is read."""
    return not is_closed(connection, seconds=0.2)


def is_closed(connection: socket.socket, seconds: float = 30) -> bool:
    """Tell whether the other side ends the connection within that time."""
    connection.settimeout(seconds)
    try:
        while connection.recv(65536):
            pass
    except TimeoutError:
        return False
    except ConnectionError:
        return True
    return True


@pytest.mark.parametrize("sockets", [17, 33, 200])
@pytest.mark.parametrize(
    "sent",
    [b"", b"POST / HTTP/1.1\r\n", b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"],
    ids=["idle", "slow", "403"],
)
def test_sockets_of_somebody_else_do_not_lock_the_owner_out(daemon: Daemon, sockets: int, sent: bytes) -> None:
    with ExitStack() as connections:
        mine = asked(daemon, connections)
        for _ in range(sockets):
            opened(daemon, connections, sent)
        for _ in range(3):
            assert daemon.request("POST", PARSE, BODY).status == 200
            assert daemon.request("GET", "/health").status == 200
        mine.sendall(head(daemon, f"Content-Length: {len(BODY)}") + BODY)
        assert status_of(next_answer(mine)) == 200


def test_sockets_that_are_opened_without_end_do_not_lock_the_owner_out(daemon: Daemon) -> None:
    stop = threading.Event()

    def flood() -> None:
        with ExitStack() as connections:
            while not stop.is_set():
                opened(daemon, connections)
                if len(connections._exit_callbacks) > 100:
                    connections.close()

    flooding = threading.Thread(target=flood)
    flooding.start()
    try:
        answers = [daemon.request("POST", PARSE, BODY).status for _ in range(50)]
    finally:
        stop.set()
        flooding.join()
    assert answers == [200] * 50


def test_tells_the_oldest_unproven_connection_why_it_is_closed(daemon: Daemon) -> None:
    with ExitStack() as connections:
        first = opened(daemon, connections)
        others = [opened(daemon, connections) for _ in range(16)]
        received = next_answer(first)
        assert b" 503 " in received
        assert b"too many connections" in received
        assert is_open(others[0])


def test_closes_the_longest_idle_proven_connection_for_a_new_one(daemon: Daemon) -> None:
    with ExitStack() as connections:
        mine = [asked(daemon, connections) for _ in range(32)]
        mine[0].sendall(head(daemon, f"Content-Length: {len(BODY)}") + BODY)
        assert status_of(next_answer(mine[0])) == 200
        asked(daemon, connections)
        assert is_closed(mine[1])
        assert is_open(mine[0])
        assert is_open(mine[2])


def test_refuses_a_connection_when_all_are_at_work_and_says_when_to_come_back(daemon: Daemon) -> None:
    with ThreadPoolExecutor(24) as askers, starting_database() as database:
        with requests_in_work(daemon, 8):
            body = waiting_request(database.url)
            waiting = [askers.submit(daemon.post, "/database/query", body) for _ in range(24)]
            until(lambda: daemon.request("POST", PARSE, BODY).status == 503)
            refused = daemon.request("POST", PARSE, BODY)
            assert (refused.status, refused.headers["retry-after"]) == (503, "1")
            assert "too many connections" in refused.json()["detail"]
            assert daemon.request("GET", "/health").status == 200
        database.refusing.set()
        assert {answer.result().status for answer in waiting} == {500}


def test_24_slow_queries_are_all_answered_and_compiling_goes_on_meanwhile(daemon: Daemon) -> None:
    with ThreadPoolExecutor(24) as askers, starting_database() as database:
        body = waiting_request(database.url)
        answers = [askers.submit(daemon.post, "/database/query", body) for _ in range(24)]
        database.wait_for_clients(8)
        for _ in range(10):
            assert daemon.request("POST", PARSE, BODY).status == 200
        assert daemon.shortest_health_seconds() < 0.1
        assert not any(answer.done() for answer in answers), "compiling waited for databases"
        database.refusing.set()
        assert [answer.result().status for answer in answers] == [500] * 24
    assert "the server is starting up" in answers[0].result().json()["detail"]


class StartingDatabase:
    """A database that says that it is not ready, once it is let."""

    def __init__(self, port: int) -> None:
        self.url = f"postgresql://u:p@127.0.0.1:{port}/d?sslmode=disable&gssencmode=disable"
        self.refusing = threading.Event()
        self._clients = threading.Semaphore(0)

    def wait_for_clients(self, count: int) -> None:
        for _ in range(count):
            assert self._clients.acquire(timeout=30)

    def answer(self, client: socket.socket) -> None:
        message = b"SFATAL\0C57P03\0Mthe server is starting up\0\0"
        with client:
            client.recv(1024)
            self._clients.release()
            self.refusing.wait()
            client.sendall(b"E" + (len(message) + 4).to_bytes(4, "big") + message)


@contextmanager
def starting_database() -> Iterator[StartingDatabase]:
    def serve() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=database.answer, args=(client,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        database = StartingDatabase(listener.getsockname()[1])
        threading.Thread(target=serve, daemon=True).start()
        try:
            yield database
        finally:
            database.refusing.set()


HURRIED = """
from ktx_daemon import lane
from ktx_daemon.__main__ import main
lane.WAITING_SECONDS, lane.MAX_WAITING = 0.5, 2
main()
"""


def test_says_that_it_is_busy_when_the_queue_is_full_or_slow(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HURRIED, "serve-http"]
    with running_daemon(tmp_path, command=command) as daemon, requests_in_work(daemon, 8):
        with silent_server() as server, ThreadPoolExecutor(6) as askers:
            asked = [askers.submit(daemon.post, "/database/query", waiting_request(server.url)) for _ in range(6)]
            answers: list[Answer] = [one.result() for one in asked]
        assert [answer.status for answer in answers] == [503] * 6
        assert {answer.headers["retry-after"] for answer in answers} == {"1"}
        assert set(answers[0].json()) == {"detail", "hint"}
        assert daemon.request("POST", PARSE, BODY).status == 200


def connections_to_close(port: int) -> int:
    """The connections whose client is gone and that the server on this port has not closed yet (TCP's CLOSE_WAIT)."""
    connections = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(local.endswith(f":{port:04X}") and state == "08" for _, local, _, state, *_ in connections)


def test_forgets_a_waiting_request_whose_client_hangs_up(daemon: Daemon) -> None:
    with silent_server() as server:
        body = json.dumps(waiting_request(server.url)).encode()
        request = head(daemon, f"Content-Length: {len(body)}", path="/database/query") + body
        with ExitStack() as connections:
            for _ in range(8):
                opened(daemon, connections, request)
            server.wait_for_clients(8)
            for _ in range(20):
                opened(daemon, connections, request)
            time.sleep(0.3)
        until(lambda: connections_to_close(daemon.port) == 0)
        # One that was not forgotten would be in work from now on, and nobody would hang up on it.
        server.hang_up()
        with starting_database() as database:
            database.refusing.set()
            answer = daemon.post("/database/query", waiting_request(database.url))
    assert "the server is starting up" in answer.json()["detail"]
    assert status_of(exchange(daemon, head(daemon, f"Content-Length: {len(BODY)}") + BODY)) == 200

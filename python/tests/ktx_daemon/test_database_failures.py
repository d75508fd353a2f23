"""Servers that refuse, hang or go on for too long, and clients that hang up."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import tuple_row

from ktx_daemon.database.postgres import session
from tests.ktx_daemon.daemon_process import running_daemon
from tests.ktx_daemon.test_database_query import ask
from tests.ktx_daemon.test_introspection import introspect


def test_reports_a_server_that_refuses_or_rejects(zoo_url: str) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        with pytest.raises(psycopg.OperationalError, match="refused"):
            introspect(f"postgresql://u:hunter22@127.0.0.1:{port}/d")
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        introspect(zoo_url.replace("/zoo", "/nothing"))


def test_gives_up_a_server_that_says_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        started = time.monotonic()
        with pytest.raises(psycopg.OperationalError, match="timeout"):
            introspect(f"postgresql://u@127.0.0.1:{listener.getsockname()[1]}/d", connection_timeout_seconds=2)
        assert time.monotonic() - started < 60


@contextmanager
def stalling_proxy(url: str, stall: Callable[[bytes], bool]) -> Iterator[str]:
    """A proxy in front of the server that goes silent once a client's bytes say so."""
    target = ("127.0.0.1", psycopg.conninfo.conninfo_to_dict(url)["port"])
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            client, _ = listener.accept()
            server = socket.create_connection((target[0], int(str(target[1]))))
            threading.Thread(target=pump, args=(server, client), daemon=True).start()
            with client, server:
                while data := client.recv(65536):
                    if stall(data):
                        stalled.wait(120)
                        return
                    server.sendall(data)

        def pump(source: socket.socket, sink: socket.socket) -> None:
            try:
                while data := source.recv(65536):
                    sink.sendall(data)
            except OSError:
                return

        stalled = threading.Event()
        threading.Thread(target=serve, daemon=True).start()
        try:
            yield f"postgresql://postgres@127.0.0.1:{listener.getsockname()[1]}/zoo?sslmode=disable&gssencmode=disable"
        finally:
            stalled.set()


@pytest.mark.parametrize("subject", ["query", "introspection"])
def test_gives_up_a_server_that_hangs_in_the_middle(
    zoo_url: str, monkeypatch: pytest.MonkeyPatch, subject: str
) -> None:
    monkeypatch.setattr(session, "CLIENT_GRACE_SECONDS", 0.5)
    mark = b"pg_sleep" if subject == "query" else b"relkind"
    with stalling_proxy(zoo_url, lambda data: mark in data) as proxied:
        started = time.monotonic()
        run = (
            (lambda: ask(proxied, "SELECT pg_sleep(0)", statement_timeout_ms=300, allowed_functions=["pg_sleep"]))
            if subject == "query"
            else (lambda: introspect(proxied, statement_timeout_ms=300))
        )
        with pytest.raises(psycopg.OperationalError):
            run()
        assert 0.5 < time.monotonic() - started < 60  # the proxy stalls for 120


def endless(url: str) -> dict[str, Any]:
    """A request that is in work for a minute."""
    return {"connection_id": "c", "url": url, "sql": "SELECT pg_sleep(60)", "allowed_functions": ["pg_sleep"]}


def activity(url: str) -> list[str]:
    """The statements that the daemon has running on the server."""
    with psycopg.connect(url, row_factory=tuple_row) as connection:
        found = connection.execute(
            "SELECT query FROM pg_stat_activity WHERE state = 'active' AND application_name LIKE 'ktx-daemon%'"
        )
        return [text for (text,) in found]


def test_stops_the_statements_that_run_when_the_daemon_leaves(zoo_url: str, tmp_path: Path) -> None:
    request = endless(zoo_url)
    with running_daemon(tmp_path) as daemon:
        asking = threading.Thread(target=daemon.post, args=("/database/query", request), daemon=True)
        asking.start()
        wait_until(lambda: activity(zoo_url) != [])
        assert daemon.post("/shutdown", {}).status == 202
        assert daemon.wait() == 0
    wait_until(lambda: activity(zoo_url) == [])


def test_stops_the_statement_of_a_client_that_hangs_up_and_stays_healthy_meanwhile(
    zoo_url: str, tmp_path: Path
) -> None:
    with running_daemon(tmp_path) as daemon:
        body = json.dumps(endless(zoo_url)).encode()
        head = (
            f"POST /database/query HTTP/1.1\r\nHost: 127.0.0.1:{daemon.port}\r\n"
            f"Authorization: Bearer {daemon.token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        with socket.create_connection(("127.0.0.1", daemon.port)) as connection:
            connection.sendall(head.encode() + body)
            wait_until(lambda: activity(zoo_url) != [])
            assert daemon.shortest_health_seconds() < 0.1
        wait_until(lambda: activity(zoo_url) == [])
        assert daemon.post("/database/query", {"connection_id": "c", "url": zoo_url, "sql": "SELECT 1"}).status == 200


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)

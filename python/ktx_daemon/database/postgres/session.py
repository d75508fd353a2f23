"""A read-only PostgreSQL transaction that always ends: in time, on cancellation, or because it is done.

The server's own `statement_timeout` is the first bound. A server or network that hangs does not honour it, so a
timer on this side shuts the socket down a little later.
"""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Timer

import psycopg
from psycopg.conninfo import conninfo_to_dict

from ktx_daemon.cancellation import Cancellation
from ktx_daemon.database.driver import DatabaseRequest
from ktx_daemon.errors import RequestRejected

CLIENT_GRACE_SECONDS = 5.0
"""How long after its statement timeout a silent server is given up."""

CANCEL_SECONDS = 5.0

IDLE_GRACE_MS = 60_000
"""How much longer than its statements a transaction may wait for a daemon that was killed."""


@contextmanager
def read_only_session(
    request: DatabaseRequest, cancellation: Cancellation, *, application: str
) -> Iterator[psycopg.Connection]:
    """Connect, begin a read-only transaction and roll it back at the end.

    Raises `RequestRejected` for a malformed URL and psycopg's `OperationalError` for a server that cannot be reached.
    """
    with _connect(request.url, application, request.connection_timeout_seconds) as connection:
        connection.read_only = True
        cancellation.on_cancel(lambda: connection.cancel_safe(timeout=CANCEL_SECONDS))
        try:
            with time_limit(connection, request.statement_timeout_ms):
                _configure(connection, request.statement_timeout_ms)
            yield connection
        finally:
            cancellation.on_cancel(None)
            with suppress(psycopg.Error):
                connection.rollback()


def _configure(connection: psycopg.Connection, statement_timeout_ms: int) -> None:
    """Set what the transaction needs. Only for the transaction: a pooler may give the session to another client."""
    settings = {
        "default_transaction_read_only": "on",
        "statement_timeout": str(statement_timeout_ms),
        "lock_timeout": str(statement_timeout_ms),
        "idle_in_transaction_session_timeout": str(statement_timeout_ms + IDLE_GRACE_MS),
        "standard_conforming_strings": "on",
        "datestyle": "ISO",
        "intervalstyle": "iso_8601",
        "bytea_output": "hex",
        "extra_float_digits": "1",
    }
    calls = ", ".join(["pg_catalog.set_config(%s, %s, true)"] * len(settings))
    connection.execute(f"SELECT {calls}".encode(), [text for pair in settings.items() for text in pair])


@contextmanager
def time_limit(connection: psycopg.Connection, statement_timeout_ms: int) -> Iterator[None]:
    """Break the connection when what runs inside takes longer than the server's timeout and a grace."""
    timer = Timer(statement_timeout_ms / 1000 + CLIENT_GRACE_SECONDS, _shut_down, (connection,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


@contextmanager
def _connect(url: str, application: str, timeout_seconds: int) -> Iterator[psycopg.Connection]:
    if not _is_connection_string(url):
        raise RequestRejected("url is not a valid PostgreSQL connection string")
    if _has_bare_reserved_characters(url):
        raise RequestRejected(
            "url is not a valid PostgreSQL connection string: write @ as %40 and / as %2F in its user and password"
        )
    # Texts go out and come back as UTF-8, whatever the encoding of the database.
    overrides = {"application_name": application, "connect_timeout": timeout_seconds, "client_encoding": "UTF8"}
    connection = psycopg.connect(url, prepare_threshold=None, **overrides)  # type: ignore[arg-type]
    try:
        yield connection
    finally:
        connection.close()


def _is_connection_string(url: str) -> bool:
    """Check the text without libpq's own messages, which repeat it."""
    try:
        known = conninfo_to_dict(url)
    except (psycopg.ProgrammingError, UnicodeError):
        return False
    ports = str(known.get("port") or "").split(",")
    return bool(known) and "\0" not in url and all(not port or (port.isascii() and port.isdigit()) for port in ports)


def _has_bare_reserved_characters(url: str) -> bool:
    """Tell whether libpq would take a part of the password for the host and ask the network for it."""
    _, separator, rest = url.partition("://")
    location = rest.partition("?")[0]
    authority, _, path = location.partition("/")
    return bool(separator) and url.startswith("postgres") and (authority.count("@") > 1 or "@" in path)


def _shut_down(connection: psycopg.Connection) -> None:
    """End a wait in another thread: closing the connection would not be safe there, its socket is."""
    with suppress(OSError, psycopg.Error):
        duplicate = socket.fromfd(connection.fileno(), socket.AF_INET, socket.SOCK_STREAM)
        with duplicate:
            duplicate.shutdown(socket.SHUT_RDWR)

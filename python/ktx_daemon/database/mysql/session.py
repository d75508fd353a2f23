"""A read-only transaction on a MySQL or MariaDB server that always ends: in time, on cancellation, or when it is done.

The server's own limit is the first bound. A server or network that hangs does not honour it, so reads from the socket
give up a little later.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

import pymysql
from pymysql.constants import CR, ER

from ktx_daemon.cancellation import Cancellation
from ktx_daemon.database.driver import DatabaseRequest
from ktx_daemon.database.mysql.json_values import DECODERS
from ktx_daemon.errors import RequestRejected, ServerUnreachable

CLIENT_GRACE_SECONDS = 5.0
"""How long after its statement timeout a silent server is given up."""

CANCEL_SECONDS = 5

DIVISION_DIGITS = 16
"""Digits that a quotient has beyond those of its numerator, as PostgreSQL gives at least; a ratio has 4 otherwise."""

_SCHEMES = ("mysql", "mariadb")
_OPTIONS = frozenset({"unix_socket", "ssl_ca", "ssl_cert", "ssl_key"})
_MARIADB_TIMEOUT = 1969
_TIMEOUTS = frozenset({ER.QUERY_TIMEOUT, ER.STATEMENT_TIMEOUT, ER.QUERY_INTERRUPTED, _MARIADB_TIMEOUT})
_LOST = frozenset(code for name, code in vars(CR).items() if name.startswith("CR_"))
"""Errors of the client: the server cannot be reached, or went away."""


@contextmanager
def read_only_session(request: DatabaseRequest, cancellation: Cancellation, *, application: str) -> Iterator[Any]:
    """Connect and begin a read-only transaction.

    Raises `RequestRejected` for a malformed URL or what the server refuses, `ServerUnreachable` without a server.
    """
    settings = connection_settings(request.url)
    with worded(request.statement_timeout_ms):
        connection = pymysql.connect(
            **settings,
            charset="utf8mb4",
            conv=DECODERS,
            connect_timeout=request.connection_timeout_seconds,
            read_timeout=request.statement_timeout_ms / 1000 + CLIENT_GRACE_SECONDS,
            program_name=application,
            # The mode that the guard reads SQL in: double quotes are strings, and a backslash escapes.
            sql_mode="",
            local_infile=False,
        )
        try:
            _begin(connection, request.statement_timeout_ms)
            cancellation.on_cancel(lambda: _kill(settings, connection.thread_id()))
            yield connection
        finally:
            cancellation.on_cancel(None)
            with suppress(pymysql.Error):
                connection.close()


def _begin(connection: Any, timeout_ms: int) -> None:
    is_mariadb = "MariaDB" in connection.get_server_info()
    limit = f"max_statement_time = {timeout_ms / 1000}" if is_mariadb else f"max_execution_time = {timeout_ms}"
    with connection.cursor() as cursor:
        cursor.execute(f"SET SESSION {limit}, SESSION lock_wait_timeout = {max(1, timeout_ms // 1000)}")
        cursor.execute(f"SET SESSION div_precision_increment = {DIVISION_DIGITS}")
        cursor.execute("SET SESSION TRANSACTION READ ONLY")
        cursor.execute("START TRANSACTION READ ONLY")


def _kill(settings: dict[str, Any], thread: int) -> None:
    connection = pymysql.connect(**settings, connect_timeout=CANCEL_SECONDS, read_timeout=CANCEL_SECONDS)
    try:
        connection.query(f"KILL QUERY {thread}")
    finally:
        connection.close()


@contextmanager
def worded(timeout_ms: int) -> Iterator[None]:
    """Say what the server said, with its number, which names the cause in MySQL's manual."""
    try:
        yield
    except pymysql.Error as error:
        code, text = (error.args[0], str(error.args[1])) if len(error.args) > 1 else (0, str(error))
        if code in _TIMEOUTS:
            raise RequestRejected(f"the statement was cancelled; it may run for {timeout_ms} ms") from None
        if code in _LOST or not code:
            raise ServerUnreachable(f"{text} (MySQL error {code})") from None
        raise RequestRejected(f"{text} (MySQL error {code})") from None


def connection_settings(url: str) -> dict[str, Any]:
    """Read `mysql://user:password@host:port/database?option=value`. Raises `RequestRejected`, without the URL."""
    parts = _split(url)
    options = parse_qs(parts.query, keep_blank_values=True)
    if unknown := sorted(set(options) - _OPTIONS):
        raise RequestRejected(f"url has an unknown option `{unknown[0][:40]}`; known are {', '.join(sorted(_OPTIONS))}")
    settings: dict[str, Any] = {
        "host": parts.hostname or "127.0.0.1",
        "port": parts.port or 3306,
        "user": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "database": unquote(parts.path.removeprefix("/")) or None,
    }
    return settings | {option: values[-1] for option, values in options.items()}


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        valid = parts.scheme in _SCHEMES and (parts.port is None or parts.port > 0) and "/" not in parts.path[1:]
    except ValueError:
        valid = False
    if not valid or "@" in parts.path:
        raise RequestRejected(
            "url is not a valid MySQL URL: mysql://user:password@host:3306/database, with @ as %40 and / as %2F in "
            "its user and password"
        )
    return parts

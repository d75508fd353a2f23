"""A read-only session on a ClickHouse server that always ends: in time, on cancellation, or when it is done.

Every statement is one HTTP request that carries the settings of the session: the server reads only, within the time
limit. A server or network that hangs does not honour it, so reads from the socket give up a little later.
"""

import logging
import math
import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

import clickhouse_connect
from clickhouse_connect import common
from clickhouse_connect.driver.exceptions import ClickHouseError, DatabaseError
from urllib3.exceptions import HTTPError

from ktx_daemon.cancellation import Cancellation
from ktx_daemon.database.driver import DatabaseRequest
from ktx_daemon.errors import RequestRejected, ServerUnreachable

CLIENT_GRACE_SECONDS = 15.0
"""How long after its statement timeout a silent server is given up."""

OLDEST = (23, 8)
"""The oldest version with every setting of a session."""

_FORMAT = "JSONCompactEachRowWithNamesAndTypes"
_FORMAT_SETTINGS = {
    "date_time_output_format": "simple",
    "output_format_decimal_trailing_zeros": 1,
    "output_format_json_quote_64bit_integers": 0,
    "output_format_json_quote_decimals": 0,
    "output_format_json_quote_denormals": 1,
    "output_format_json_validate_utf8": 0,
}
_PORTS = {"clickhouse": 8123, "http": 8123, "clickhouses": 8443, "https": 8443}
_SECURE = ("clickhouses", "https")
_OPTIONS = {"ca_cert": "ca_cert", "client_cert": "client_cert", "client_key": "client_cert_key"}
_TIMEOUT, _CANCELLED = 159, 394
_PREFIX = re.compile(r"\A(?:.*?server response: )?(?:Code: \d+\. DB::Exception: )*", re.DOTALL)

# The client writes a line to the terminal for a server that it does not reach.
logging.getLogger("clickhouse_connect").addHandler(logging.NullHandler())
# The client would report the name of the operating system's user to the server.
common.set_setting("send_os_user", False)


class ClickhouseConnection:
    """A connection whose statements read only and end in time. Raises what `worded` makes of the server's errors."""

    def __init__(self, client: Any, timeout_ms: int, application: str) -> None:
        self.client = client
        self.timeout_ms = timeout_ms
        self.query_id = f"{application}-{uuid.uuid4()}"
        setting = client.server_settings.get("readonly")
        self.readonly_of_user = setting.value if setting else "0"

    @contextmanager
    def read(self, sql: str, settings: Mapping[str, Any]) -> Iterator[IO[bytes]]:
        """Run a statement and give the lines of its answer: names, types, rows."""
        bounds: dict[str, Any] = {"max_execution_time": self.timeout_ms / 1000, "timeout_overflow_mode": "throw"}
        if self.readonly_of_user == "0":
            bounds["readonly"] = 1
        transport = {"query_id": self.query_id, "wait_end_of_query": 1}
        with worded(self.timeout_ms):
            stream = self.client.raw_stream(
                sql, fmt=_FORMAT, settings={**_FORMAT_SETTINGS, **settings, **bounds, **transport}
            )
            try:
                yield stream
            finally:
                stream.close()


@contextmanager
def read_only_session(
    request: DatabaseRequest, cancellation: Cancellation, *, application: str
) -> Iterator[ClickhouseConnection]:
    """Connect.

    Raises `RequestRejected` for a malformed URL or what the server refuses, `ServerUnreachable` without a server.
    """
    settings = connection_settings(request.url)
    with worded(request.statement_timeout_ms):
        client = clickhouse_connect.get_client(
            **settings,
            client_name=application,
            compress=False,
            autogenerate_session_id=False,
            query_retries=0,
            connect_timeout=request.connection_timeout_seconds,
            send_receive_timeout=math.ceil(request.statement_timeout_ms / 1000 + CLIENT_GRACE_SECONDS),
            show_clickhouse_errors=True,
            dedicated_pool=True,
        )
    try:
        require_version(str(client.server_version))
        connection = ClickhouseConnection(client, request.statement_timeout_ms, application)
        if connection.readonly_of_user == "1":
            raise RequestRejected(
                f"the user `{settings['username']}` has the setting readonly = 1, under which a session cannot set its "
                "time limit; ktx only reads, so give the user readonly = 2, or only the grant SELECT"
            )
        cancellation.on_cancel(lambda: _kill(client, connection.query_id))
        yield connection
    finally:
        cancellation.on_cancel(None)
        client.close()


def require_version(version: str) -> None:
    """Raise `RequestRejected` for a server without the settings of a session."""
    if tuple(int(part) for part in re.findall(r"\d+", version)[:2]) < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise RequestRejected(f"the server is ClickHouse {version}; ktx needs {oldest} or newer")


def _kill(client: Any, query_id: str) -> None:
    client.command(f"KILL QUERY WHERE query_id = '{query_id}' ASYNC")


@contextmanager
def worded(timeout_ms: int) -> Iterator[None]:
    """Say what the server said, with its number, which names the cause in ClickHouse's list of errors."""
    try:
        yield
    except DatabaseError as error:
        code = error.code
        if code is None:
            raise ServerUnreachable(f"there is no answer from the ClickHouse server: {_cause(error)}") from None
        if code in (_TIMEOUT, _CANCELLED):
            raise RequestRejected(f"the statement was cancelled; it may run for {timeout_ms} ms") from None
        text = _PREFIX.sub("", str(error)).partition(f" ({error.name})")[0]
        raise RequestRejected(f"{text} (ClickHouse error {code})") from None
    except (ClickHouseError, HTTPError) as error:
        raise ServerUnreachable(f"there is no answer from the ClickHouse server: {_cause(error)}") from None


def _cause(error: BaseException) -> str:
    """What the HTTP library says at the bottom, which names the host and not the request."""
    cause = error.__cause__ or error
    reason = getattr(cause, "reason", None) or cause
    return str(reason).rpartition("): ")[2] or type(reason).__name__


def connection_settings(url: str) -> dict[str, Any]:
    """Read `clickhouse://user:password@host:port/database?option=value`. Raises `RequestRejected`, without the URL."""
    parts = _split(url)
    options = parse_qs(parts.query, keep_blank_values=True)
    if unknown := sorted(set(options) - set(_OPTIONS)):
        raise RequestRejected(f"url has an unknown option `{unknown[0][:40]}`; known are {', '.join(sorted(_OPTIONS))}")
    settings: dict[str, Any] = {
        "host": parts.hostname or "127.0.0.1",
        "port": parts.port or _PORTS[parts.scheme],
        "secure": parts.scheme in _SECURE,
        "username": unquote(parts.username or "default"),
        "password": unquote(parts.password or ""),
        "database": unquote(parts.path.removeprefix("/")) or "default",
    }
    return settings | {_OPTIONS[option]: values[-1] for option, values in options.items()}


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        valid = parts.scheme in _PORTS and (parts.port is None or parts.port > 0) and "/" not in parts.path[1:]
    except ValueError:
        valid = False
    if not valid or "@" in parts.path:
        raise RequestRejected(
            "url is not a valid ClickHouse URL: clickhouse://user:password@host:8123/database, or clickhouses:// for "
            "TLS, with @ as %40 and / as %2F in its user and password"
        )
    return parts

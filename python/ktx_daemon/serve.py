"""`serve-http`: bind, serve, report readiness, leave. Controls the process: signals, logs, exit code."""

import json
import logging
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path

from uvicorn import Config, Server

from ktx_daemon.application import build_application
from ktx_daemon.command_line import ServeOptions
from ktx_daemon.http_protocol import BoundedHttpProtocol
from ktx_daemon.identity import Identity, TokenRefused, package_version, read_token
from ktx_daemon.invocation import allow_deep_nesting
from ktx_daemon.leaving import CHECK_SECONDS, Leaving
from ktx_daemon.log import configure_logging
from ktx_daemon.work import Work

HOST = "127.0.0.1"
GRACE_SECONDS = 4
"""How long running requests may take to end; with uvicorn's own pauses the whole stays under 5 seconds."""

KEEP_ALIVE_SECONDS = 15
BACKLOG = 128
"""As many connections may wait to be accepted; those of the owner are read before the next as many come."""

SWITCH_SECONDS = 0.001
TICKS_PER_SECOND = 10

logger = logging.getLogger(__name__)


class ReadyFileRefused(Exception):
    """The ready file cannot be written; the message says why."""


class DaemonServer(Server):
    """uvicorn's server, which says when it is ready and asks now and then whether to leave."""

    def __init__(self, config: Config, leaving: Leaving, work: Work, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self.leaving = leaving
        self.work = work
        self.on_ready = on_ready

    def leave(self) -> None:
        """End once running requests are done."""
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start answering, then say so."""
        await super().startup(sockets)
        self.on_ready()

    async def on_tick(self, counter: int) -> bool:
        """Leave when there is a reason to and no request in work."""
        if counter % TICKS_PER_SECOND == 0 and not self.work.running and (reason := self.leaving.reason()):
            logger.info("leaving: %s", reason)
            return True
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Wait for running requests, then stop what is left of them."""
        await super().shutdown(sockets)
        self.work.abandon()


def serve(options: ServeOptions) -> int:
    """Serve until asked to stop; return the exit code."""
    configure_logging(options.log_level)
    try:
        token = read_token(options.token_file) if options.token_file else None
        listener = _bind(options.port)
    except (TokenRefused, OSError) as error:
        sys.stderr.write(f"ktx-daemon: {error}\n")
        return 1
    installed = package_version()
    identity = Identity(os.environ.get("KTX_DAEMON_VERSION") or installed, installed, options.instance, token)
    port = listener.getsockname()[1]

    def report_ready() -> None:
        logger.info("serving on http://%s:%d", HOST, port)
        if options.ready_file is not None:
            _write_ready_file(options.ready_file, identity, port)

    work = Work()
    leaving = Leaving(options.idle_seconds, options.token_file, options.instance, check_seconds=CHECK_SECONDS)
    server: DaemonServer
    application = build_application(identity, work, leaving.note_use, lambda: server.leave())
    config = Config(
        application,
        http=BoundedHttpProtocol,
        loop="asyncio",
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    server = DaemonServer(config, leaving, work, report_ready)
    allow_deep_nesting()
    # Threads that parse SQL hold the interpreter for up to this long while a health check waits.
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        server.run(sockets=[listener])
    except KeyboardInterrupt:
        return 130
    except ReadyFileRefused as error:
        sys.stderr.write(f"ktx-daemon: {error}\n")
        return 1
    if work.has_stuck_threads:
        # The interpreter would wait for them at its end.
        logging.shutdown()
        os._exit(0)
    return 0


def _bind(port: int) -> socket.socket:
    # asyncio turns Nagle's algorithm off only for sockets that say they are TCP; with it an answer takes 40 ms more.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if os.name == "posix":
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    else:  # Windows' SO_REUSEADDR would let another process bind the same port.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)  # type: ignore[attr-defined,unused-ignore]
    try:
        listener.bind((HOST, port))
    except OSError as error:
        listener.close()
        hint = "choose another port with --port; 0 takes a free one"
        raise OSError(f"failed to bind `{HOST}:{port}`: {error.strerror}\nhint: {hint}") from None
    return listener


def _write_ready_file(path: Path, identity: Identity, port: int) -> None:
    """Write the ready file in one step, readable by its owner only."""
    ready = {
        "schemaVersion": 1,
        "pid": os.getpid(),
        "host": HOST,
        "port": port,
        "instance": identity.instance,
        "version": identity.version,
        "packageVersion": identity.package_version,
    }
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        temporary.unlink(missing_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123 (a descriptor, not a path)
            file.write(json.dumps(ready, separators=(",", ":")) + "\n")
        temporary.replace(path)
    except OSError as error:
        raise ReadyFileRefused(f"failed to write ready file `{path}`: {error.strerror}") from None

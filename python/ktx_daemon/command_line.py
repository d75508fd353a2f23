"""The flags of `serve-http` and the usage texts. Nothing is imported here that a wrong flag does not need."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ktx_daemon.endpoints import ENDPOINTS

LOG_LEVELS = ("critical", "error", "warning", "info", "debug", "trace")
LOOPBACK_HOSTS = ("127.0.0.1", "localhost")
DEFAULT_PORT = 8765
DEFAULT_IDLE_SECONDS = 4 * 60 * 60
INSTANCE_DIGITS = 32


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """How one daemon serves. Without `token_file` it was started by hand and requires no token."""

    port: int
    instance: str | None
    token_file: Path | None
    ready_file: Path | None
    idle_seconds: float
    log_level: str


def parse_arguments(arguments: Sequence[str]) -> ServeOptions:
    """Read the arguments of `serve-http`; anything else ends the process with usage and status 2."""
    parser = _parser()
    flags = parser.parse_args(arguments)
    if flags.token_file and not flags.instance:
        parser.error("--token-file needs --instance: the proof of the token names the instance")
    return ServeOptions(
        port=flags.port,
        instance=flags.instance,
        token_file=flags.token_file,
        ready_file=flags.ready_file,
        idle_seconds=flags.idle_seconds,
        log_level=flags.log_level,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ktx-daemon", description="SQL analysis and the semantic layer of ktx.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="<command>")
    for endpoint in ENDPOINTS:
        about = f"answer one `POST {endpoint.path}` request: JSON on stdin, one JSON line on stdout"
        commands.add_parser(endpoint.command, help=about, description=about)
    serve = commands.add_parser("serve-http", help="serve all of them over HTTP on the loopback interface")
    serve.add_argument("--host", type=_loopback_host, default="127.0.0.1", help="loopback only (127.0.0.1)")
    serve.add_argument("--port", type=_port, default=DEFAULT_PORT, help="0 takes a free one (%(default)s)")
    serve.add_argument("--instance", type=_instance, help="32 hex digits that name this start of the daemon")
    serve.add_argument("--token-file", type=Path, help="private file with the token that requests must carry")
    serve.add_argument("--ready-file", type=Path, help="file to write once requests are answered")
    serve.add_argument(
        "--idle-seconds",
        type=_seconds,
        default=DEFAULT_IDLE_SECONDS,
        help="leave after this long without a request, 0 never (%(default)s)",
    )
    serve.add_argument("--log-level", choices=LOG_LEVELS, default="info", help="what to log on stderr (%(default)s)")
    return parser


def _loopback_host(text: str) -> str:
    if text not in LOOPBACK_HOSTS:
        raise argparse.ArgumentTypeError(f"`{text}` is not allowed; the daemon serves on 127.0.0.1 only")
    return text


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"`{text}` is not a port; give a number from 0 to 65535")
    return int(text)


def _instance(text: str) -> str:
    if len(text) != INSTANCE_DIGITS or set(text) - set("0123456789abcdef"):
        raise argparse.ArgumentTypeError(f"`{text}` is not {INSTANCE_DIGITS} lower-case hex digits")
    return text


def _seconds(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"`{text}` is not a number of seconds; give 0 or more")
    return int(text)

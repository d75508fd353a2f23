"""A real daemon process for tests: started as the runtime starts it, driven over its socket, always ended."""

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

INSTANCE = "0123456789abcdef0123456789abcdef"
TOKEN = bytes(range(32)).hex()
VERSION = "0.4.0"
START_SECONDS = 60.0
PYTHON_DIRECTORY = Path(__file__).parents[2]


@dataclass
class Answer:
    """A response, whole."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Daemon:
    """A running daemon and what its client knows about it."""

    process: subprocess.Popen[bytes]
    directory: Path
    port: int
    token: str | None

    def request(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """Send one request as `ktx` would; a header given as empty text is left out."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        known = {"Content-Type": "application/json"} if body is not None else {}
        if self.token is not None:
            known["Authorization"] = f"Bearer {self.token}"
        sent = {name: value for name, value in (known | (headers or {})).items() if value}
        try:
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    def post(self, path: str, payload: Any, headers: dict[str, str] | None = None) -> Answer:
        """POST a JSON payload."""
        return self.request("POST", path, json.dumps(payload).encode(), headers)

    def shortest_health_seconds(self) -> float:
        """Ask for health twenty times. The shortest, so that a busy machine does not fail the test for the daemon."""
        times = []
        for _ in range(20):
            started = time.monotonic()
            assert self.request("GET", "/health").status == 200
            times.append(time.monotonic() - started)
        return min(times)

    def log(self) -> str:
        """Return what the daemon said so far."""
        return (self.directory / "stderr.log").read_text(encoding="utf-8", errors="replace")

    def wait(self, seconds: float = 60.0) -> int:
        """Wait for the process to end and return its exit status."""
        return self.process.wait(seconds)


@contextmanager
def running_daemon(
    directory: Path,
    *arguments: str,
    token: str | None = TOKEN,
    command: list[str] | None = None,
    python_path: str = "",
) -> Iterator[Daemon]:
    """Start a daemon in `directory` and wait until it says that it is ready."""
    ready = directory / "daemon.ready.json"
    flags = ["--host", "127.0.0.1", "--port", "0", "--ready-file", str(ready)]
    if token is not None:
        flags += ["--instance", INSTANCE, "--token-file", str(write_token(directory, token))]
    command = command or [sys.executable, "-m", "ktx_daemon", "serve-http"]
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(directory),
        "PYTHONPATH": os.pathsep.join(filter(None, (str(PYTHON_DIRECTORY), python_path))),
        "KTX_DAEMON_VERSION": VERSION,
    }
    with (directory / "stderr.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, *flags, *arguments],
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stderr=log,
        )
    try:
        deadline = time.monotonic() + START_SECONDS
        while not ready.exists():
            said = (directory / "stderr.log").read_text(encoding="utf-8", errors="replace")
            assert process.poll() is None, f"the daemon ended with {process.returncode}:\n{said}"
            assert time.monotonic() < deadline, f"the daemon did not become ready:\n{said}"
            time.sleep(0.005)
        yield Daemon(process, directory, json.loads(ready.read_bytes())["port"], token)
    finally:
        process.kill()
        process.wait()


def write_token(directory: Path, token: str = TOKEN) -> Path:
    """Write a token file as the runtime does."""
    path = directory / "daemon.token"
    path.touch(mode=0o600)
    path.write_text(token + "\n", encoding="ascii")
    return path

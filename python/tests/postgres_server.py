"""A real PostgreSQL server for tests: started on first use, in its own directory, gone afterwards.

A ``conftest.py`` takes it with ``from tests.postgres_server import postgres_server``. Tests that use the
fixture are skipped, with the reason, where no PostgreSQL is installed; with ``KTX_TEST_NO_SKIP=1`` they
fail instead.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

_HINT = "install PostgreSQL's server (Debian: postgresql) so that initdb and pg_ctl are found"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of an empty database whose superuser is ``postgres``, without a password, on loopback."""
    programs = _server_programs()
    if programs is None:
        if os.environ.get("KTX_TEST_NO_SKIP") == "1":
            pytest.fail(f"PostgreSQL is not installed: {_HINT}")
        pytest.skip(f"PostgreSQL is not installed: {_HINT}")
    with tempfile.TemporaryDirectory(prefix="ktx-postgres-", ignore_cleanup_errors=True) as directory:
        home = Path(directory)
        user = _unprivileged_user(home)
        cluster = home / "cluster"
        _run(
            [
                *user,
                str(programs / "initdb"),
                "-D",
                str(cluster),
                "-U",
                "postgres",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--no-locale",
            ]
        )
        port = _free_port()
        settings = f"-p {port} -k {home} -c listen_addresses=127.0.0.1 -c fsync=off -c full_page_writes=off"
        control = [*user, str(programs / "pg_ctl"), "-D", str(cluster)]
        try:
            _run([*control, "-l", str(home / "log"), "-w", "-t", "60", "-o", settings, "start"])
            yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
        finally:
            subprocess.run([*control, "-m", "immediate", "-w", "stop"], capture_output=True, cwd=home, check=False)


def _server_programs() -> Path | None:
    """The directory that holds ``initdb`` and ``pg_ctl``: on the path, or where Debian keeps the newest."""
    candidates = [Path(found).resolve().parent for found in [shutil.which("initdb")] if found]
    candidates += sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True
    )
    return next((path for path in candidates if (path / "initdb").exists() and (path / "pg_ctl").exists()), None)


def _unprivileged_user(home: Path) -> list[str]:
    """A command prefix: the server refuses to run as root, so root hands the directory to ``postgres``."""
    if os.geteuid() != 0:
        return []
    shutil.chown(home, "postgres", "postgres")
    return ["runuser", "-u", "postgres", "--"]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, cwd="/", check=False)
    if done.returncode != 0:
        raise RuntimeError(f"failed to run `{' '.join(command)}`: {done.stdout}{done.stderr}")

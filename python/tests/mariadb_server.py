"""A real MariaDB server for tests: started on first use on a private socket, gone afterwards.

Tests that use the fixture are skipped, with the reason, where no MariaDB is installed; with ``KTX_TEST_NO_SKIP=1``
they fail instead.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

_HINT = "install MariaDB's server (Debian: mariadb-server) so that mariadbd and mariadb-install-db are found"
_START_SECONDS = 60.0


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[str]:
    """The socket of an empty server whose `root` has no password."""
    programs = [
        shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin") for name in ("mariadbd", "mariadb-install-db")
    ]
    if None in programs:
        if os.environ.get("KTX_TEST_NO_SKIP") == "1":
            pytest.fail(f"MariaDB is not installed: {_HINT}")
        pytest.skip(f"MariaDB is not installed: {_HINT}")
    server, install = map(str, programs)
    # Sockets have short paths.
    with tempfile.TemporaryDirectory(prefix="ktx-mariadb-", ignore_cleanup_errors=True) as directory:
        home = Path(directory)
        user = []
        if os.geteuid() == 0:
            shutil.chown(home, "mysql", "mysql")
            user = ["--user=mysql"]
        data, socket = home / "data", home / "s"
        _run(
            [install, "--no-defaults", *user, f"--datadir={data}", "--auth-root-authentication-method=normal",
             "--skip-test-db", "--skip-name-resolve"]
        )  # fmt: skip
        with (home / "log").open("wb") as log:
            process = subprocess.Popen(
                [server, "--no-defaults", *user, f"--datadir={data}", f"--socket={socket}", "--skip-networking",
                 f"--pid-file={home}/pid", "--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0",
                 "--innodb-buffer-pool-size=32M", "--skip-log-bin"],
                stdout=log, stderr=log, cwd="/",
            )  # fmt: skip
        try:
            _wait_for(socket, process, home / "log")
            yield str(socket)
        finally:
            process.kill()
            process.wait()


def _wait_for(socket: Path, process: subprocess.Popen[bytes], log: Path) -> None:
    import pymysql  # not needed by the tests of other databases

    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            pymysql.connect(unix_socket=str(socket), user="root").close()
        except pymysql.Error:
            said = log.read_text(encoding="utf-8", errors="replace")[-2000:]
            assert process.poll() is None, f"mariadbd ended with {process.returncode}:\n{said}"
            assert time.monotonic() < deadline, f"mariadbd did not start:\n{said}"
            time.sleep(0.02)
        else:
            return


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, cwd="/", check=False)
    if done.returncode != 0:
        raise RuntimeError(f"failed to run `{' '.join(command)}`: {done.stdout}{done.stderr}")

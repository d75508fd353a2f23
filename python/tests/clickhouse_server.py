"""ClickHouse's real engine for tests, behind HTTP: started on first use, gone afterwards.

The engine is that of `chdb`, in a process and an environment of its own. Tests that use the fixture are skipped, with
the reason, where there is none; with ``KTX_TEST_NO_SKIP=1`` they fail instead.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

PYTHON = "KTX_CHDB_PYTHON"
"""The interpreter that has chdb; `cargo xtask test` sets it."""

_FRONT = Path(__file__).parent / "chdb_http.py"


@pytest.fixture(scope="session")
def clickhouse_server() -> Iterator[str]:
    """The address of an empty server, `host:port`, whose user `default` has no password."""
    python = os.environ.get(PYTHON)
    if python is None:
        told = f"{PYTHON} names no interpreter with chdb; cargo xtask test --suite payload sets it"
        (pytest.fail if os.environ.get("KTX_TEST_NO_SKIP") == "1" else pytest.skip)(told)
    with tempfile.TemporaryDirectory(prefix="ktx-chdb-", ignore_cleanup_errors=True) as home:
        log = Path(home) / "log"
        with log.open("wb") as errors:
            front = subprocess.Popen(
                [python, str(_FRONT), f"{home}/data"], stdout=subprocess.PIPE, stderr=errors, cwd=home, text=True
            )
        try:
            assert front.stdout is not None
            address = front.stdout.readline().strip()
            assert address, f"chdb did not start:\n{log.read_text(encoding='utf-8', errors='replace')[-2000:]}"
            yield address
        finally:
            front.kill()
            front.wait()

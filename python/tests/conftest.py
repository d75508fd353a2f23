"""Fixtures that every test may ask for."""

import pytest

from tests.clickhouse_server import clickhouse_server
from tests.ktx_daemon.driver_worlds import world
from tests.ktx_daemon.zoo_database import zoo_url
from tests.mariadb_server import mariadb_server
from tests.postgres_server import postgres_server

__all__ = ["clickhouse_server", "mariadb_server", "postgres_server", "world", "zoo_url"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how to run what a standard run leaves out."""
    if "not real_embeddings" in terminalreporter.config.getoption("-m") and terminalreporter.stats.get("deselected"):
        terminalreporter.write_line(
            "left out: tests of the real embedding library. To run them, install the local-embeddings extra, "
            "set KTX_EMBEDDING_MODEL to a directory with all-MiniLM-L6-v2 and run: pytest -m real_embeddings"
        )

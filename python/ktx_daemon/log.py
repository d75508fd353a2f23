"""Where log lines go and their format: one line each on stderr, with secrets masked."""

import logging
import sys

from ktx_daemon.redaction import redact

TRACE = 5
"""uvicorn's level below DEBUG."""


class RedactingFormatter(logging.Formatter):
    """Masks credentials in the finished line, so that no caller can forget to; tracebacks included."""

    def format(self, record: logging.LogRecord) -> str:
        """Format the record."""
        return redact(super().format(record))


def configure_logging(level: str) -> None:
    """Send everything from `level` up to stderr."""
    logging.addLevelName(TRACE, "TRACE")
    lines = logging.StreamHandler(sys.stderr)
    lines.setFormatter(RedactingFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=level.upper(), handlers=[lines], force=True)

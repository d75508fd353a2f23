"""Fixtures that the semantic layer's tests share."""

from tests.postgres_server import postgres_server

__all__ = ["postgres_server"]

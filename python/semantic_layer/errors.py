"""The one exception of the semantic layer, and how its messages are made fit for users."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches

_ANSI_CODE = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_LONGEST_QUOTE = 200


class SemanticLayerError(ValueError):
    """A model or a query was refused. The text says what is wrong and carries no terminal codes."""

    def __init__(self, message: str) -> None:
        super().__init__(_ANSI_CODE.sub("", message))


def quoted(text: str) -> str:
    """User text for a message, shortened so that a hostile request cannot flood a log."""
    return text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]}…"


def nearest(name: str, known: Iterable[str]) -> str:
    """`` Did you mean 'x'?`` for a misspelt name, or nothing when no known name is close."""
    matches = get_close_matches(name[:_LONGEST_QUOTE], list(known), n=2, cutoff=0.7)
    if not matches:
        return ""
    return f" Did you mean {' or '.join(repr(match) for match in matches)}?"

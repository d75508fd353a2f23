"""The one exception of the semantic layer, and how its messages are made readable for users."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice

_ANSI_CODE = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_CONTROL_CHARACTER = re.compile(r"[\x00-\x1f\x7f]+")
_LONGEST_QUOTE = 200
# Comparing names is slow; a model may have tens of thousands.
_MOST_COMPARED = 2_000


class SemanticLayerError(ValueError):
    """A model or a query was refused. The text says what is wrong and carries no terminal codes.

    A hint, what to do about it, is its second line.
    """

    def __init__(self, message: str, hint: str | None = None) -> None:
        text = _ANSI_CODE.sub("", message)
        super().__init__(f"{text}\nhint: {hint}" if hint else text)


def quoted(text: str) -> str:
    """User text for a message: on one line, and shortened so that a hostile request cannot flood a log."""
    text = _CONTROL_CHARACTER.sub(" ", text)
    return text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]}…"


def nearest(name: str, known: Iterable[str]) -> str:
    """`` Did you mean 'x'?`` for a misspelt name, or nothing when no known name is close."""
    matches = nearest_names(name, known)
    return f" Did you mean {' or '.join(repr(match) for match in matches)}?" if matches else ""


def nearest_names(name: str, known: Iterable[str], cutoff: float = 0.7) -> list[str]:
    """At most two known names that a misspelt one may stand for, the closest first."""
    if len(name) > _LONGEST_QUOTE:
        return []
    # Only a refusal needs it.
    from difflib import get_close_matches

    alike = (other for other in known if abs(len(other) - len(name)) <= 1 + len(name) // 3)
    return get_close_matches(name, list(islice(alike, _MOST_COMPARED)), n=2, cutoff=cutoff)


def unknown_key(key: str, where: str, known: Iterable[str]) -> str:
    """``unknown key `filters` in measure `gross`: did you mean `filter`?``."""
    near = nearest_names(key, known, cutoff=0.5)
    meant = f": did you mean `{near[0]}`?" if near else f" (it knows {', '.join(known)})"
    return f"unknown key `{quoted(key)}` in {where}{meant}"

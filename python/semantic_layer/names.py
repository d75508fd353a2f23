"""Finds what a name in a reference means: quoted names as they are, others also without regard to letter case."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_QUOTED = re.compile(r'"((?:[^"]|"")*)"|`((?:[^`]|``)*)`|\[([^\]]*)\]')


@dataclass(frozen=True, slots=True)
class Name:
    """One part of a reference."""

    text: str
    is_quoted: bool = False


class Vocabulary:
    """A set of defined names."""

    def __init__(self, names: Iterable[str]) -> None:
        self._exact = dict.fromkeys(names)
        self._folded: dict[str, list[str]] | None = None

    def find(self, name: Name) -> str | None:
        """The defined name: the same, or for an unquoted name the only one that differs in letter case alone."""
        if name.text in self._exact:
            return name.text
        if name.is_quoted:
            return None
        if self._folded is None:
            folded: dict[str, list[str]] = {}
            for known in self._exact:
                folded.setdefault(known.lower(), []).append(known)
            self._folded = folded
        alike = self._folded.get(name.text.lower(), ())
        return alike[0] if len(alike) == 1 else None

    def __iter__(self) -> Iterator[str]:
        """The names in order of definition."""
        return iter(self._exact)

    def __contains__(self, name: object) -> bool:
        """Whether exactly this name is defined."""
        return name in self._exact


def split_reference(text: str) -> list[Name]:
    """``a."b c".d`` as names. Dots inside quotes do not split; a text that is not a reference gives unknown names."""
    if '"' not in text and "`" not in text and "[" not in text:
        return [Name(part.strip()) for part in text.split(".")]
    parts: list[Name] = []
    position = 0
    while True:
        match = _QUOTED.match(text, position)
        if match:
            inner = next(group for group in match.groups() if group is not None)
            parts.append(Name(inner.replace('""', '"').replace("``", "`"), is_quoted=True))
            end = match.end()
        else:
            end = text.find(".", position)
            end = len(text) if end < 0 else end
            parts.append(Name(text[position:end].strip()))
        if end >= len(text):
            return parts
        if text[end] != ".":
            return [Name(text)]
        position = end + 1


def written(name: str) -> str:
    """The name as a reference spells it: in quotes when it is not a plain word."""
    return name if name.isidentifier() else '"{}"'.format(name.replace('"', '""'))

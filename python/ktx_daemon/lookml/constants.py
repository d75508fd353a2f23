"""`@{name}`: constants of a project's manifest, put in before anything else is looked at."""

import re
from collections.abc import Iterable, Mapping

from ktx_daemon.lookml.syntax import Block

_REFERENCE = re.compile(r"@\{\s*(\w+)\s*\}")

_MOST_LEVELS = 10
"""Constants that name constants deeper than this are taken for a circle."""


class Constants:
    """The values to put in; a name without a value stays as written."""

    def __init__(self, files: Iterable[tuple[str, Block]], overrides: Mapping[str, str]) -> None:
        declared = {
            constant.name: value
            for path, file in files
            if "manifest" in path.lower()
            for constant in file.blocks("constant")
            if (value := constant.text("value")) is not None
        }
        self._values = declared | dict(overrides)

    def put_into(self, block: Block) -> None:
        """Replace the references in every text of a block."""
        if self._values:
            block.entries[:] = [type(entry)(entry.key, self._into(entry.value), entry.line) for entry in block.entries]

    def _into(self, value: object) -> object:
        if isinstance(value, str):
            return self._into_text(value)
        if isinstance(value, list):
            return [self._into(item) for item in value]
        if isinstance(value, tuple):
            return (value[0], self._into(value[1]))
        if isinstance(value, Block):
            self.put_into(value)
        return value

    def _into_text(self, text: str) -> str:
        for _ in range(_MOST_LEVELS):
            if "@{" not in text:
                break
            replaced = _REFERENCE.sub(lambda match: self._values.get(match[1], match[0]), text)
            if replaced == text:
                break
            text = replaced
        return text


def unresolved(text: str) -> str | None:
    """The first constant that has no value, as written."""
    found = _REFERENCE.search(text)
    return found[0] if found else None

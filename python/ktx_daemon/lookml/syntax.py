"""LookML text as blocks of settings that know their lines.

Read in one pass whose every step moves on, so that no text makes it spin; a text that takes too long is given up.
"""

import re
import time
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import lru_cache

SECONDS_PER_FILE = 2.0
"""Of computing, whatever else the machine does. A file of 10,000 lines takes a tenth of it."""

_STEPS_PER_CLOCK_READING = 500
_DEEPEST = 200

_BLANK = re.compile(r"(?:\s+|#[^\n]*)*+")
_KEY = re.compile(r"([\w.+-]+)\s*+:(?!:)")
_STRING = re.compile(r'"((?:[^"\\]|\\.)*+)"', re.DOTALL)
_WORD = re.compile(r"""[^\s#{}\[\]",;:]+(?:::[^\s#{}\[\]",;:]+)*""")
_OLD_YAML = re.compile(r"^[^\S\n]*-\s+(?:view|explore|connection|include|base_view)\s*:", re.MULTILINE)
_DASHBOARD = re.compile(r"^[^\S\n]*-\s+dashboard\s*:", re.MULTILINE)


class NotLookml(Exception):
    """The text breaks off being LookML at a line."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line


@dataclass(frozen=True, slots=True)
class Entry:
    """`key: value`. A value is a text, a list of values, a pair inside a list, or a block."""

    key: str
    value: object
    line: int


@dataclass(slots=True)
class Block:
    """`name { entries }`; the name is empty where LookML gives none."""

    name: str
    line: int
    entries: list[Entry] = field(default_factory=list)

    def blocks(self, key: str) -> list["Block"]:
        """The blocks of a key in their order."""
        return [entry.value for entry in self.entries if entry.key == key and isinstance(entry.value, Block)]

    def text(self, key: str) -> str | None:
        """The last text of a key."""
        texts = [entry.value for entry in self.entries if entry.key == key and isinstance(entry.value, str)]
        return texts[-1] if texts else None

    def values(self, key: str) -> list[object]:
        """Every value of a key in its order."""
        return [entry.value for entry in self.entries if entry.key == key]


def is_dashboard(text: str) -> bool:
    """Whether the text is a dashboard, the only thing that LookML still writes as YAML."""
    return _DASHBOARD.search(text) is not None


def read(text: str) -> Block:
    """The blocks of a file. Raises `NotLookml` with the line at which it cannot be read."""
    if old := _OLD_YAML.search(text):
        line = text.count("\n", 0, old.end()) + 1
        raise NotLookml(line, "it is LookML in the old YAML form, which Looker itself converts")
    return _Reader(text).file()


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._steps = 0
        self._deadline = time.thread_time() + SECONDS_PER_FILE
        self._newlines = [match.start() for match in re.finditer("\n", text)]

    def file(self) -> Block:
        whole = Block("", 1)
        self._entries(whole, 0)
        if self._at < len(self._text):
            raise self._unexpected("a `}` without a `{`")
        return whole

    def _entries(self, block: Block, depth: int) -> None:
        if depth > _DEEPEST:
            raise self._unexpected(f"blocks nest more than {_DEEPEST} deep")
        while True:
            self._skip()
            if self._at >= len(self._text) or self._text[self._at] == "}":
                return
            key = _KEY.match(self._text, self._at)
            if key is None:
                raise self._unexpected(f"expected `name:`, found `{self._found()}`")
            line = self._line()
            self._at = key.end()
            block.entries.append(Entry(key[1], self._value(key[1], depth), line))

    def _value(self, key: str, depth: int) -> object:
        if _is_sql(key):
            return self._until_semicolons(key)
        self._skip()
        first = self._text[self._at : self._at + 1]
        if first == '"':
            return self._string()
        if first == "[":
            return self._list(depth)
        if first == "{":
            return self._block("", depth)
        word = self._word(f"a value of `{key}`")
        self._skip()
        if self._text[self._at : self._at + 1] == "{":
            return self._block(word, depth)
        return word

    def _block(self, name: str, depth: int) -> Block:
        block = Block(name, self._line())
        self._at += 1
        self._entries(block, depth + 1)
        if self._at >= len(self._text):
            raise NotLookml(block.line, f"the block `{name or '{'}` is not closed")
        self._at += 1
        return block

    def _list(self, depth: int) -> list[object]:
        opened = self._line()
        if depth > _DEEPEST:
            raise self._unexpected(f"lists nest more than {_DEEPEST} deep")
        self._at += 1
        items: list[object] = []
        while True:
            self._skip()
            first = self._text[self._at : self._at + 1]
            if first == "":
                raise NotLookml(opened, "the list is not closed")
            if first in "],":
                self._at += 1
                if first == "]":
                    return items
                continue
            key = _KEY.match(self._text, self._at)
            if key is None:
                items.append(self._string() if first == '"' else self._word("an item of a list"))
            else:
                self._at = key.end()
                items.append((key[1], self._value("", depth + 1)))

    def _string(self) -> str:
        string = _STRING.match(self._text, self._at)
        if string is None:
            raise self._unexpected("a text in quotes is not closed")
        self._at = string.end()
        return string[1].replace('\\"', '"')

    def _word(self, what: str) -> str:
        word = _WORD.match(self._text, self._at)
        if word is None:
            raise self._unexpected(f"expected {what}, found `{self._found()}`")
        self._at = word.end()
        return word[0]

    def _until_semicolons(self, key: str) -> str:
        end = self._text.find(";;", self._at)
        if end < 0:
            raise self._unexpected(f"`{key}` is not closed by `;;`")
        sql = self._text[self._at : end].strip()
        self._at = end + 2
        return sql

    def _skip(self) -> None:
        blank = _BLANK.match(self._text, self._at)
        self._at = blank.end() if blank else self._at
        self._steps += 1
        if self._steps % _STEPS_PER_CLOCK_READING == 0 and time.thread_time() > self._deadline:
            raise self._unexpected(f"reading it took longer than {SECONDS_PER_FILE:g} s")

    def _found(self) -> str:
        rest = self._text[self._at : self._at + 20].split("\n")[0]
        return rest or "the end of the file"

    def _line(self) -> int:
        return bisect_right(self._newlines, self._at - 1) + 1

    def _unexpected(self, reason: str) -> NotLookml:
        return NotLookml(self._line(), reason)


@lru_cache(maxsize=256)
def _is_sql(key: str) -> bool:
    """Whether the value goes on to `;;`."""
    return key.startswith(("sql", "html", "expression")) and key not in ("sql_case", "sql_quoted_identifiers")

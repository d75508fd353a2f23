"""The functions that a text calls, by their names as the database resolves them.

Read from the lexemes and not from sqlglot's tree, which has `len(x)` and `length(x)` as one node: to the database they
are two functions, and one of them may be a user's.
"""

import re
from collections.abc import Set
from dataclasses import dataclass

from ktx_daemon.sql import unicode_names
from ktx_daemon.sql.lexing import Lexeme, TwoWays

_UPPER = re.compile("[A-Z]+")


@dataclass(frozen=True, slots=True)
class Call:
    """A name before a parenthesis."""

    parts: tuple[str, ...]
    """The name and what qualifies it, the name last."""

    quoted: bool

    def __str__(self) -> str:
        """The name as it is written, without its quotes."""
        return ".".join(self.parts)

    @property
    def name(self) -> str:
        """The function without its schema."""
        return self.parts[-1]


def calls_in(lexemes: list[Lexeme], dialect: str, declared: Set[int]) -> list[Call]:
    """Return every call, those of keywords included. `declared`: where names begin that are declared, not called."""
    lexemes = _joined_escapes(lexemes)
    found = [
        Call(tuple(_parts(lexemes, place - 1, dialect)), quoted=lexemes[place - 1].kind != "word")
        for place in range(1, len(lexemes))
        if lexemes[place].text == "("
        and lexemes[place - 1].kind != "other"
        and lexemes[place - 1].start not in declared
    ]
    return list(dict.fromkeys(found))


def selected_members(lexemes: list[Lexeme], dialect: str) -> list[str]:
    """Return what follows a dot: PostgreSQL takes `(t).f` for the call `f(t)` when `t` has no such column."""
    lexemes = _joined_escapes(lexemes)
    dotted = (place for place in range(1, len(lexemes)) if lexemes[place - 1].text == ".")
    return list(dict.fromkeys(resolved(lexemes[place], dialect) for place in dotted))


def operators_in(lexemes: list[Lexeme], marks: frozenset[str] = frozenset("+-*/<>=~!@#%^&|`?")) -> list[str]:
    """Return every run of operator characters, and what PostgreSQL may take of it as one operator."""
    runs: set[str] = set()
    run, end = "", 0
    for lexeme in lexemes:
        if lexeme.kind == "other" and lexeme.text in marks:
            run = run + lexeme.text if lexeme.start == end else lexeme.text
            runs |= {run[start:] for start in range(len(run))}
        end = lexeme.end
    return sorted(runs)


def _parts(lexemes: list[Lexeme], place: int, dialect: str) -> list[str]:
    parts = [resolved(lexemes[place], dialect)]
    while place >= 2 and lexemes[place - 1].text == "." and lexemes[place - 2].kind in ("word", "name"):
        place -= 2
        parts.insert(0, resolved(lexemes[place], dialect))
    if place and lexemes[place - 1].text == ".":
        parts.insert(0, "")  # a method of a value, as in `(x).f()`
    return parts


def resolved(lexeme: Lexeme, dialect: str) -> str:
    """The name that a lexeme means. Quotes keep the case of PostgreSQL's names; other databases ignore it."""
    if lexeme.kind != "name":
        return _ascii_lower(lexeme.text)
    if lexeme.text[:2] in ("U&", "u&"):
        return _decoded(lexeme.text[2:], unicode_names.DEFAULT_ESCAPE)
    quote = lexeme.text[-1]
    name = lexeme.text[1:-1].replace(quote * 2, quote)
    return name if dialect == "postgres" else _ascii_lower(name)


def _joined_escapes(lexemes: list[Lexeme]) -> list[Lexeme]:
    """Make one name of `U&"…" UESCAPE '…'`."""
    if not any(lexeme.text.upper() == "UESCAPE" for lexeme in lexemes):
        return lexemes
    joined: list[Lexeme] = []
    for lexeme in lexemes:
        if lexeme.kind == "string" and len(joined) > 1 and joined[-1].text.upper() == "UESCAPE":
            name = joined[-2]
            if name.kind == "name" and name.text[:2] in ("U&", "u&"):
                plain = _decoded(name.text[2:], lexeme.text[1:-1]).replace('"', '""')
                joined[-2:] = [Lexeme("name", f'"{plain}"', name.start, lexeme.end)]
                continue
        joined.append(lexeme)
    return joined


def _decoded(quoted: str, escape: str) -> str:
    try:
        return unicode_names.decode(quoted[1:-1].replace('""', '"'), escape)
    except unicode_names.BadEscape as error:
        raise TwoWays(str(error)) from None


def _ascii_lower(name: str) -> str:
    return _UPPER.sub(lambda match: match.group().lower(), name)

"""Filters on texts: values, patterns with `%`, EMPTY, NULL, and `-` before any of them."""

import re
from dataclasses import dataclass

from ktx_daemon.lookml.references import Unresolvable, quote
from semantic_layer.dialects import SqlDialect

_PART = re.compile(r'\s*(-?)\s*(?:"((?:[^"]|"")*)"|([^,]*?))\s*(?:,|$)')
_ESCAPED = re.compile(r"\^(.)")


@dataclass(frozen=True, slots=True)
class _Part:
    text: str
    is_excluded: bool
    is_quoted: bool

    def is_word(self, word: str) -> bool:
        return not self.is_quoted and self.text.upper() == word


def text_condition(subject: str, wanted: str, dialect: SqlDialect) -> str:
    """The condition. Values are alternatives; those that are excluded all are."""
    parts = _parts(wanted)
    included = [part for part in parts if not part.is_excluded]
    excluded = [part for part in parts if part.is_excluded]
    conditions = []
    if included:
        conditions.append(_any_of(subject, included, dialect))
    if excluded:
        conditions.append(_none_of(subject, excluded, dialect, keeps_null=not included))
    if not conditions:
        raise Unresolvable(f"the filter `{wanted}` cannot be read")
    return " AND ".join(conditions)


def _parts(wanted: str) -> list[_Part]:
    parts: list[_Part] = []
    at = 0
    while at < len(wanted):
        match = _PART.match(wanted, at)
        if match is None or match.end() == at:
            raise Unresolvable(f"the filter `{wanted}` cannot be read")
        at = match.end()
        is_quoted = match[2] is not None
        text = match[2].replace('""', '"') if is_quoted else match[3]
        is_excluded = bool(match[1]) and (is_quoted or text != "")
        if upper := re.fullmatch(r"NOT\s+(NULL|EMPTY)", text, re.IGNORECASE):
            text, is_excluded = upper[1], True
        if match[1] and not is_excluded:
            text = "-"
        if text or is_quoted:
            parts.append(_Part(text, is_excluded, is_quoted))
    return parts


def _any_of(subject: str, parts: list[_Part], dialect: SqlDialect) -> str:
    alternatives = _special(subject, parts)
    alternatives += [_like(subject, part.text, dialect) for part in parts if _is_pattern(part)]
    if plain := _plain(parts):
        alternatives.append(f"{subject} = {plain[0]}" if len(plain) == 1 else f"{subject} IN ({', '.join(plain)})")
    return alternatives[0] if len(alternatives) == 1 else "(" + " OR ".join(alternatives) + ")"


def _none_of(subject: str, parts: list[_Part], dialect: SqlDialect, *, keeps_null: bool) -> str:
    excluded = _any_of(subject, parts, dialect)
    unwanted = f"NOT ({excluded.removeprefix('(').removesuffix(')') if excluded.startswith('(') else excluded})"
    # In Looker, what is excluded by value leaves the rows without one.
    if keeps_null and not any(part.is_word("NULL") or part.is_word("EMPTY") for part in parts):
        return f"({unwanted} OR {subject} IS NULL)"
    return unwanted


def _special(subject: str, parts: list[_Part]) -> list[str]:
    found = []
    if any(part.is_word("NULL") for part in parts):
        found.append(f"{subject} IS NULL")
    if any(part.is_word("EMPTY") for part in parts):
        found.append(f"({subject} IS NULL OR {subject} = '')")
    return found


def _is_pattern(part: _Part) -> bool:
    return "%" in _ESCAPED.sub("", part.text)


def _plain(parts: list[_Part]) -> list[str]:
    return [
        quote(_ESCAPED.sub(r"\1", part.text))
        for part in parts
        if not (part.is_word("NULL") or part.is_word("EMPTY") or _is_pattern(part))
    ]


def _like(subject: str, pattern: str, dialect: SqlDialect) -> str:
    """`%` is the only wildcard; what LIKE takes for another is escaped."""
    escape = "\\" if dialect.name == "bigquery" else "^"
    written = []
    for letter in re.findall(r"\^.|.", pattern, re.DOTALL):
        plain = letter[-1]
        is_literal = len(letter) == 2
        needs_escape = plain in ("_", escape) or (plain == "%" and is_literal)
        written.append(f"{escape}{plain}" if needs_escape else plain)
    text = "".join(written)
    if escape not in text:
        return f"{subject} LIKE {quote(text)}"
    if dialect.name == "bigquery":
        return f"{subject} LIKE r{quote(text)}"
    return f"{subject} LIKE {quote(text)} ESCAPE '{escape}'"

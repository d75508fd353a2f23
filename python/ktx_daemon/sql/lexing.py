"""A second reader of SQL texts: where comments, strings and names begin and end, by the rules of each database.

The guard trusts a text only when this reader and sqlglot's tokenizer see the same strings, names and comments in it. A
text that they read in two ways could hide from one of them what the database executes.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

from sqlglot.tokens import Token

Kind = Literal["word", "name", "string", "number", "other"]


class TwoWays(Exception):
    """The text can be read in two ways; the message says where."""


@dataclass(frozen=True, slots=True)
class Lexeme:
    """A piece of the text that is neither white space nor a comment."""

    kind: Kind
    text: str
    start: int
    end: int
    """Exclusive."""


_POSTGRES = frozenset({"postgres", "redshift", "duckdb", "materialize", "risingwave"})
_NESTED_COMMENTS = _POSTGRES | {"tsql", "fabric"}
_MYSQL = frozenset({"mysql", "doris", "starrocks", "singlestore"})
_SPARK = frozenset({"databricks", "spark", "spark2", "hive"})
_HASH_COMMENTS = _MYSQL | {"bigquery", "clickhouse"}
_BACKSLASH_ESCAPES = _MYSQL | _SPARK | {"bigquery", "clickhouse", "snowflake", "redshift"}
_DOUBLE_QUOTED_STRINGS = _MYSQL | _SPARK | {"bigquery"}
_BACKTICK_NAMES = _MYSQL | _SPARK | {"bigquery", "clickhouse", "sqlite"}
_BRACKET_NAMES = frozenset({"tsql", "fabric", "sqlite"})

_LINE_ENDS_OF_SOME = re.compile(r"\r(?!\n)|[\x0b\x0c\x85\u2028\u2029]")
_EXECUTED_COMMENT = re.compile(r"/\*M?!")
_COMMENT_EDGE = re.compile(r"/\*|\*/")


def lex(sql: str, dialect: str) -> list[Lexeme]:
    """Take a text apart. Raises `TwoWays` for what databases of the dialect do not agree on."""
    if "\0" in sql:
        raise TwoWays("it has a NUL character")
    return list(_lexemes(sql, dialect))


def _lexemes(sql: str, dialect: str) -> Iterator[Lexeme]:
    pattern = _pattern(dialect)
    place = 0
    while place < len(sql):
        match = pattern.match(sql, place)
        kind = match.lastgroup if match else None
        if match is None or kind == "unterminated":
            raise TwoWays(f"a string, name or comment does not end (character {place + 1})")
        end = match.end()
        if kind == "line_comment":
            if _LINE_ENDS_OF_SOME.search(match.group()):
                raise TwoWays(f"a comment may end inside its line (character {place + 1})")
        elif kind == "comment":
            end = _end_of_comment(sql, place, dialect)
        elif kind != "space":
            yield Lexeme(kind, match.group(), place, end)  # type: ignore[arg-type]
        place = end


def _end_of_comment(sql: str, start: int, dialect: str) -> int:
    if dialect in _MYSQL and _EXECUTED_COMMENT.match(sql, start):
        raise TwoWays(f"MySQL executes this comment (character {start + 1})")
    depth, place = 1, start + 2
    while depth:
        edge = _COMMENT_EDGE.search(sql, place)
        if edge is None:
            raise TwoWays(f"a comment does not end (character {start + 1})")
        depth += 1 if edge.group() == "/*" else -1
        if depth > 1 and dialect not in _NESTED_COMMENTS:
            raise TwoWays(f"a comment is inside another (character {edge.start() + 1})")
        place = edge.end()
    return place


@cache
def _pattern(dialect: str) -> re.Pattern[str]:
    backslash = dialect in _BACKSLASH_ESCAPES
    dash = r"--(?=[\s\x00-\x1f]|\Z)[^\n]*" if dialect in _MYSQL else r"--[^\n]*"
    line_comments = [dash, *([r"\#[^\n]*"] if dialect in _HASH_COMMENTS else [])]
    line_comments += [r"//[^\n]*"] if dialect == "snowflake" else []
    strings = []
    if dialect == "bigquery":
        strings += [r"'''(?:[^\\]|\\.)*?'''", r'"""(?:[^\\]|\\.)*?"""']
    if dialect in _POSTGRES:
        strings.append(r"[eE]'(?:[^'\\]|''|\\.)*'")
    if dialect in _POSTGRES | {"clickhouse"}:
        strings.append(r"\$(?P<tag>(?:[A-Za-z_\x80-\U0010ffff][\w\x80-\U0010ffff]*)?)\$.*?\$(?P=tag)\$")
    if dialect == "snowflake":
        strings.append(r"\$\$.*?\$\$")
    prefix = r"(?:[uU]&|[bBxXnN]|_[A-Za-z0-9]+(?=')|[rR][bB]?|[bB][rR])?" if dialect != "oracle" else ""
    strings.append(prefix + _quoted("'", backslash))
    if dialect in _DOUBLE_QUOTED_STRINGS:
        strings.append(prefix + _quoted('"', backslash))
    names = [] if dialect in _DOUBLE_QUOTED_STRINGS else [r"(?:[uU]&)?" + _quoted('"', dialect == "clickhouse")]
    names += [_quoted("`", dialect in {"bigquery", "clickhouse"})] if dialect in _BACKTICK_NAMES else []
    names += [r"\[[^\]]*\]" if dialect == "sqlite" else r"\[(?:[^\]]|\]\])*\]"] if dialect in _BRACKET_NAMES else []
    first = r"A-Za-z_\x80-\U0010ffff" + (r"@\#" if dialect in {"tsql", "fabric"} else "")
    first += r"$" if dialect in _MYSQL else ""
    alternatives = {
        "space": r"[ \t\r\n\f\v]+",
        "line_comment": "|".join(line_comments),
        "comment": r"/\*",
        "string": "|".join(strings),
        "name": "|".join(names) or r"(?!)",
        "word": rf"[{first}][{first}0-9$]*",
        "number": r"[0-9](?:[eE][+-][0-9]|[\w.\x80-\U0010ffff])*",
        "unterminated": r"['\"`]",
        "other": r".",
    }
    return re.compile("|".join(f"(?P<{kind}>{body})" for kind, body in alternatives.items()), re.DOTALL)


def _quoted(quote: str, backslash: bool) -> str:
    body = rf"[^{quote}\\]|{quote}{quote}|\\." if backslash else rf"[^{quote}]|{quote}{quote}"
    return f"{quote}(?:{body})*{quote}"


def require_agreement(lexemes: list[Lexeme], tokens: list[Token]) -> None:
    """Raise `TwoWays` unless sqlglot's tokens begin and end where these lexemes do."""
    spans = [(token.start, token.end + 1) for token in tokens]
    number = 0
    for lexeme in lexemes:
        while number < len(spans) and spans[number][1] <= lexeme.start:
            number += 1
        if number == len(spans) or spans[number][0] > lexeme.start:
            raise TwoWays(f"character {lexeme.start + 1} may be a comment")
        last = number
        while last < len(spans) and spans[last][1] < lexeme.end:
            last += 1
        if last == len(spans):
            raise TwoWays(f"character {lexeme.end} may be a comment")
        if lexeme.kind in ("string", "name") and not _is_one_literal(lexeme, spans[number : last + 1]):
            raise TwoWays(f"a quoted text begins or ends elsewhere for some readers (character {lexeme.start + 1})")
    _require_no_token_in_gaps(lexemes, spans)


def _is_one_literal(lexeme: Lexeme, spans: list[tuple[int, int]]) -> bool:
    """The quoted part is one token; a prefix such as `U&` may be tokens of its own."""
    start, end = spans[-1]
    quote = min(place for mark in "'\"`[$" if (place := lexeme.text.find(mark)) >= 0)
    return end == lexeme.end and lexeme.start <= start <= lexeme.start + quote


def _require_no_token_in_gaps(lexemes: list[Lexeme], spans: list[tuple[int, int]]) -> None:
    number = 0
    for start, _ in spans:
        while number < len(lexemes) and lexemes[number].end <= start:
            number += 1
        if number == len(lexemes) or lexemes[number].start > start:
            raise TwoWays(f"character {start + 1} may be code")

"""`/api/sql/analyze-for-fingerprint`: what stays of a statement when its literals are taken out.

Two statements have one fingerprint exactly when they differ only in literals, comments, white space, the case of
keywords and the length of IN lists. The rule works on the dialect's tokens and not on sqlglot's syntax tree,
because the tree forgets differences (`!=` and `<>`, `a b` and `a AS b`) and its rendering changes between releases.
"""

import hashlib
from typing import NotRequired, TypedDict

from pydantic import BaseModel, ConfigDict
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import SqlglotError
from sqlglot.tokens import Token, TokenType

from ktx_daemon.errors import plain_message
from ktx_daemon.sql.habits import Habits, habits
from ktx_daemon.sql.history import inside_commands, read_statements
from ktx_daemon.sql.literals import MAYBE_LITERAL, LiteralType, literal_type, starts_negative_number
from ktx_daemon.sql.parsing import (
    BLANK,
    SqlText,
    Unparseable,
    contents,
    dialect_named,
    tokenize,
)
from ktx_daemon.sql.token_text import TokenWriter, join_tokens

PLACEHOLDER = "?"

_RULE = "ktx-fingerprint/1"
"""Part of the hash: a changed rule gets a new number, so that old and new fingerprints never match."""


class Request(BaseModel):
    """One text, usually a single statement."""

    model_config = ConfigDict(extra="ignore", strict=True)

    sql: SqlText
    dialect: str


class LiteralSlot(TypedDict):
    """One placeholder of the normalised text, counted from 1 in reading order."""

    position: int
    type: LiteralType
    example_value: str


class Fingerprint(TypedDict):
    """Empty but for `error` when the text does not parse."""

    fingerprint: str
    normalized_sql: str
    tables_touched: list[str]
    literal_slots: list[LiteralSlot]
    error: str | None
    habits: NotRequired[Habits]
    """Only where they are asked for."""


Piece = tuple[str, Token, LiteralSlot | None]
"""A token of the normalised text, its text there, and what a placeholder stands for. A plain tuple, because making a
named one takes longer than all that is done with it."""


def respond(request: Request) -> Fingerprint:
    """Fingerprint the request's text."""
    return fingerprint(request.sql, dialect_named(request.dialect))


def fingerprint(sql: str, dialect: Dialect, *, with_habits: bool = False) -> Fingerprint:
    """Normalise `sql` and hash the result."""
    try:
        tokens = tokenize(sql, dialect)
        statements = read_statements(sql, dialect, tokens)
        tokens = _without_final_semicolons(inside_commands(tokens, dialect))
    except (Unparseable, SqlglotError) as error:
        return _unreadable(plain_message(error))
    if not statements:
        return _unreadable(BLANK)
    found_in = contents(statements)
    pieces = _replace_literals(tokens, TokenWriter(dialect, found_in.names))
    kinds = {token.token_type for token in tokens}
    if TokenType.IN in kinds:
        pieces = _collapse_in_lists(pieces)
    if TokenType.PARAMETER in kinds:
        pieces = _renumber_parameters(pieces)
    slots = [literal for _, _, literal in pieces if literal is not None]
    # A literal and a `?` of the author look alike in the text and must not in the hash.
    hashed = "\x1f".join([_RULE, *["\x00" if literal else text for text, _, literal in pieces]])
    found = Fingerprint(
        fingerprint=hashlib.sha256(hashed.encode()).hexdigest()[:32],
        normalized_sql=join_tokens(pieces),
        tables_touched=list(dict.fromkeys(".".join(part.name for part in table.parts) for table in found_in.tables)),
        literal_slots=[LiteralSlot({**slot, "position": place}) for place, slot in enumerate(slots, 1)],
        error=None,
    )
    if with_habits:
        found["habits"] = habits(found_in.selects, dialect)
    return found


def _unreadable(error: str) -> Fingerprint:
    return Fingerprint(fingerprint="", normalized_sql="", tables_touched=[], literal_slots=[], error=error)


def _without_final_semicolons(tokens: list[Token]) -> list[Token]:
    end = len(tokens)
    while end and tokens[end - 1].token_type is TokenType.SEMICOLON:
        end -= 1
    return tokens[:end]


def _replace_literals(tokens: list[Token], writer: TokenWriter) -> list[Piece]:
    pieces: list[Piece] = []
    previous: Token | None = None
    place, end = 0, len(tokens)
    while place < end:
        token = tokens[place]
        if token.token_type in MAYBE_LITERAL:
            if starts_negative_number(tokens, place):
                number = tokens[place + 1]
                pieces.append((PLACEHOLDER, number, _slot("number", "-" + number.text)))
                previous = number
                place += 2
                continue
            if (kind := literal_type(tokens, place)) is not None:
                pieces.append((PLACEHOLDER, token, _slot(kind, token.text)))
                previous = token
                place += 1
                continue
        pieces.append((writer.text(token, previous), token, None))
        previous = token
        place += 1
    return pieces


def _slot(kind: LiteralType, example: str) -> LiteralSlot:
    return {"position": 0, "type": kind, "example_value": example}


def _collapse_in_lists(pieces: list[Piece]) -> list[Piece]:
    """Keep the first element of each IN list whose elements are all alike once literals are out."""
    kept: list[Piece] = []
    place = 0
    while place < len(pieces):
        kept.append(pieces[place])
        place += 1
        if kept[-1][1].token_type is not TokenType.IN or place == len(pieces):
            continue
        if pieces[place][1].token_type is TokenType.L_PAREN and (parsed := _list_elements(pieces, place)):
            elements, end = parsed
            if all(_shape(element) == _shape(elements[0]) for element in elements) and _is_constant(elements[0]):
                kept += [pieces[place], *elements[0], pieces[end]]
                place = end + 1
    return kept


def _renumber_parameters(pieces: list[Piece]) -> list[Piece]:
    """Number `$1`, `$2` … again: query logs count them through the whole statement, IN lists included."""
    numbers: dict[str, str] = {}
    follows_mark = False
    for place, (text, token, literal) in enumerate(pieces):
        kind = token.token_type
        if follows_mark and kind is TokenType.NUMBER:
            pieces[place] = (numbers.setdefault(text, str(len(numbers) + 1)), token, literal)
        follows_mark = kind is TokenType.PARAMETER
    return pieces


def _is_parameter_number(before: Piece, piece: Piece) -> bool:
    return before[1].token_type is TokenType.PARAMETER and piece[1].token_type is TokenType.NUMBER


def _list_elements(pieces: list[Piece], start: int) -> tuple[list[list[Piece]], int] | None:
    """Split the parenthesised list that opens at `start` at its own commas; also return where it closes."""
    elements: list[list[Piece]] = [[]]
    depth = 0
    for place in range(start, len(pieces)):
        kind = pieces[place][1].token_type
        depth += (kind is TokenType.L_PAREN) - (kind is TokenType.R_PAREN)
        if depth == 0:
            return elements, place
        if depth == 1 and kind is TokenType.COMMA:
            elements.append([])
        elif place > start:
            elements[-1].append(pieces[place])
    return None


def _shape(element: list[Piece]) -> list[str]:
    return [
        "" if piece[2] or (place and _is_parameter_number(element[place - 1], piece)) else piece[0]
        for place, piece in enumerate(element)
    ]


def _is_constant(element: list[Piece]) -> bool:
    """Tell whether an element is made of literals and parameters, as lists of keys are."""
    allowed = (
        TokenType.L_PAREN,
        TokenType.R_PAREN,
        TokenType.COMMA,
        TokenType.PARAMETER,
        TokenType.PLACEHOLDER,
    )
    return bool(element) and all(
        piece[2] is not None
        or piece[1].token_type in allowed
        or (place > 0 and element[place - 1][1].token_type is TokenType.PARAMETER)
        for place, piece in enumerate(element)
    )

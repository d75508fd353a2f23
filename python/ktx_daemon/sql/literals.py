"""Which tokens of a statement are literals, and of what type."""

from collections.abc import Sequence
from typing import Literal

from sqlglot.tokens import Token, TokenType

LiteralType = Literal["string", "number", "timestamp", "date", "boolean", "null", "unknown"]

_STRINGS = frozenset(
    {
        TokenType.STRING,
        TokenType.RAW_STRING,
        TokenType.NATIONAL_STRING,
        TokenType.UNICODE_STRING,
        TokenType.HEREDOC_STRING,
    }
)
_BINARY = frozenset({TokenType.BIT_STRING, TokenType.HEX_STRING, TokenType.BYTE_STRING})

MAYBE_LITERAL = frozenset(
    {TokenType.NUMBER, TokenType.DASH, TokenType.NULL, TokenType.TRUE, TokenType.FALSE, *_STRINGS, *_BINARY}
)
"""Tokens that are a literal or the sign of one, unless their neighbours say otherwise."""

_TIMESTAMPS = frozenset(
    {
        TokenType.TIMESTAMP,
        TokenType.TIMESTAMPTZ,
        TokenType.TIMESTAMPLTZ,
        TokenType.TIMESTAMPNTZ,
        TokenType.DATETIME,
        TokenType.DATETIME2,
        TokenType.SMALLDATETIME,
    }
)
_DATES = frozenset({TokenType.DATE, TokenType.DATE32})

_ENDS_OPERAND = frozenset(
    {
        TokenType.VAR,
        TokenType.IDENTIFIER,
        TokenType.NUMBER,
        TokenType.R_PAREN,
        TokenType.R_BRACKET,
        TokenType.R_BRACE,
        TokenType.PLACEHOLDER,
        TokenType.END,
        TokenType.NULL,
        TokenType.TRUE,
        TokenType.FALSE,
        *_STRINGS,
        *_BINARY,
    }
)


def literal_type(tokens: Sequence[Token], place: int) -> LiteralType | None:
    """Return the type of the literal at `place`, or None when there is none."""
    token = tokens[place]
    kind = token.token_type
    previous = tokens[place - 1].token_type if place else None
    if kind is TokenType.NUMBER:
        # `$1` is a parameter: two tokens, of which the second is not a value.
        return None if previous is TokenType.PARAMETER else "number"
    if kind in _STRINGS:
        return _string_type(tokens, place)
    if kind in _BINARY:
        return "unknown"
    if previous is TokenType.IS or (previous is TokenType.NOT and _is_test_or_constraint(tokens, place)):
        return None
    if kind is TokenType.NULL:
        return "null"
    return "boolean" if kind in (TokenType.TRUE, TokenType.FALSE) else None


def _is_test_or_constraint(tokens: Sequence[Token], place: int) -> bool:
    """`x IS NOT TRUE` asks something else than `x IS NOT NULL`, and `NOT NULL` in a definition is not a value."""
    if tokens[place].token_type is TokenType.NULL:
        return True
    return place >= 2 and tokens[place - 2].token_type is TokenType.IS


def starts_negative_number(tokens: Sequence[Token], place: int) -> bool:
    """Tell whether a minus at `place` is the sign of a number and not a subtraction."""
    if tokens[place].token_type is not TokenType.DASH or place + 1 >= len(tokens):
        return False
    if tokens[place + 1].token_type is not TokenType.NUMBER:
        return False
    return place == 0 or tokens[place - 1].token_type not in _ENDS_OPERAND


def _string_type(tokens: Sequence[Token], place: int) -> LiteralType:
    """A string is a date or timestamp where the statement says so: `DATE '…'`, `'…'::date`, `CAST('…' AS date)`."""
    neighbours = [tokens[place - 1].token_type] if place else []
    if place + 2 < len(tokens) and tokens[place + 1].token_type in (TokenType.DCOLON, TokenType.ALIAS):
        neighbours.append(tokens[place + 2].token_type)
    if any(neighbour in _TIMESTAMPS for neighbour in neighbours):
        return "timestamp"
    if any(neighbour in _DATES for neighbour in neighbours):
        return "date"
    return "string"

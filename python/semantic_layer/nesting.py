"""Keeps texts away from sqlglot's parser that it would take forever to parse.

It reads `array[…]`, `struct(…)` and their like first as a type and then, from the same place, as a value. So each level
doubles the time: 12 of them take half a second, 30 take days.
"""

from __future__ import annotations

from itertools import pairwise

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import ParseError
from sqlglot.tokens import Token, TokenType

MOST_CONSTRUCTORS = 10
"""How deep constructors may nest in one another. People and query builders stay below 5."""

_OPENING = frozenset({TokenType.L_PAREN, TokenType.L_BRACKET})
_CLOSING = frozenset({TokenType.R_PAREN, TokenType.R_BRACKET})


def parse(sql: str, grammar: Dialect) -> list[exp.Expr | None]:
    """The statements of a text. Raises sqlglot's `ParseError` also for nesting that would take too long."""
    return grammar.parser().parse(checked(grammar.tokenize(sql), grammar), sql)


def checked(tokens: list[Token], grammar: Dialect) -> list[Token]:
    """The same tokens, or a `ParseError` when their constructors nest too deeply."""
    types = grammar.parser_class.TYPE_TOKENS
    if sum(token.token_type in types for token in tokens) <= MOST_CONSTRUCTORS:
        return tokens
    brackets: list[bool] = []
    for previous, token in pairwise(tokens):
        if token.token_type in _OPENING:
            brackets.append(previous.token_type in types)
            if brackets[-1] and sum(brackets) > MOST_CONSTRUCTORS:
                raise ParseError(f"More than {MOST_CONSTRUCTORS} arrays, structs or types nested in one another.")
        elif token.token_type in _CLOSING and brackets:
            brackets.pop()
    return tokens

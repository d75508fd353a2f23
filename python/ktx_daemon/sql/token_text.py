"""Writing tokens back as text: keywords in upper case, names as they were, spaces where readers expect them."""

from collections.abc import Sequence

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.tokens import Token, TokenType

_NAMES_BEFORE_PARENTHESIS = frozenset(
    {TokenType.INTO, TokenType.TABLE, TokenType.WITH, TokenType.RECURSIVE, TokenType.ALIAS, TokenType.ON}
)
"""After these a name in front of a parenthesis is a table's or an alias's, not a function's."""

_GLUED = frozenset({TokenType.DOT, TokenType.DCOLON})
_OPENING = frozenset({TokenType.L_PAREN, TokenType.L_BRACKET})
_CLOSING = frozenset({TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.COMMA, TokenType.SEMICOLON})

_SUBSCRIPTED = frozenset({TokenType.VAR, TokenType.IDENTIFIER, TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.ARRAY})


def token_text(token: Token, previous: Token | None, following: Token | None, dialect: Dialect) -> str:
    """Return the token as the normalised text has it."""
    if token.token_type is TokenType.IDENTIFIER:
        return exp.to_identifier(token.text, quoted=True).sql(dialect)
    if previous is not None and previous.token_type is TokenType.DOT:
        return token.text  # a name, whatever keyword it looks like
    if token.token_type is not TokenType.VAR:
        return " ".join(token.text.upper().split())
    before = previous.token_type if previous is not None else None
    calls = following is not None and following.token_type is TokenType.L_PAREN
    return token.text.upper() if calls and before not in _NAMES_BEFORE_PARENTHESIS else token.text


def join_tokens(tokens: Sequence[tuple[Token, str]]) -> str:
    """Join the texts of tokens with single spaces, but for those that readers write together."""
    pieces: list[str] = []
    previous: Token | None = None
    for token, text in tokens:
        if previous is not None and _spaced(previous, token):
            pieces.append(" ")
        pieces.append(text)
        previous = token
    return "".join(pieces)


def _spaced(previous: Token, token: Token) -> bool:
    before, after = previous.token_type, token.token_type
    if before in _GLUED or after in _GLUED or before in _OPENING or after in _CLOSING:
        return False
    if before in (TokenType.PARAMETER, TokenType.COLON):
        return False
    if after is TokenType.L_BRACKET and before in _SUBSCRIPTED:
        return False
    # A call: the parenthesis follows its name at once. `IN (` and `x AND (` keep their space.
    return not (after is TokenType.L_PAREN and before is TokenType.VAR)

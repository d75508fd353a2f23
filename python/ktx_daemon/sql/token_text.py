"""Writing tokens back as text: keywords in upper case, names as they were, spaces where readers expect them."""

from collections.abc import Sequence, Set

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.tokens import Token, TokenType

_GLUED = frozenset({TokenType.DOT, TokenType.DCOLON})
_NAME_FOLLOWS = frozenset({TokenType.DOT, TokenType.COLON, TokenType.PARAMETER})
_OPENING = frozenset({TokenType.L_PAREN, TokenType.L_BRACKET})
_CLOSING = frozenset({TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.COMMA, TokenType.SEMICOLON})

_SUBSCRIPTED = frozenset({TokenType.VAR, TokenType.IDENTIFIER, TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.ARRAY})


class TokenWriter:
    """Writes the tokens of one text. Its parsed form tells names from keywords, which tokens alone cannot."""

    def __init__(self, dialect: Dialect, names: Set[int]) -> None:
        self._dialect = dialect
        self._names = names
        """Where in the text names begin; empty when its statement could not be taken apart."""

    def text(self, token: Token, previous: Token | None) -> str:
        """Return the token as the normalised text has it."""
        if token.token_type is TokenType.IDENTIFIER:
            return exp.to_identifier(token.text, quoted=True).sql(self._dialect)
        if token.start in self._names or (previous is not None and previous.token_type in _NAME_FOLLOWS):
            return token.text
        if token.token_type is TokenType.VAR and not self._names:
            return token.text
        return " ".join(token.text.upper().split())


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

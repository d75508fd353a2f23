"""Writing tokens back as text: keywords in upper case, names as they were, spaces where readers expect them."""

from collections.abc import Iterable, Set
from functools import lru_cache

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.tokens import Token, TokenType

_GLUED = frozenset({TokenType.DOT, TokenType.DCOLON})
_NAME_FOLLOWS = frozenset({TokenType.DOT, TokenType.COLON, TokenType.PARAMETER})
_NO_SPACE_AFTER = _GLUED | {TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.PARAMETER, TokenType.COLON}
_NO_SPACE_BEFORE = _GLUED | {TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.COMMA, TokenType.SEMICOLON}

_SUBSCRIPTED = frozenset({TokenType.VAR, TokenType.IDENTIFIER, TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.ARRAY})


class TokenWriter:
    """Writes the tokens of one text. Its parsed form tells names from keywords, which tokens alone cannot."""

    def __init__(self, dialect: Dialect, names: Set[int]) -> None:
        self._dialect = dialect
        self._names = names
        """Where in the text names begin; empty when its statement could not be taken apart."""

    def text(self, token: Token, previous: Token | None) -> str:
        """Return the token as the normalised text has it."""
        kind, text = token.token_type, token.text
        if kind is TokenType.IDENTIFIER:
            return exp.to_identifier(text, quoted=True).sql(self._dialect)
        if token.start in self._names or (previous is not None and previous.token_type in _NAME_FOLLOWS):
            return text
        if kind is TokenType.VAR and not self._names:
            return text
        return _keyword(text)


@lru_cache(maxsize=4096)
def _keyword(text: str) -> str:
    return " ".join(text.upper().split())


def join_tokens(tokens: Iterable[tuple[str, Token, object]]) -> str:
    """Join the texts of tokens with single spaces, but for those that readers write together."""
    pieces: list[str] = []
    before: TokenType | None = None
    for text, token, _ in tokens:
        after = token.token_type
        if before in _NO_SPACE_AFTER or after in _NO_SPACE_BEFORE or before is None or not _spaced(before, after):
            pieces.append(text)
        else:
            pieces.append(" " + text)
        before = after
    return "".join(pieces)


def _spaced(before: TokenType, after: TokenType) -> bool:
    if after is TokenType.L_BRACKET and before in _SUBSCRIPTED:
        return False
    # A call: the parenthesis follows its name at once. `IN (` and `x AND (` keep their space.
    return not (after is TokenType.L_PAREN and before is TokenType.VAR)

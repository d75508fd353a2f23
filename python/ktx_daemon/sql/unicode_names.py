"""PostgreSQL's names with Unicode escapes, `U&"d\\0061ta"`, as the names that they are."""

import re

from sqlglot.tokens import Token, TokenType

DEFAULT_ESCAPE = "\\"


class BadEscape(ValueError):
    """A name's escapes are not PostgreSQL's."""


def decode(name: str, escape: str = DEFAULT_ESCAPE) -> str:
    """Resolve the escapes in the text of a quoted name."""
    mark = re.escape(escape)
    pattern = re.compile(rf"{mark}(?:({mark})|([0-9a-fA-F]{{4}})|\+([0-9a-fA-F]{{6}})|(?P<wrong>))")

    def replaced(match: re.Match[str]) -> str:
        if match["wrong"] is not None:
            raise BadEscape("a Unicode escape has not four digits, or + and six")
        return match[1] or chr(int(match[2] or match[3], 16))

    try:
        return pattern.sub(replaced, name).encode("utf-16", "surrogatepass").decode("utf-16")
    except (ValueError, OverflowError) as error:
        raise BadEscape(f"a Unicode escape names no character: {error}") from None


def resolve(tokens: list[Token]) -> list[Token]:
    """Replace the tokens of `U&"…" UESCAPE '…'` with that of the name it stands for. Raises `BadEscape`."""
    resolved: list[Token] = []
    place = 0
    while place < len(tokens):
        if not _begins_name(tokens, place):
            resolved.append(tokens[place])
            place += 1
            continue
        name = tokens[place + 2]
        place += 3
        escape = DEFAULT_ESCAPE
        if place + 1 < len(tokens) and tokens[place].text.upper() == "UESCAPE":
            escape = tokens[place + 1].text
            place += 2
        resolved.append(
            Token(
                token_type=TokenType.IDENTIFIER,
                text=decode(name.text, escape),
                line=name.line,
                col=name.col,
                start=name.start - 2,
                end=name.end,
                comments=name.comments,
            )
        )
    return resolved


def _begins_name(tokens: list[Token], place: int) -> bool:
    if place + 2 >= len(tokens) or tokens[place + 2].token_type is not TokenType.IDENTIFIER:
        return False
    letter, ampersand, name = tokens[place : place + 3]
    adjacent = letter.end + 1 == ampersand.start and ampersand.end + 1 == name.start
    return adjacent and letter.text in ("U", "u") and ampersand.token_type is TokenType.AMP

"""Liquid in SQL, where it only chooses between texts: by what the project itself says, never by the request.

Known are the dialect, the view, assigned variables and the defaults of parameters. A `condition` without a filter is
true, as in Looker. Everything else depends on a user or a query and is refused.
"""

import re
from collections.abc import Mapping

from ktx_daemon.lookml.references import LIQUID, LIQUID_REASON, Unresolvable

_TOKEN = re.compile(r"\{%-?\s*(.*?)\s*-?%\}|\{\{-?\s*(.*?)\s*-?\}\}", re.DOTALL)
_OPERAND = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)'|(-?\d+(?:\.\d+)?)|([\w.\[\]'"]+))\s*""")
_COMPARISON = re.compile(r"==|!=|<>")
_BLOCKS = {"if": "endif", "unless": "endunless", "case": "endcase", "comment": "endcomment", "raw": "endraw",
           "condition": "endcondition"}  # fmt: skip

_WORDS: Mapping[str, object] = {"true": True, "false": False, "nil": None, "null": None, "blank": "", "empty": ""}


def resolved(text: str, known: Mapping[str, object]) -> str:
    """The text that Liquid chooses. Raises `Unresolvable` when that depends on what is not known."""
    if not LIQUID.search(text):
        return text
    parts = _parts(text)
    reader = _Reader(parts, dict(known))
    chosen = reader.until(frozenset())
    if reader.at < len(parts):
        raise Unresolvable(LIQUID_REASON)
    return chosen


def _parts(text: str) -> list[tuple[str, str]]:
    """Texts, tags and outputs in their order."""
    parts: list[tuple[str, str]] = []
    at = 0
    for match in _TOKEN.finditer(text):
        parts.append(("text", text[at : match.start()]))
        parts.append(("tag", match[1]) if match[1] is not None else ("output", match[2]))
        at = match.end()
    rest = text[at:]
    if LIQUID.search(rest):
        raise Unresolvable(LIQUID_REASON)
    return [*parts, ("text", rest)]


class _Reader:
    def __init__(self, parts: list[tuple[str, str]], known: dict[str, object]) -> None:
        self.parts = parts
        self.known = known
        self.at = 0
        self.skipping = 0

    def until(self, ends: frozenset[str]) -> str:
        """The chosen text up to a tag of `ends`, which is not read."""
        chosen: list[str] = []
        while self.at < len(self.parts):
            kind, content = self.parts[self.at]
            word = content.split(None, 1)[0] if kind == "tag" and content else ""
            if kind == "tag" and word in ends:
                break
            self.at += 1
            if kind == "text":
                chosen.append(content)
            elif kind == "output":
                chosen.append("" if self.skipping else self._shown(content))
            else:
                chosen.append(self._tag(word, content[len(word) :].strip()))
        return "" if self.skipping else "".join(chosen)

    def _tag(self, word: str, rest: str) -> str:
        if word in ("if", "unless"):
            return self._branches(word, rest)
        if word == "comment":
            self._unchosen(frozenset({"endcomment"}))
            self.at += 1
            return ""
        if word == "condition":
            self._unchosen(frozenset({"endcondition"}))
            self._end("endcondition")
            return "1=1"
        if self.skipping:
            if word in _BLOCKS:
                self._unchosen(frozenset({_BLOCKS[word]}))
                self._end(_BLOCKS[word])
            return ""
        if word == "assign" and "=" in rest:
            name, _, value = rest.partition("=")
            self.known[name.strip()] = self._value(value)
            return ""
        if word == "parameter":
            return self._shown(f"{rest}._parameter_value")
        raise Unresolvable(LIQUID_REASON)

    def _branches(self, word: str, condition: str) -> str:
        end = _BLOCKS[word]
        ends = frozenset({"elsif", "else", end})
        is_chosen = not self.skipping and self._holds(condition) == (word == "if")
        found = is_chosen or self.skipping > 0
        chosen = self.until(ends) if is_chosen else self._unchosen(ends)
        while self.at < len(self.parts):
            branch, _, rest = self.parts[self.at][1].partition(" ")
            self.at += 1
            if branch == end:
                return chosen
            if not found and (branch == "else" or self._holds(rest)):
                found = True
                chosen = self.until(ends)
            else:
                self._unchosen(ends)
        raise Unresolvable(LIQUID_REASON)

    def _unchosen(self, ends: frozenset[str]) -> str:
        self.skipping += 1
        self.until(ends)
        self.skipping -= 1
        return ""

    def _end(self, word: str) -> None:
        if self.at >= len(self.parts) or self.parts[self.at][1].split()[:1] != [word]:
            raise Unresolvable(LIQUID_REASON)
        self.at += 1

    def _holds(self, condition: str) -> bool:
        alternatives = re.split(r"\bor\b", condition)
        return any(all(self._compared(part) for part in re.split(r"\band\b", part)) for part in alternatives)

    def _compared(self, comparison: str) -> bool:
        sides = _COMPARISON.split(comparison)
        if len(sides) == 1:
            return self._value(sides[0]) not in (False, None)
        if len(sides) != 2:
            raise Unresolvable(LIQUID_REASON)
        same = self._value(sides[0]) == self._value(sides[1])
        return same if "==" in comparison else not same

    def _value(self, written: str) -> object:
        operand = _OPERAND.fullmatch(written)
        if operand is None:
            raise Unresolvable(LIQUID_REASON)
        double, single, number, name = operand.groups()
        if double is not None or single is not None:
            return double if double is not None else single
        if number is not None:
            return number
        if name in _WORDS:
            return _WORDS[name]
        if name not in self.known:
            raise Unresolvable(LIQUID_REASON)
        return self.known[name]

    def _shown(self, written: str) -> str:
        value = self._value(written)
        if not isinstance(value, str):
            raise Unresolvable(LIQUID_REASON)
        return value

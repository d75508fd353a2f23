"""Filters on numbers: values, lists, comparisons, ranges, intervals, NULL, and NOT before any of them."""

import re
from dataclasses import dataclass

from ktx_daemon.lookml.references import Unresolvable

_NUMBER = r"-?(?:\d+(?:\.\d*)?|\.\d+)"
_BOUND = rf"(?:{_NUMBER}|-?inf(?:inity)?)?"
_INTERVAL = re.compile(rf"([\[(])\s*({_BOUND})\s*,\s*({_BOUND})\s*([\])])", re.IGNORECASE)
_RANGE = re.compile(rf"({_NUMBER})?\s*\bto\b\s*({_NUMBER})?", re.IGNORECASE)
_COMPARISON = re.compile(rf"(>=|<=|<>|!=|>|<|=)\s*({_NUMBER})")
_VALUE = re.compile(_NUMBER)
_NEXT = re.compile(
    rf"\s*(?P<negated>not\b\s*)?(?P<term>{_INTERVAL.pattern}|{_RANGE.pattern}|(?:>=|<=|<>|!=|>|<|=)\s*{_NUMBER}"
    rf"|{_NUMBER}|null\b)\s*(?P<joint>,|\bor\b|\band\b|$)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Term:
    condition: str
    is_negated: bool
    is_null: bool = False


def number_condition(subject: str, wanted: str) -> str:
    """The condition. Alternatives are joined by OR; what is excluded, by AND. Raises `Unresolvable`."""
    groups = _groups(subject, wanted)
    included = [group for group in groups if not all(term.is_negated for term in group)]
    excluded = [term for group in groups if group not in included for term in group]
    conditions: list[str] = []
    values = [term for group in included for term in group if len(group) == 1 and term.condition.startswith("= ")]
    alternatives = [_all_of(subject, group) for group in included if not (len(group) == 1 and group[0] in values)]
    if values:
        alternatives.insert(0, _is_one_of(subject, [term.condition[2:] for term in values]))
    if alternatives:
        conditions.append(alternatives[0] if len(alternatives) == 1 else f"({' OR '.join(alternatives)})")
    if excluded:
        # What is excluded leaves the rows without a value, unless those are excluded by name.
        keeps_null = not any(term.is_null for term in excluded) and not included
        unwanted = [_negated(subject, term) for term in excluded]
        both = " AND ".join(unwanted)
        conditions.append(f"({_grouped(both, unwanted)} OR {subject} IS NULL)" if keeps_null else both)
    return " AND ".join(conditions)


def _groups(subject: str, wanted: str) -> list[list[_Term]]:
    """Terms joined by AND, in alternatives. A NOT holds for the values of a list that follow it."""
    groups: list[list[_Term]] = []
    at = 0
    is_joined = False
    negates_list = False
    while at < len(wanted):
        match = _NEXT.match(wanted, at)
        if match is None or match.end() == at:
            raise Unresolvable(f"the number filter `{wanted}` cannot be read")
        text = match["term"].strip()
        is_plain = _VALUE.fullmatch(text) is not None
        is_negated = bool(match["negated"]) or (negates_list and is_plain)
        negates_list = is_negated and is_plain
        term = _term(subject, text, is_negated=is_negated)
        if is_joined:
            groups[-1].append(term)
        else:
            groups.append([term])
        is_joined = match["joint"].lower() == "and"
        at = match.end()
    if not groups or is_joined:
        raise Unresolvable(f"the number filter `{wanted}` cannot be read")
    return groups


def _term(subject: str, text: str, *, is_negated: bool) -> _Term:
    if text.lower() == "null":
        return _Term(f"{subject} IS NULL", is_negated, is_null=True)
    if interval := _INTERVAL.fullmatch(text):
        opening, low, high, closing = interval.groups()
        return _Term(_between(subject, ">=" if opening == "[" else ">", low, "<=" if closing == "]" else "<", high),
                     is_negated)  # fmt: skip
    if span := _RANGE.fullmatch(text):
        return _Term(_between(subject, ">=", span[1] or "", "<=", span[2] or ""), is_negated)
    if comparison := _COMPARISON.fullmatch(text):
        if comparison[1] in ("<>", "!="):
            return _Term(f"= {comparison[2]}", not is_negated)
        operator = "= " if comparison[1] == "=" else f"{subject} {comparison[1]} "
        return _Term(f"{operator}{comparison[2]}", is_negated)
    return _Term(f"= {text}", is_negated)


def _between(subject: str, above: str, low: str, below: str, high: str) -> str:
    sides = [
        f"{subject} {operator} {bound}"
        for operator, bound in ((above, low), (below, high))
        if bound and "inf" not in bound.lower()
    ]
    return " AND ".join(sides) or f"{subject} IS NOT NULL"


def _all_of(subject: str, group: list[_Term]) -> str:
    parts = [_negated(subject, term) if term.is_negated else _positive(subject, term) for term in group]
    return parts[0] if len(parts) == 1 and " AND " not in parts[0] else f"({' AND '.join(parts)})"


def _positive(subject: str, term: _Term) -> str:
    return f"{subject} {term.condition}" if term.condition.startswith("= ") else term.condition


def _negated(subject: str, term: _Term) -> str:
    if term.is_null:
        return f"{subject} IS NOT NULL"
    if term.condition.startswith("= "):
        return f"{subject} <> {term.condition[2:]}"
    return f"NOT ({term.condition})"


def _is_one_of(subject: str, values: list[str]) -> str:
    return f"{subject} = {values[0]}" if len(values) == 1 else f"{subject} IN ({', '.join(values)})"


def _grouped(condition: str, parts: list[str]) -> str:
    return condition if len(parts) == 1 else f"({condition})"

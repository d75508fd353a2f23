"""Filters on dates that do not depend on the current date: years, months, days, before, after, ranges, NULL."""

import re
from datetime import date, timedelta

from ktx_daemon.lookml.references import Unresolvable

_DATE = r"\d{4}(?:[-/]\d{1,2}(?:[-/]\d{1,2}(?:[ T]\d{1,2}:\d{2}(?::\d{2})?)?)?)?"
_FORMS = re.compile(
    rf"(?P<relation>before|after)\s+(?P<limit>{_DATE})|(?P<start>{_DATE})\s+to\s+(?P<end>{_DATE})"
    rf"|(?P<day>{_DATE})(?:\s+for\s+(?P<length>\d+)\s+(?P<unit>day|month|year)s?)?",
    re.IGNORECASE,
)
_NULLS = {"null": "{0} IS NULL", "not null": "{0} IS NOT NULL", "-null": "{0} IS NOT NULL"}


def date_condition(subject: str, wanted: str) -> str | None:
    """The condition, as half-open ranges; None for any time. Raises `Unresolvable` for what depends on today."""
    if wanted.lower() == "any time":
        return None
    conditions = [_condition(subject, part.strip(), wanted) for part in re.split(r"\s*,\s*|\s+or\s+", wanted)]
    return conditions[0] if len(conditions) == 1 else "(" + " OR ".join(f"({part})" for part in conditions) + ")"


def _condition(subject: str, part: str, wanted: str) -> str:
    if form := _NULLS.get(part.lower()):
        return form.format(subject)
    match = _FORMS.fullmatch(part)
    if match is None:
        raise Unresolvable(f"the date filter `{wanted}` depends on the day on which it is asked, or cannot be read")
    try:
        if match["relation"]:
            first = _span(match["limit"])[0]
            return f"{subject} {'<' if match['relation'].lower() == 'before' else '>='} '{first}'"
        if match["start"]:
            return f"{subject} >= '{_span(match['start'])[0]}' AND {subject} < '{_span(match['end'])[0]}'"
        first, last = _span(match["day"])
        if match["length"]:
            last = _later(first, int(match["length"]), match["unit"].lower())
    except (ValueError, OverflowError):
        raise Unresolvable(f"the date filter `{wanted}` names a day that there is not") from None
    return f"{subject} >= '{first}' AND {subject} < '{last}'" if last else f"{subject} = '{first}'"


def _span(written: str) -> tuple[str, str | None]:
    """The first moment of a year, a month or a day, and the first one after it; a moment itself has none."""
    day, _, clock = written.replace("/", "-").replace("T", " ").partition(" ")
    parts = [int(part) for part in day.split("-")]
    year, month, of_month = (*parts, 1, 1)[:3]
    first = date(year, month, of_month)
    if clock:
        return f"{first.isoformat()} {clock}", None
    return first.isoformat(), _later(first.isoformat(), 1, ("year", "month", "day")[len(parts) - 1])


def _later(first: str, length: int, unit: str) -> str:
    start = date.fromisoformat(first[:10])
    if unit == "day":
        return (start + timedelta(days=length)).isoformat()
    months = start.year * 12 + start.month - 1 + length * (12 if unit == "year" else 1)
    return date(months // 12, months % 12 + 1, start.day).isoformat()

"""How a connection counts time: the first day of its weeks, the first month of its fiscal years, its time zone, and
the table that lists its dates.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from semantic_layer.errors import SemanticLayerError, nearest, quoted, unknown_key

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = (
    "january february march april may june july august september october november december".split()  # noqa: SIM905
)


@dataclass(frozen=True, slots=True)
class Calendar:
    """``week_start`` counts from Monday as 0, ``fiscal_start`` from January as 0.

    ``date_table`` is a reference to the column of a source that has every date (``calendar.day``).
    """

    week_start: int = 0
    fiscal_start: int = 0
    time_zone: str | None = None
    date_table: str | None = None


GREGORIAN = Calendar()


def parse_calendar(settings: Mapping[str, Any] | None) -> Calendar:
    """The calendar of a connection's settings ``week_start``, ``fiscal_year_start``, ``time_zone``, ``date_table``."""
    if not settings:
        return GREGORIAN
    known = ("week_start", "fiscal_year_start", "time_zone", "date_table")
    for key in settings:
        if key not in known:
            raise SemanticLayerError(unknown_key(str(key), "the calendar", known))
    zone = settings.get("time_zone")
    if zone is not None and not (isinstance(zone, str) and zone and all(c.isalnum() or c in "/_+-" for c in zone)):
        raise SemanticLayerError(f"time_zone '{quoted(str(zone))}' is not the name of a time zone")
    return Calendar(
        _position(settings.get("week_start", _DAYS[0]), _DAYS, "week_start"),
        _position(settings.get("fiscal_year_start", _MONTHS[0]), _MONTHS, "fiscal_year_start"),
        zone,
        str(settings["date_table"]) if settings.get("date_table") else None,
    )


def _position(value: object, names: tuple[str, ...] | list[str], key: str) -> int:
    name = str(value).lower()
    if name not in names:
        raise SemanticLayerError(f"{key} '{quoted(str(value))}' is none of {', '.join(names)}.{nearest(name, names)}")
    return list(names).index(name)

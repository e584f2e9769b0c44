"""Wall time and instants: the one place that says what happens when the clocks change.

A wall time of a zone becomes *the first instant at which the wall clock shows that time or a later one*:

- an hour that does not exist (clocks go forward) becomes the first one that does, the moment of the change;
- an hour that comes twice (clocks go back) means the first of the two;
- on a day that a zone left out altogether (Pacific/Apia, 30 December 2011) every time is the moment of the change.

Read this way, a later wall time is never an earlier instant, so spans of a day never overlap or swap ends.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

MINUTES_PER_DAY = 24 * 60


class UnknownZone(ValueError):
    """No time zone has that name."""


def zone(name: str) -> ZoneInfo:
    """The time zone of an IANA name such as "Europe/Berlin". Raises UnknownZone for anything else."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError, TypeError) as error:
        raise UnknownZone(f"There is no time zone {name!r}.") from error


def as_utc(instant: datetime) -> datetime:
    """The same instant in UTC, so that differences are real time and not differences of wall clocks.

    Raises ValueError for a time without a zone.
    """
    if instant.utcoffset() is None:
        raise ValueError(f"{instant!r} has no time zone.")
    return instant.astimezone(UTC)


def first_instant(tz: ZoneInfo, day: date, minute: int = 0) -> datetime:
    """The instant (UTC) of a wall time in `tz`, as the head of this module says.

    `minute` counts from the day's midnight on the wall clock, 0 to 1440; 1440 is the next day's midnight.
    """
    wall = datetime.combine(day, time()) + timedelta(minutes=minute)
    instant = wall.replace(tzinfo=tz).astimezone(UTC)
    if _wall(instant, tz) == wall:
        return instant
    # In the gap: `fold=1` reads the time with the offset after the change and so lands before it (PEP 495).
    before = wall.replace(tzinfo=tz, fold=1).astimezone(UTC)
    seconds, limit = 0, int((instant - before).total_seconds())
    while limit - seconds > 1:
        middle = (seconds + limit) // 2
        if _wall(before + timedelta(seconds=middle), tz) < wall:
            seconds = middle
        else:
            limit = middle
    return before + timedelta(seconds=limit)


def _wall(instant: datetime, tz: ZoneInfo) -> datetime:
    return instant.astimezone(tz).replace(tzinfo=None, fold=0)

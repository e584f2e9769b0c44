"""Days of work, Monday to Friday. Holidays come with the people's calendars. Plain functions over dates."""

from __future__ import annotations

import datetime as dt

ONE_DAY = dt.timedelta(days=1)
SATURDAY = 5
# What a plan may speak of: anything else is a slip of the keyboard.
FIRST_DAY, LAST_DAY = dt.date(1990, 1, 1), dt.date(2100, 12, 31)


def first_working_day(day: dt.date) -> dt.date:
    """`day` itself, or the Monday after when it falls on a weekend."""
    return day + ONE_DAY * (7 - day.weekday()) if day.weekday() >= SATURDAY else day


def last_working_day(start: dt.date, working_days: int) -> dt.date:
    """The day on which `working_days` (1 or more) of work that begin on `start` are done.

    A start on a weekend means the Monday after. Raises ValueError below one day, OverflowError past year 9999.
    """
    if working_days < 1:
        raise ValueError("Work takes at least a day.")
    start = first_working_day(start)
    weeks, days = divmod(start.weekday() + working_days - 1, 5)
    return start + dt.timedelta(days=7 * weeks + days - start.weekday())


def working_days_between(start: dt.date, end: dt.date) -> int:
    """The number of working days from `start` to `end`, both included; 0 when none lies there."""
    if end < start:
        return 0
    weeks, days = divmod((end - start).days + 1, 7)
    first = start.weekday()
    return 5 * weeks + sum((first + day) % 7 < SATURDAY for day in range(days))

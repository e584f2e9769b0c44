"""Quiet hours: when somebody may be told again. Plain values, no database."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from cxportal.lib.zones import as_utc, first_instant


def quiet_until(
    quiet_from: dt.time | None, quiet_until: dt.time | None, zone: ZoneInfo, now: dt.datetime
) -> dt.datetime | None:
    """The end (UTC) of the quiet hours in which `now` lies; None outside them.

    The times are those of the wall clock in `zone`; hours that end before they begin go over midnight, and those
    that end when they begin are none.
    """
    if quiet_from is None or quiet_until is None or quiet_from == quiet_until:
        return None
    day = now.astimezone(zone).date()
    start, end = _minute(quiet_from), _minute(quiet_until)
    for first in (day - dt.timedelta(days=1), day):
        last = first if start < end else first + dt.timedelta(days=1)
        begin, finish = first_instant(zone, first, start), first_instant(zone, last, end)
        if begin <= as_utc(now) < finish:
            return finish
    return None


def _minute(time: dt.time) -> int:
    return time.hour * 60 + time.minute

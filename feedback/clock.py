"""The arithmetic of the answer clock: when an answer is due, which reminder is due, how much of the time is used.

Plain functions over plain values; nothing here reads the database or the present time. Every instant must have
a time zone (ValueError otherwise) and every instant that comes out is in UTC.

A policy's *own time* is elapsed time, or working time where the policy has it. Elapsed time is real time: 24
hours stay 24 hours when the clocks change. Working time is the real time inside the working spans: of a span in
which the clocks go forward an hour less is counted, in which they go back an hour more.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from enum import IntEnum

from cxportal.lib.zones import as_utc, first_instant, zone
from feedback.policy import Policy, PolicyError, WorkingTime

__all__ = [
    "HORIZON",
    "Policy",
    "PolicyError",
    "Rung",
    "WorkingTime",
    "at_share",
    "due_at",
    "elapsed",
    "next_rung_at",
    "next_working_day_at_nine",
    "rung_at",
    "rung_due",
    "share_used",
    "time_between",
    "working_minutes_between",
]

HORIZON = timedelta(days=3653)  # ten years: what takes longer is unreachable
NINE_O_CLOCK = 9 * 60
MONDAY_TO_FRIDAY = range(5)


class Rung(IntEnum):
    """The rungs of the reminder ladder; the value is the share of the time to answer in percent."""

    HALF = 50
    THREE_QUARTERS = 75
    NINE_TENTHS = 90
    DUE = 100

    @property
    def share(self) -> float:
        return self.value / 100


def due_at(policy: Policy, started_at: datetime) -> datetime:
    """When the answer to a message that was stored at `started_at` is due.

    In working time this is the first instant by which the policy's minutes have been worked since then, so never
    outside working time: time that ends with the day is due that evening, not the next morning.
    Raises PolicyError("unreachable") where that takes more than ten years.
    """
    start = as_utc(started_at)
    try:
        return _advance(policy, start, policy.time, start + HORIZON)
    except OverflowError as error:
        raise PolicyError("unreachable", "The answer would be due after the end of time.") from error


def time_between(policy: Policy, a: datetime, b: datetime) -> timedelta:
    """How much of the policy's own time lies between two instants; negative where `b` is before `a`."""
    a, b = as_utc(a), as_utc(b)
    if policy.working_time is None:
        return b - a
    if b < a:
        return -time_between(policy, b, a)
    stretches = policy.working_time.stretches(a, b)
    return sum((end - begin for begin, end in stretches), timedelta())


def working_minutes_between(policy: Policy, a: datetime, b: datetime) -> int:
    """The whole minutes of `time_between`, cut towards zero: "answered in 95 working minutes"."""
    return int(time_between(policy, a, b) / timedelta(minutes=1))


def elapsed(a: datetime, b: datetime) -> timedelta:
    """The real time between two instants, whatever their zones: "answered in 2 h 10 min"."""
    return as_utc(b) - as_utc(a)


def at_share(policy: Policy, started_at: datetime, due_at: datetime, share: float) -> datetime:
    """The instant at which `share` (0 to 1) of the time to answer is used, in the policy's own time.

    `due_at` is the clock's due time, also one that a manager moved by hand: the time to answer is then the
    policy's own time between start and that. Where none of it lies between them (a due time on a Sunday for a
    question of Saturday) elapsed time is divided instead; where the due time is not after the start, every share
    is used at the due time. Never after `due_at`, which is share 1 itself, also outside working time.
    """
    start, due = as_utc(started_at), as_utc(due_at)
    if share >= 1 or due <= start:
        return due
    if share <= 0:
        return start
    total = time_between(policy, start, due)
    if not total:
        return start + (due - start) * share
    return _advance(policy, start, total * share, due)


def share_used(policy: Policy, started_at: datetime, due_at: datetime, now: datetime) -> float:
    """The share of the time to answer that is used: the inverse of `at_share`.

    0 before the start, below 1 before the due time, 1 from then on and growing with the policy's own time.
    """
    start, due, now = as_utc(started_at), as_utc(due_at), as_utc(now)
    if now <= start and now < due:
        return 0.0
    if due <= start:
        return 1.0 if now >= due else 0.0
    total, used = time_between(policy, start, due), time_between(policy, start, now)
    if not total:
        total, used = due - start, now - start
    if now < due:
        return min(used / total, math.nextafter(1, 0))
    return max(used / total, 1.0)


def rung_at(policy: Policy, started_at: datetime, due_at: datetime, rung: Rung) -> datetime:
    """When a rung is due: `at_share` of its share."""
    return at_share(policy, started_at, due_at, rung.share)


def rung_due(
    policy: Policy, started_at: datetime, due_at: datetime, now: datetime, *, done: int = 0
) -> Rung | None:
    """The rung to remind of now: the highest one due, where several are; None where none above `done` is.

    `done` is the highest rung this clock was reminded of (a Rung or its percent), 0 for none yet.
    """
    now = as_utc(now)
    for rung in reversed(_above(done)):
        if rung_at(policy, started_at, due_at, rung) <= now:
            return rung
    return None


def next_rung_at(policy: Policy, started_at: datetime, due_at: datetime, *, done: int = 0) -> datetime | None:
    """When the first rung above `done` is due (perhaps in the past: then at once); None above the last.

    To be kept with the clock, and computed again when a rung is done or the due time moved. After the last rung
    comes `next_working_day_at_nine`.
    """
    above = _above(done)
    return rung_at(policy, started_at, due_at, above[0]) if above else None


def next_working_day_at_nine(calendar: Policy | WorkingTime, zone_name: str, after: datetime) -> datetime:
    """The first 09:00 of a working day in the zone `zone_name` strictly after `after`: the repeats of a late clock.

    Working days are those of the clock's policy; with elapsed time Monday to Friday. A day that the zone left
    out is none. Raises UnknownZone, and PolicyError("unreachable") where ten years hold no working day.
    """
    working_time = calendar.working_time if isinstance(calendar, Policy) else calendar
    tz, after = zone(zone_name), as_utc(after)
    day = after.astimezone(tz).date()
    for _ in range(HORIZON.days):
        working = (
            day.weekday() in MONDAY_TO_FRIDAY if working_time is None else working_time.is_working_day(day)
        )
        if working:
            instant = first_instant(tz, day, NINE_O_CLOCK)
            if instant > after and instant.astimezone(tz).date() == day:
                return instant
        day += timedelta(days=1)
    raise PolicyError("unreachable", "There is no working day within ten years.")


def _above(done: int) -> list[Rung]:
    return [rung for rung in Rung if rung > done]


def _advance(policy: Policy, start: datetime, time: timedelta, limit: datetime) -> datetime:
    """The first instant by which `time` (more than nothing) of the policy's own time has passed since `start`."""
    if policy.working_time is None:
        return start + time
    for begin, end in policy.working_time.stretches(start, limit):
        if time <= end - begin:
            return begin + time
        time -= end - begin
    raise PolicyError("unreachable", "The answer would not be due within ten years.")

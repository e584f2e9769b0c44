"""The weekly board's slots: when a mail is due, what time it tells of, and what becomes of a missed one.

Plain functions over plain values. Instants go in with any time zone (ValueError without one) and come out in UTC.
What the caller keeps of each recipient:

- the schedule, and `next_slot`, the slot that is due next;
- `covered_until`, the end of the last window that was told: the last slot that was *sent* (or skipped as a
  quiet week). A slot that joins the next one is not told and does not move it.

The way of a slot, once `next_slot <= now`:

    match decide(schedule, next_slot, now):
        case Send(slot, following):  # one mail for `slot` about window(covered_until, slot)
            covered_until, next_slot = slot, following
        case Join(following):  # no mail; the window of the missed slot begins the next one
            covered_until, next_slot = window(covered_until, next_slot).start, following

A new recipient, a changed weekday, hour or zone, and a board turned on again begin with `first_slot`; where one
was turned on again, the caller says with `covered_until=None` that what lies between is not to be told.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from cxportal.lib.zones import as_utc, first_instant, zone

FIRST_WINDOW = timedelta(days=7)
TOO_CLOSE = timedelta(hours=48)  # two boards are never less than this apart
WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Schedule:
    """Once a week at a full hour of a zone's wall clock. Raises ValueError for what is none of these.

    `weekday` 0 (Monday) to 6, `hour` 0 to 23, `zone` an IANA name.
    """

    weekday: int
    hour: int
    zone: str

    def __post_init__(self) -> None:
        if self.weekday not in range(7) or self.hour not in range(24):
            raise ValueError(f"{self.weekday}, {self.hour} is no weekday and hour.")
        zone(self.zone)


@dataclass(frozen=True, slots=True)
class Send:
    """Send one mail, for `slot`, however many were missed; `next_slot` is the one that follows, in the future."""

    slot: datetime
    next_slot: datetime


@dataclass(frozen=True, slots=True)
class Join:
    """Send nothing: what was missed is told in the mail for `next_slot`, which is near."""

    next_slot: datetime


@dataclass(frozen=True, slots=True)
class Window:
    """The time a mail tells of: `start <= instant < end`."""

    start: datetime
    end: datetime

    def __contains__(self, instant: datetime) -> bool:
        return self.start <= instant < self.end


def slot_on(schedule: Schedule, day: date) -> datetime | None:
    """The slot of a day of the schedule's zone; None where the day is another weekday.

    An hour that does not exist is the first that does (on a day the zone left out, the first of the next day);
    one that comes twice is the first of the two.
    """
    if day.weekday() != schedule.weekday:
        return None
    return first_instant(zone(schedule.zone), day, schedule.hour * 60)


def next_slot(schedule: Schedule, after: datetime) -> datetime:
    """The first slot strictly after an instant."""
    after = as_utc(after)
    tz = zone(schedule.zone)
    day = _last_weekday(schedule, after.astimezone(tz).date())
    while (slot := first_instant(tz, day, schedule.hour * 60)) <= after:
        day += WEEK
    return slot


def last_slot(schedule: Schedule, until: datetime) -> datetime:
    """The last slot at or before an instant."""
    until = as_utc(until)
    tz = zone(schedule.zone)
    # The day after: where clocks go back over midnight, its first slot may have been already.
    day = _last_weekday(schedule, until.astimezone(tz).date() + timedelta(days=1))
    while (slot := first_instant(tz, day, schedule.hour * 60)) > until:
        day -= WEEK
    return slot


def first_slot(schedule: Schedule, now: datetime, last_mail_at: datetime | None = None) -> datetime:
    """The first slot of a new recipient or of a changed schedule: strictly in the future.

    `last_mail_at` is when the recipient's last board was sent (not its slot: it may have been late). A slot less
    than 48 hours after that is left to the following one: who moves Friday's hour on Friday evening gets no second
    board that day.
    """
    now = as_utc(now)
    if last_mail_at is not None and (earliest := as_utc(last_mail_at) + TOO_CLOSE) > now:
        slot = next_slot(schedule, now)
        return slot if slot >= earliest else next_slot(schedule, slot)
    return next_slot(schedule, now)


def decide(schedule: Schedule, due_slot: datetime, now: datetime) -> Send | Join:
    """What to do about a recipient whose kept slot has come (`due_slot <= now`, ValueError otherwise).

    On time, that slot is sent. After a standstill the last slot that was missed is sent, one mail for all of them,
    unless the next slot is less than 48 hours away: then that one takes all of it. This also holds for a kept
    slot that is no longer one, because the rules of its zone were changed since it was computed.
    """
    due_slot, now = as_utc(due_slot), as_utc(now)
    if due_slot > now:
        raise ValueError(f"The slot {due_slot} is not due at {now}.")
    upcoming = next_slot(schedule, now)
    if upcoming - now < TOO_CLOSE:
        return Join(upcoming)
    return Send(max(due_slot, last_slot(schedule, now)), upcoming)


def window(covered_until: datetime | None, slot: datetime) -> Window:
    """What the mail for `slot` tells of: all since the last one, or the last seven days in the first mail.

    Also for an extra mail, with the present time as `slot`; that one moves neither `covered_until` nor a slot.
    Raises ValueError where the slot was told already.
    """
    end = as_utc(slot)
    start = end - FIRST_WINDOW if covered_until is None else as_utc(covered_until)
    if start >= end:
        raise ValueError(f"The slot {end} was told already, until {start}.")
    return Window(start, end)


def _last_weekday(schedule: Schedule, day: date) -> date:
    """The last day of the schedule's weekday, at or before `day`."""
    return day - timedelta(days=(day.weekday() - schedule.weekday) % 7)

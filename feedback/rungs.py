"""Which reminder of a clock comes when: the arithmetic of `feedback.clock`, asked with a clock's own values."""

from __future__ import annotations

import datetime as dt
from typing import Protocol

from cxportal.lib.zones import zone
from feedback import clock as arithmetic
from feedback.clock import Rung
from feedback.policy import Policy


class ClockValues(Protocol):
    policy: dict[str, object]
    started_at: dt.datetime
    due_at: dt.datetime
    rung: int


def next_reminder_at(clock: ClockValues, *, now: dt.datetime, zone_name: str) -> dt.datetime:
    """When the ladder is to be looked at next, perhaps in the past: then at once.

    After the rung of 100 % each working day at 09:00 in `zone_name`, the manager's; a due time that was moved
    ahead after that is waited for first.
    """
    policy = Policy.from_json(clock.policy)
    at = arithmetic.next_rung_at(policy, clock.started_at, clock.due_at, done=clock.rung)
    if at is not None:
        return at
    if clock.due_at > now:
        return clock.due_at
    return arithmetic.next_working_day_at_nine(policy, zone_name, now)


def current_rung(clock: ClockValues, *, now: dt.datetime) -> Rung | None:
    """The highest rung that is due and was not reminded of yet; None where there is none."""
    policy = Policy.from_json(clock.policy)
    return arithmetic.rung_due(policy, clock.started_at, clock.due_at, now, done=clock.rung)


def repeat_key(now: dt.datetime, zone_name: str) -> str:
    """The name of a repeated reminder of a late clock: one for each day of the manager's zone."""
    return f"{Rung.DUE.value}+{now.astimezone(zone(zone_name)).date().isoformat()}"

"""What staff do with a running clock besides answering."""

from __future__ import annotations

import datetime as dt

from django.core.exceptions import PermissionDenied
from django.db import transaction

from clients.models import User
from feedback.actions import _running
from feedback.actions._common import lock, present, require_our_staff, write_down
from feedback.errors import DueTimeRefused, NothingToAnswer
from feedback.models import AnswerClock, DueChange, Thread
from feedback.rungs import next_reminder_at
from feedback.texts import clean_reason

FARTHEST = dt.timedelta(days=366)


@transaction.atomic
def no_reply_needed(*, thread: Thread, by: User, reason: str, now: dt.datetime | None = None) -> AnswerClock:
    """Ends the running clock without an answer, with the reason and who said so.

    Raises PermissionDenied unless `by` is our staff, TextRefused without a reason, NothingToAnswer.
    """
    reason = clean_reason(reason)
    require_our_staff(by)
    thread = lock(thread, by)
    clock = _running.running_clock(thread)
    if clock is None:
        raise NothingToAnswer
    now = present(now)
    _running.end(clock, AnswerClock.Ending.NO_REPLY_NEEDED, at=now, by=by, reason=reason)
    write_down(
        "clock.excused", thread=thread, by=by, now=now, is_internal=True, clock=clock.pk, reason=reason
    )
    return clock


@transaction.atomic
def move_due(
    *, clock: AnswerClock, by: User, due_at: dt.datetime, reason: str, now: dt.datetime | None = None
) -> DueChange:
    """Moves the due time of a running clock, with a reason that the client reads; the ladder moves with it.

    A clock that was late stays marked so. `due_at` is aware. Raises PermissionDenied unless `by` is a manager,
    TextRefused, DueTimeRefused unless the new time lies ahead, NothingToAnswer when the clock has ended.
    """
    reason = clean_reason(reason)
    require_our_staff(by)
    if not by.runs_projects:
        raise PermissionDenied
    thread = lock(clock.thread, by)
    current = _running.running_clock(thread)
    if current is None or current.pk != clock.pk:
        raise NothingToAnswer
    now = present(now)
    if not now < due_at <= now + FARTHEST:
        raise DueTimeRefused
    change = DueChange.objects.create(
        clock=current, old=current.due_at, new=due_at, reason=reason, actor=by, at=now
    )
    current.note_lateness(now)
    current.due_at = due_at
    current.next_rung_at = next_reminder_at(
        current, now=now, zone_name=_running.manager_zone(thread, current)
    )
    current.save()
    write_down(
        "clock.moved",
        thread=thread,
        by=by,
        now=now,
        clock=current.pk,
        old=change.old.isoformat(),
        new=due_at.isoformat(),
        reason=reason,
    )
    return change

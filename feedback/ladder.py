"""The reminder ladder: one pass over the clocks that have a rung due. Costs by what is due, not by what is open.

Two passes at once harm nothing: each takes clocks that no other holds (SKIP LOCKED), and each line of the ledger
is unique. The mails commit with the ledger and are sent by the worker, which asks again whether they still may.
"""

from __future__ import annotations

import datetime as dt
import logging
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from feedback import ledger
from feedback.chain import who_is_told
from feedback.circles import Circles, load_circles
from feedback.clock import Rung
from feedback.ledger import Line
from feedback.mails.reminders import REMINDER, lines_of
from feedback.models import AnswerClock, Thread
from feedback.rungs import current_rung, next_reminder_at, repeat_key

logger = logging.getLogger(__name__)

BATCH = 100
TRY_AGAIN = dt.timedelta(hours=1)

# `bulk_update` took almost half of a pass: it writes a CASE for each row and column.
_SAVE = """
    UPDATE feedback_answerclock AS clock
       SET rung = new.rung, next_rung_at = new.next_rung_at, late_since = new.late_since
      FROM unnest(%(ids)s::bigint[], %(rungs)s::smallint[], %(next)s::timestamptz[], %(late)s::timestamptz[])
        AS new (id, rung, next_rung_at, late_since)
     WHERE clock.id = new.id
"""


def remind_due(now: dt.datetime | None = None, limit: int = 10_000) -> int:
    """Reminds of every clock whose next rung has come at `now` (aware), at most `limit` of them.

    Returns how many clocks were taken. Several rungs due at once, after a standstill, become one reminder of the
    highest. Each batch is a transaction of its own.
    """
    now = now or timezone.now()
    taken = 0
    while taken < limit:
        size = min(BATCH, limit - taken)
        count = _remind_some(now, size)
        taken += count
        if count < size:  # no more that nobody else holds
            break
    return taken


@transaction.atomic
def _remind_some(now: dt.datetime, size: int) -> int:
    clocks = list(
        AnswerClock.objects.with_rung_due(now)
        .select_for_update(skip_locked=True, no_key=True)
        .order_by("next_rung_at")[:size]
    )
    if not clocks:
        return 0
    # Read after the clocks were locked: who is on a conversation may have changed just before.
    threads = Thread.objects.select_related("client", "project").in_bulk(
        [clock.thread_id for clock in clocks]
    )
    circles = load_circles(threads.values(), now)
    lines: list[Line] = []
    for clock in clocks:
        try:
            lines += _climb(clock, threads[clock.thread_id], circles, now)
        except Exception:
            # One clock that cannot be computed must not silence the others.
            logger.exception("The reminders of clock %s failed", clock.pk)
            clock.next_rung_at = now + TRY_AGAIN
            lines.append(Line(clock=clock, rung="0", user=None, reason="broken"))
    ledger.write(lines, kind=REMINDER, now=now)
    _save(clocks)
    return len(clocks)


def _climb(clock: AnswerClock, thread: Thread, circles: Circles, now: dt.datetime) -> list[Line]:
    """The lines of the rung that is due, and the clock's next one. Changes `clock`; the caller saves it."""
    zone_name = _manager_zone(thread, circles)
    rung = current_rung(clock, now=now)
    lines: list[Line] = []
    if rung is not None:
        lines = [
            Line(clock=clock, rung=str(skipped.value), user=None, reason="together")
            for skipped in Rung
            if clock.rung < skipped < rung
        ]
        clock.rung = rung.value
        lines += lines_of(clock, str(rung.value), who_is_told(circles.of(thread), rung), circles)
    elif clock.rung == Rung.DUE and clock.due_at <= now:
        decision = who_is_told(circles.of(thread), Rung.DUE)
        lines = lines_of(clock, repeat_key(now, zone_name), decision, circles)
    clock.note_lateness(now)
    clock.next_rung_at = next_reminder_at(clock, now=now, zone_name=zone_name)
    return lines


def _save(clocks: list[AnswerClock]) -> None:
    """What `_climb` changed: one statement that is as long for one clock as for many."""
    values: dict[str, Any] = {
        "ids": [clock.pk for clock in clocks],
        "rungs": [clock.rung for clock in clocks],
        "next": [clock.next_rung_at for clock in clocks],
        "late": [clock.late_since for clock in clocks],
    }
    with connection.cursor() as cursor:
        cursor.execute(_SAVE, values)


def _manager_zone(thread: Thread, circles: Circles) -> str:
    manager_id = thread.project.manager_id if thread.project else thread.client.manager_id
    return circles.people[manager_id].time_zone

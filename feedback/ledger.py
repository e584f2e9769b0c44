"""Writes the ledger of reminders: one line for each rung and person, and the mails that go with them.

Whoever writes holds the lock of the clocks; the unique key of a line and the key of its mail hold in any case.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils import timezone

from clients.models import User
from cxportal.notifications.mail import Draft, MailKind, queue_all
from feedback.models import AnswerClock, Reminder

QUEUED, SUPPRESSED = Reminder.Outcome.QUEUED, Reminder.Outcome.SUPPRESSED


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One rung for one person (None: for a place that nobody holds).

    Without `reason` they are reminded, after `not_before` (their quiet hours); with one they are not.
    """

    clock: AnswerClock
    rung: str
    user: User | None
    reason: str = ""
    not_before: dt.datetime | None = None

    @property
    def key(self) -> tuple[int, str, int | None]:
        return self.clock.pk, self.rung, self.user.pk if self.user else None


def write(lines: Iterable[Line], *, kind: MailKind, now: dt.datetime) -> int:
    """Writes the lines that are new, queues their mails of `kind`, and returns how many people are reminded.

    Someone who was left out of a rung and is now reminded of it gets the line they have.
    """
    wanted = {line.key: line for line in lines}
    if not wanted:
        return 0
    there = {
        (row.clock_id, row.rung, row.user_id): row
        for row in Reminder.objects.filter(
            clock__in={key[0] for key in wanted}, rung__in={key[1] for key in wanted}
        )
    }
    new = [line for key, line in wanted.items() if key not in there]
    again = [
        line
        for key, line in wanted.items()
        if not line.reason and key in there and there[key].outcome == SUPPRESSED
    ]
    told = {line.key: _mail_key(line, there.get(line.key)) for line in [*new, *again] if not line.reason}
    at_once = min(now, timezone.now())  # a plain value: the database computes nothing per mail
    drafts = [_draft(wanted[key], mail_key, at_once) for key, mail_key in told.items()]
    mails = {mail.dedupe_key: mail for mail in queue_all(kind, drafts)}
    Reminder.objects.bulk_create(
        [
            Reminder(
                clock=line.clock,
                rung=line.rung,
                user=line.user,
                at=now,
                outcome=SUPPRESSED if line.reason else QUEUED,
                reason=line.reason or ("quiet" if line.not_before else ""),
                mail=mails.get(told.get(line.key, "")),
            )
            for line in new
        ],
        ignore_conflicts=True,
    )
    for line in again:
        row = there[line.key]
        row.outcome, row.at, row.mail = QUEUED, now, mails.get(told[line.key])
        row.reason = "quiet" if line.not_before else ""
        row.save()
    return len(told)


def suppress(row: Reminder, reason: str) -> None:
    """The mail of this line was not sent after all."""
    row.outcome, row.reason = SUPPRESSED, reason
    row.save(update_fields=["outcome", "reason"])


def _mail_key(line: Line, row: Reminder | None) -> str:
    clock, rung, user = line.key
    # A line that was left out once may have a mail that was never sent: this one is another.
    again = f":after{row.mail_id}" if row is not None and row.mail_id else ""
    return f"reminder:{clock}:{rung}:{user}{again}"


def _draft(line: Line, key: str, at_once: dt.datetime) -> Draft:
    assert line.user is not None
    return Draft(
        key=key,
        to=line.user.email,
        recipient=line.user,
        due_at=line.not_before or at_once,
        data={"clock": line.clock.pk, "rung": line.rung},
    )

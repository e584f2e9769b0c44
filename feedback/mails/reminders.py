"""Reminders of a running clock, and what follows when somebody else is put on a conversation."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone
from django.utils.translation import gettext as _

from clients.models import User
from cxportal.notifications.mail import MailKind, Rendered, register
from cxportal.notifications.models import OutgoingMail
from cxportal.notifications.rendering import absolute, render_mail
from feedback import ledger
from feedback.chain import Decision, who_is_told
from feedback.circles import Circles, load_circles
from feedback.clock import Rung
from feedback.ledger import Line
from feedback.mails.news import reader_of, tell_people_of, thread_headers, times_of, written
from feedback.models import AnswerClock, Reminder, Thread
from feedback.reasons import in_english


def lines_of(clock: AnswerClock, rung: str, decision: Decision, circles: Circles) -> list[Line]:
    """A decision as lines of the ledger: below 90 % quiet hours are waited for, but not by a stand-in."""
    waits = percent(rung) < Rung.NINE_TENTHS
    lines = [
        Line(
            clock=clock,
            rung=rung,
            user=circles.people[pk],
            not_before=circles.quiet_until(pk) if waits and not stands_in else None,
        )
        for pk, stands_in in decision.told.items()
    ]
    lines += [
        Line(clock=clock, rung=rung, user=circles.people[pk] if pk else None, reason=" ".join(reasons))
        for pk, reasons in decision.left_out.items()
    ]
    return lines


def percent(rung: str) -> int:
    """50 of "50", 100 of "100+2026-11-23"."""
    return int(rung.partition("+")[0])


def call_holder(clock: AnswerClock, thread: Thread, *, by: User | None, now: dt.datetime) -> None:
    """Whoever the conversation is on now, or stands in, gets the clock's current rung; before the first rung the
    news of the message. Each once; `by`, who put them on it, does not need telling. The clock is locked."""
    circles = load_circles([thread], now)
    decision = who_is_told(circles.of(thread), 0)
    if clock.rung == 0:
        told = [circles.people[pk] for pk in decision.told if by is None or pk != by.pk]
        tell_people_of(clock.message, told)
        return
    lines = [
        Line(clock=clock, rung=line.rung, user=line.user, reason="self")
        if by is not None and line.user == by and not line.reason
        else line
        for line in lines_of(clock, str(clock.rung), decision, circles)
    ]
    ledger.write(lines, kind=REMINDER, now=now)


def _why_not(mail: OutgoingMail) -> str:
    """Locks the clock: still running, the recipient still one to be told, and not told of a higher rung since."""
    clock = (
        AnswerClock.objects.filter(pk=mail.data["clock"]).select_for_update(of=("self",), no_key=True).first()
    )
    if clock is None:
        return in_english("gone")
    now = timezone.now()
    reason = _obstacle(mail, clock, now)
    if not reason and mail.attempt_count:  # left out once, and sent again by an administrator
        Reminder.objects.filter(mail=mail, outcome=ledger.SUPPRESSED).update(outcome=ledger.QUEUED, reason="")
    if reason:
        for row in Reminder.objects.filter(mail=mail):
            ledger.suppress(row, reason)
    return in_english(reason)


def _obstacle(mail: OutgoingMail, clock: AnswerClock, now: dt.datetime) -> str:
    if not clock.is_running:
        return "answered"
    rung = percent(mail.data["rung"])
    later = Reminder.objects.filter(
        clock=clock, user=mail.recipient_id, outcome=Reminder.Outcome.QUEUED, pk__gt=_line_id(mail)
    )
    if any(percent(row.rung) > rung for row in later):
        return "superseded"
    thread = Thread.objects.select_related("client", "project").get(pk=clock.thread_id)
    decision = who_is_told(load_circles([thread], now).of(thread), rung)
    if mail.recipient_id in decision.told and reader_of(mail) is not None:
        return ""
    # Whoever holds the conversation now, or stands in, hears of it instead.
    call_holder(clock, thread, by=None, now=now)
    reasons = decision.left_out.get(mail.recipient_id) or ["not_in_charge"]
    return "inactive" if reader_of(mail) is None else " ".join(reasons)


def _line_id(mail: OutgoingMail) -> int:
    return Reminder.objects.filter(mail=mail).values_list("pk", flat=True).first() or 0


def _render(mail: OutgoingMail) -> Rendered:
    clock = AnswerClock.objects.select_related(
        "message__author", "thread__client", "thread__project", "thread__assignee"
    ).get(pk=mail.data["clock"])
    rung = mail.data["rung"]
    is_late = percent(rung) >= Rung.DUE
    words = _("Late: %(client)s, %(subject)s") if is_late else _("Please answer %(client)s: %(subject)s")
    subject = words % {"client": clock.thread.client.name, "subject": clock.thread.subject}
    others = Reminder.objects.filter(
        clock=clock, rung=rung, outcome=Reminder.Outcome.QUEUED, user__isnull=False
    ).exclude(user=mail.recipient_id)
    context = {
        "clock": clock,
        "thread": clock.thread,
        "message": clock.message,
        "words": written(clock.message),
        "is_late": is_late,
        "percent": percent(rung),
        "others": [str(row.user) for row in others.select_related("user")],
        **times_of(clock),
        "url": absolute(clock.thread.get_absolute_url()),
    }
    return render_mail(
        "feedback/mail/reminder",
        context,
        subject=subject,
        language=mail.language,
        zone=mail.recipient.time_zone if mail.recipient else None,
        headers=thread_headers(clock.thread),
    )


REMINDER = register(MailKind("reminder", render=_render, why_not=_why_not))

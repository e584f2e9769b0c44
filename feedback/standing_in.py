"""Somebody cannot answer any more: whoever stands in hears at once of the clocks that run with them."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils import timezone

from clients.models import Absence
from feedback import mails
from feedback.models import AnswerClock, Thread


def pass_on(person_id: int, *, now: dt.datetime) -> None:
    """Tells whoever stands in for this person. Must run inside a transaction; locks their conversations."""
    threads = (
        Thread.objects.filter(assignee=person_id, clocks__ended_at=None, clocks__isnull=False)
        .select_related("client", "project")
        .order_by("pk")
        .select_for_update(of=("self",), no_key=True)
    )
    for thread in threads:
        clock = AnswerClock.objects.running().filter(thread=thread).select_for_update(no_key=True).first()
        if clock is not None:
            mails.call_holder(clock, thread, by=None, now=now)


@transaction.atomic
def pass_on_absences(now: dt.datetime | None = None) -> int:
    """Passes on what runs with people whose absence has begun by `now` (aware), in their own zone; once for each.

    Returns how many absences there were. Safe to run any number of times at once.
    """
    now = now or timezone.now()
    day, one = now.astimezone(dt.UTC).date(), dt.timedelta(days=1)
    passed_on = 0
    begun = (
        Absence.objects.not_passed_on()
        .filter(starts_on__lte=day + one, ends_on__gte=day - one)
        .select_related("user")
        .select_for_update(of=("self",), skip_locked=True)
        .order_by("pk")
    )
    for absence in begun:
        today = now.astimezone(absence.user.zone()).date()
        if absence.starts_on <= today <= absence.ends_on:
            pass_on(absence.user_id, now=now)
            absence.passed_on_from = absence.starts_on
            absence.save(update_fields=["passed_on_from"])
            passed_on += 1
    return passed_on

"""Handing over the conversations of one of our people, see `clients.handing_over`."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from clients.handing_over import WrongTarget, require_may_take_over
from clients.models import User
from feedback.actions._common import lock
from feedback.actions.threads import assign
from feedback.models import AnswerClock, Thread


def open_threads(person: User) -> QuerySet[Thread]:
    """Those `person` is on that are open, or in which a client waits."""
    running = Exists(AnswerClock.objects.running().filter(thread=OuterRef("pk")))
    threads = Thread.objects.filter(Q(running) | Q(status=Thread.Status.OPEN), assignee=person)
    return threads.filter(merged_into=None).select_related("client", "project").order_by("subject", "pk")


@transaction.atomic
def hand_over_thread(
    *, thread: Thread, old: User, new: User, by: User, now: dt.datetime | None = None
) -> bool:
    """Puts `new` on the conversation in place of `old`, with the reminder that is current.

    False, and nothing changes, if `old` is not on it any more. Raises WrongTarget for somebody who does not work
    on its project: handing over opens nothing to them.
    """
    current = lock(thread, by)
    if current.assignee_id != old.pk:
        return False
    require_may_take_over(new)
    project = current.project
    if project is not None and not new.runs_projects and not project.people().filter(pk=new.pk).exists():
        raise WrongTarget(_("does not work on this project"))
    assign(thread=current, by=by, assignee=new, now=now)
    return True

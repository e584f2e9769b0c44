"""A conversation as a whole: who is on it, who follows, who reads, open or closed."""

from __future__ import annotations

import datetime as dt

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from clients.models import User
from feedback import mails
from feedback.actions import _running
from feedback.actions._common import lock, present, require_our_staff, write_down
from feedback.errors import AudienceRefused, ClockRuns, WrongAssignee
from feedback.models import Thread

WIDTH = {Thread.Audience.AUTHOR: 0, Thread.Audience.OWNERS: 1, Thread.Audience.COMPANY: 2}


@transaction.atomic
def assign(*, thread: Thread, by: User, assignee: User | None, now: dt.datetime | None = None) -> Thread:
    """Puts `assignee` on the conversation, or nobody. While a clock runs they get its current reminder at once.

    Raises PermissionDenied unless `by` is our staff, WrongAssignee for someone who is not or may not sign in.
    """
    require_our_staff(by)
    thread = lock(thread, by)
    clock = _running.running_clock(thread)
    if assignee is not None and not (assignee.is_our_staff and assignee.is_active):
        raise WrongAssignee
    now = present(now)
    if thread.assignee_id == (assignee.pk if assignee else None):
        return thread
    before = thread.assignee_id
    thread.assignee = assignee
    thread.save(update_fields=["assignee"])
    if clock is not None:
        mails.call_holder(clock, thread, by=by, now=now)
    write_down(
        "thread.assigned", thread=thread, by=by, now=now, old=before, new=assignee.pk if assignee else None
    )
    return thread


@transaction.atomic
def close_thread(*, thread: Thread, by: User, now: dt.datetime | None = None) -> Thread:
    """Closes the conversation: our staff, or the contact who began it.

    Raises ClockRuns while the client waits for an answer, PermissionDenied for others.
    """
    thread = lock(thread, by)
    if not by.is_our_staff and thread.author_id != by.pk:
        raise PermissionDenied
    if _running.running_clock(thread) is not None:
        raise ClockRuns
    now = present(now)
    if not thread.is_open:
        return thread
    thread.status, thread.closed_at = Thread.Status.CLOSED, now
    thread.save(update_fields=["status", "closed_at"])
    write_down("thread.closed", thread=thread, by=by, now=now)
    return thread


@transaction.atomic
def reopen_thread(*, thread: Thread, by: User, now: dt.datetime | None = None) -> Thread:
    """Opens a closed conversation again, for everyone who may write in it. Starts no clock."""
    thread = lock(thread, by)
    if thread.is_open:
        return thread
    thread.status, thread.closed_at = Thread.Status.OPEN, None
    thread.save(update_fields=["status", "closed_at"])
    write_down("thread.reopened", thread=thread, by=by, now=present(now))
    return thread


@transaction.atomic
def narrow_audience(*, thread: Thread, by: User, audience: str, now: dt.datetime | None = None) -> Thread:
    """The contact who began the conversation lets fewer of their own people read it.

    Raises PermissionDenied for everybody else, AudienceRefused for a wider circle or a task's conversation.
    """
    thread = lock(thread, by)
    if by.is_our_staff or thread.author_id != by.pk:
        raise PermissionDenied
    if thread.task is not None:
        raise AudienceRefused(_("Everybody who sees the task reads its conversation."))
    if WIDTH[Thread.Audience(audience)] > WIDTH[Thread.Audience(thread.audience)]:
        raise AudienceRefused(_("What was written for a few cannot be opened to more."))
    if audience == thread.audience:
        return thread
    thread.audience = audience
    thread.save(update_fields=["audience"])
    write_down("thread.narrowed", thread=thread, by=by, now=present(now), audience=audience)
    return thread


@transaction.atomic
def follow(*, thread: Thread, by: User, now: dt.datetime | None = None) -> None:
    """`by` gets each public answer by mail from now on. Viewers may as well."""
    thread = lock(thread, by, to_write=False)
    thread.followers.add(by)
    write_down("thread.followed", thread=thread, by=by, now=present(now), is_internal=True)


@transaction.atomic
def unfollow(*, thread: Thread, by: User, now: dt.datetime | None = None) -> None:
    """`by` gets no more mails of this conversation but answers to what they ask themself."""
    thread = lock(thread, by, to_write=False)
    thread.followers.remove(by)
    write_down("thread.unfollowed", thread=thread, by=by, now=present(now), is_internal=True)

"""Putting conversations where they belong: merge, split, move. What the client is owed stays as it is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from clients.models import User
from feedback.actions import _running
from feedback.actions._common import is_shown_to_client, lock, present, require_our_staff, write_down
from feedback.actions.threads import WIDTH
from feedback.errors import MoveRefused, NotSeenByClient
from feedback.models import AnswerClock, Message, Thread
from feedback.policy import Policy
from feedback.texts import clean_subject
from projects.models import Project


@transaction.atomic
def merge_threads(*, thread: Thread, into: Thread, by: User, now: dt.datetime | None = None) -> Thread:
    """All messages of `thread` go into `into`, and links to it lead there. Of two running clocks the one that
    started earlier goes on for both. Returns `into`.

    For our staff. Raises MoveRefused for another company's conversation, for a task's, and where words written
    for a few would be read by more; PermissionDenied for one that `by` does not see.
    """
    require_our_staff(by)
    if thread.pk == into.pk:
        raise MoveRefused(_("A conversation cannot be merged into itself."))
    # Two conversations are locked in the order of their ids, whichever is merged into which.
    locked = {one.pk: lock(one, by) for one in sorted((thread, into), key=lambda one: one.pk)}
    thread, into = locked[thread.pk], locked[into.pk]
    _require_mergeable(thread, into)
    now = present(now)
    running, other = _running.running_clock(into), _running.running_clock(thread)
    if running is not None and other is not None:
        first, second = sorted((running, other), key=lambda clock: (clock.started_at, clock.pk))
        _running.move_to(second.messages.all(), first)
        _running.end(second, AnswerClock.Ending.JOINED, at=now, by=by)
    thread.clocks.update(thread=into)
    thread.messages.update(thread=into)
    into.followers.add(*thread.followers.all())
    into.last_message_at = max(into.last_message_at, thread.last_message_at)
    if other is not None and not into.is_open:
        into.status, into.closed_at = Thread.Status.OPEN, None
    into.save(update_fields=["last_message_at", "status", "closed_at"])
    thread.merged_into = into
    thread.status, thread.closed_at = Thread.Status.CLOSED, now
    thread.save(update_fields=["merged_into", "status", "closed_at"])
    Thread.objects.filter(merged_into=thread).update(merged_into=into)
    write_down("thread.merged", thread=into, by=by, now=now, merged=thread.pk)
    return into


@transaction.atomic
def split_thread(
    *, thread: Thread, by: User, messages: Iterable[Message], subject: str, now: dt.datetime | None = None
) -> Thread:
    """Some `messages` of a conversation become one of their own, read by the same people, about the same project.
    Each part has the clock of its own oldest unanswered message.

    For our staff. Raises TextRefused, MoveRefused unless some messages go and some stay, NotSeenByClient.
    """
    subject = clean_subject(subject)
    require_our_staff(by)
    thread = lock(thread, by)
    if not is_shown_to_client(thread):
        raise NotSeenByClient  # on its own it would be read by those who do not see this one
    clock = _running.running_clock(thread)
    now = present(now)
    rows = list(thread.messages.order_by("stored_at", "pk"))
    wanted = {message.pk for message in messages}
    going = [row for row in rows if row.pk in wanted]
    if not going or len(going) == len(rows):
        raise MoveRefused(_("Choose some of the messages: not none, and not all."))
    apart = Thread.objects.create(
        client=thread.client,
        project=thread.project,
        kind=thread.kind,
        urgency=thread.urgency,
        subject=subject,
        audience=thread.audience,
        # "Me and the team" is said by the one who began: the same people go on reading.
        author_id=thread.author_id,
        assignee_id=thread.assignee_id,
        created_at=going[0].stored_at,
        last_message_at=going[-1].stored_at,
    )
    apart.followers.set(thread.followers.all())
    Message.objects.filter(pk__in=[row.pk for row in going]).update(thread=apart)
    thread.clocks.exclude(ended_at=None).filter(message__thread=apart).update(thread=apart)
    if clock is not None:
        _divide(clock, thread, apart, now)
    write_down("thread.split", thread=thread, by=by, now=now, apart=apart.pk)
    return apart


@transaction.atomic
def move_thread(
    *, thread: Thread, by: User, project: Project | None, now: dt.datetime | None = None
) -> Thread:
    """The conversation belongs to another project of the same client, or to the company. Its clock is unchanged.

    For our staff. Raises MoveRefused for a task's conversation and another company's project, NotSeenByClient
    for a project the client does not see, PermissionDenied for one that `by` does not see.
    """
    require_our_staff(by)
    thread = lock(thread, by)
    if thread.task is not None:
        raise MoveRefused(_("The conversation of a task stays with the task."))
    if project is not None:
        if not Project.objects.visible_to(by).filter(pk=project.pk).exists():
            raise PermissionDenied
        if project.client_id != thread.client_id:
            raise MoveRefused(_("This belongs to another company."))
    before = thread.project_id
    thread.project = project
    if not is_shown_to_client(thread):
        raise NotSeenByClient
    thread.save(update_fields=["project"])
    after = project.pk if project else None
    write_down("thread.moved", thread=thread, by=by, now=present(now), old=before, new=after)
    return thread


def _require_mergeable(thread: Thread, into: Thread) -> None:
    if thread.client_id != into.client_id:
        raise MoveRefused(_("This belongs to another company."))
    if thread.task is not None:
        raise MoveRefused(_("The conversation of a task stays with the task."))
    if not is_shown_to_client(into):
        raise NotSeenByClient
    wider = WIDTH[Thread.Audience(into.audience)] > WIDTH[Thread.Audience(thread.audience)]
    another = into.audience == Thread.Audience.AUTHOR and into.author_id != thread.author_id
    if wider or another:
        raise MoveRefused(_("What was written for a few cannot be opened to more."))


def _divide(clock: AnswerClock, thread: Thread, apart: Thread, now: dt.datetime) -> None:
    """The running clock goes with its oldest message; what waits in the other part gets one like it."""
    waiting = _running.oldest_first(clock.messages.public().select_related("thread"))
    parts = {
        apart.pk: [words for words in waiting if words.thread_id == apart.pk],
        thread.pk: [words for words in waiting if words.thread_id == thread.pk],
    }
    if clock.message.thread_id == apart.pk:
        clock.thread = apart
        clock.save(update_fields=["thread"])
    place, rest = (thread, parts[thread.pk]) if clock.thread_id == apart.pk else (apart, parts[apart.pk])
    if rest:
        _running.move_to(rest, _running.start(place, rest[0], now=now, policy=Policy.from_json(clock.policy)))

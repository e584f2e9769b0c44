"""Taking words back. They stay in the table for audit; nobody of the client reads them any more."""

from __future__ import annotations

import datetime as dt

from django.core.exceptions import PermissionDenied
from django.db import transaction

from clients.models import User
from feedback.actions import _running
from feedback.actions._common import lock, present, require_our_staff, write_down
from feedback.errors import AlreadyAnswered, TooLateToTakeBack
from feedback.models import AnswerClock, Message, Thread

TAKE_BACK_ANSWER = dt.timedelta(seconds=10)  # its mail is held as long
TAKE_BACK_QUESTION = dt.timedelta(minutes=10)


@transaction.atomic
def take_back(*, message: Message, by: User, now: dt.datetime | None = None) -> Message:
    """The author takes back what they just wrote: staff within ten seconds, contacts within ten minutes.

    An answer taken back opens its clock again. A client's message can be taken back while it is unanswered: the
    clock goes on from the next oldest one, or ends as withdrawn. Raises PermissionDenied for another's words,
    TooLateToTakeBack, AlreadyAnswered.
    """
    thread = lock(message.thread, by)
    clock = _running.running_clock(thread)
    message = _locked(message, thread)
    if message.author_id != by.pk:
        raise PermissionDenied
    now = present(now)
    if message.withdrawn_at is not None:
        return message
    limit = TAKE_BACK_QUESTION if message.by_client else TAKE_BACK_ANSWER
    if now >= message.stored_at + limit:
        raise TooLateToTakeBack
    if message.by_client and (clock is None or message.clock_id != clock.pk):
        raise AlreadyAnswered
    _withdraw(message, now)
    if message.by_client:
        assert clock is not None
        _count_without(message, clock, thread=thread, by=by, now=now)
    else:
        _open_again(message, thread, now)
    write_down(
        "message.taken_back", thread=thread, by=by, now=now, is_internal=message.is_note, message=message.pk
    )
    return message


@transaction.atomic
def delete_answer(*, message: Message, by: User, now: dt.datetime | None = None) -> Message:
    """Takes a public message of ours away at any later time; the clock it ended runs again.

    For its author and for managers. Raises PermissionDenied for others and for words of a client.
    """
    require_our_staff(by)
    thread = lock(message.thread, by)
    _running.running_clock(thread)
    message = _locked(message, thread)
    if message.by_client or not (message.author_id == by.pk or by.runs_projects):
        raise PermissionDenied
    now = present(now)
    if message.withdrawn_at is not None:
        return message
    _withdraw(message, now)
    _open_again(message, thread, now)
    write_down(
        "message.deleted", thread=thread, by=by, now=now, is_internal=message.is_note, message=message.pk
    )
    return message


def _locked(message: Message, thread: Thread) -> Message:
    """The message as it is now; the third lock of an action."""
    row = thread.messages.filter(pk=message.pk).select_for_update(no_key=True).first()
    if row is None:
        raise PermissionDenied
    return row


def _withdraw(message: Message, now: dt.datetime) -> None:
    message.withdrawn_at = now
    message.save(update_fields=["withdrawn_at"])


def _count_without(
    message: Message, clock: AnswerClock, *, thread: Thread, by: User, now: dt.datetime
) -> None:
    waiting = _running.oldest_first(clock.messages.public())
    if not waiting:
        _running.end(clock, AnswerClock.Ending.WITHDRAWN, at=now, by=by)
    elif clock.message_id == message.pk:
        _running.begin_at(clock, waiting[0], thread=thread, now=now)


def _open_again(message: Message, thread: Thread, now: dt.datetime) -> None:
    """Words that `message` answered: a later answer that covers them takes its place, else their clock runs again."""
    ended = AnswerClock.objects.filter(answer=message).select_for_update(no_key=True).order_by("pk")
    for clock in ended:
        waiting = _running.oldest_first(clock.messages.public()) or [clock.message]
        oldest, left = waiting[0], waiting
        for later in thread.messages.public().from_us().filter(pk__gt=message.pk).order_by("pk"):
            covered = [words for words in left if _running.covers(later, words)]
            if not covered:
                continue
            left = [words for words in left if words not in covered]
            if oldest in covered:
                _running.end_with(clock, later)
            else:
                _running.end_apart(covered, later, clock=clock)
        if oldest in left:
            _running.run_again(clock, thread=thread, now=now)
        elif left:
            _running.take_in(left, thread=thread, now=now)
        if left and not thread.is_open:  # somebody waits again: a closed conversation never hides that
            thread.status, thread.closed_at = Thread.Status.OPEN, None
            thread.save(update_fields=["status", "closed_at"])

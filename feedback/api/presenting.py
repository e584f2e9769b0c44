"""What the serializers of this app show, put together for one reader in a constant number of queries."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.urls import reverse

from clients.models import User
from feedback.models import AnswerClock, Message, Thread
from feedback.models.threads import MessageQuerySet
from feedback.standing import Standing, standings_of

LATEST = 20


def thread_lines(threads: Iterable[Thread], user: User, now: dt.datetime) -> list[dict[str, Any]]:
    """One query, however many conversations."""
    threads = list(threads)
    standings = standings_of(threads, now)
    return [_thread(one, standings[one.pk], user) for one in threads]


def thread_detail(thread: Thread, user: User, now: dt.datetime) -> dict[str, Any]:
    [line] = thread_lines([thread], user, now)
    messages = messages_of(thread, user)
    latest = list(messages.order_by("-stored_at", "-pk")[:LATEST])[::-1]
    return line | {
        "message_count": messages.count(),
        "latest_messages": message_lines(latest, user),
    }


def messages_of(thread: Thread, user: User) -> MessageQuerySet:
    """The messages of `thread` that `user` reads, the oldest first."""
    return with_parts(Message.objects.visible_to(user).filter(thread=thread)).order_by("stored_at", "pk")


def with_parts(messages: MessageQuerySet) -> MessageQuerySet:
    """With what `message_lines` shows."""
    return messages.select_related("author", "clock", "thread").prefetch_related("files")


def message_lines(messages: Iterable[Message], user: User) -> list[dict[str, Any]]:
    """One query for the clocks these answered."""
    messages = list(messages)
    clocks = AnswerClock.objects.visible_to(user).filter(answer__in=[message.pk for message in messages])
    answered = {clock.answer_id: clock for clock in clocks}
    return [_message(message, user, answered.get(message.pk)) for message in messages]


def _thread(thread: Thread, standing: Standing, user: User) -> dict[str, Any]:
    return {
        "uid": thread.uid,
        "subject": thread.subject,
        "kind": thread.kind,
        "urgency": thread.urgency,
        "status": thread.status,
        "audience": thread.audience,
        "client": thread.client,
        "project": thread.project.code if thread.project else None,
        "task": thread.task.key if thread.task else None,
        "author": thread.author,
        "assignee": thread.assignee if user.is_our_staff else None,
        "answer": {
            "state": standing.state,
            "due_at": standing.due_at,
            "answered_at": standing.at,
            "answered_by": standing.by,
            "seconds": _seconds(standing.took),
            "was_late": standing.was_late,
        },
        "created_at": thread.created_at,
        "last_message_at": thread.last_message_at,
        "url": settings.BASE_URL + thread.get_absolute_url(),
    }


def _message(message: Message, user: User, answered: AnswerClock | None) -> dict[str, Any]:
    is_gone = message.withdrawn_at is not None
    waits = message.clock is not None and message.clock.is_running and not is_gone
    return {
        "uid": message.uid,
        "thread": message.thread.uid,
        "author": message.author,
        "by_client": message.by_client,
        "is_note": message.is_note,
        "via": message.via,
        # What was taken back only our managers may still read, as on the page.
        "body": message.body if not is_gone or user.runs_projects else "",
        "received_at": message.received_at,
        "withdrawn_at": message.withdrawn_at,
        "answer_due_at": message.clock.due_at if waits and message.clock else None,
        "answered_in": _seconds(answered.answered_in) if answered else None,
        "files": [] if is_gone else [_file(file) for file in message.files.all()],
    }


def _seconds(length: dt.timedelta | None) -> int | None:
    return None if length is None else int(length.total_seconds())


def _file(file: Any) -> dict[str, Any]:
    return {
        "name": file.name,
        "content_type": file.content_type,
        "size": file.size,
        "url": settings.BASE_URL + reverse("message_file", args=[file.uid]),
    }

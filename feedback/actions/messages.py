"""Writing: questions and answers, notes, calls. Here clocks start, and stop."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from clients.access import may_write_to
from clients.models import Client, User
from cxportal.lib.once import own_key
from cxportal.lib.storing import Upload
from feedback import mails
from feedback.actions import _running
from feedback.actions._common import is_shown_to_client, lock, present, require_our_staff, write_down
from feedback.actions._files import attach, stores_files
from feedback.errors import AudienceRefused, NotSeenByClient
from feedback.models import AnswerClock, Message, Thread
from feedback.texts import clean_body, clean_subject
from projects.models import Project, Task

Files = Iterable[Upload]
Ending = AnswerClock.Ending


@stores_files
@transaction.atomic
def start_thread(
    *,
    by: User,
    client: Client,
    subject: str,
    body: str,
    project: Project | None = None,
    task: Task | None = None,
    kind: str = Thread.Kind.QUESTION,
    urgency: str = Thread.Urgency.NORMAL,
    audience: str = Thread.Audience.COMPANY,
    files: Files = (),
    form_key: uuid.UUID | None = None,
    via: str = Message.Via.PORTAL,
    received_at: dt.datetime | None = None,
    now: dt.datetime | None = None,
) -> Thread:
    """A new conversation with its first message; about a task: the message goes into the task's conversation.

    A contact's message starts an answer clock; one of ours goes to the client's people who may answer it. The
    same form sent twice (`form_key`) finds the conversation of the first time. Raises PermissionDenied unless
    `by` may write to `client` and sees project and task, TextRefused, AudienceRefused, NotSeenByClient.
    """
    body, subject = clean_body(body), clean_subject(subject)
    _require_place(by, client, project, task)
    if task is not None:
        if audience != Thread.Audience.COMPANY:
            raise AudienceRefused(
                _("Everybody who sees the task reads its conversation. Ask about the project instead.")
            )
        thread = _conversation(task, by, subject=subject, kind=kind, urgency=urgency)
        message = post_message(
            thread=thread,
            by=by,
            body=body,
            files=files,
            form_key=form_key,
            via=via,
            received_at=received_at,
            now=now,
        )
        return message.thread
    if by.is_our_staff and audience == Thread.Audience.AUTHOR:
        raise AudienceRefused(_("Nobody of the client would read this. Choose who of them should."))
    key = own_key(form_key, by.pk, "new", body)
    first = Message.objects.filter(form_key=key).select_related("thread").first() if key else None
    if first is not None:
        return first.thread
    now = present(now)
    thread = Thread(
        client=client,
        project=project,
        kind=kind,
        urgency=urgency,
        subject=subject,
        audience=audience,
        author=by,
        created_at=now,
        last_message_at=now,
    )
    if by.is_our_staff and not is_shown_to_client(thread):
        raise NotSeenByClient
    try:
        with transaction.atomic():
            thread.save()
            message = _say(thread, by, body, key=key, via=via, received_at=received_at, now=now, clock=None)
    except IntegrityError:  # the same form, sent twice at the same time: the other one was first
        first = Message.objects.filter(form_key=key).select_related("thread").first() if key else None
        if first is None:
            raise
        return first.thread
    attach(message, files)
    if by.is_our_staff:
        _follow(thread, *mails.who_may_answer(thread))
    else:
        _follow(thread, by)
    _count(message, thread, None, now)
    write_down(
        "thread.started", thread=thread, by=by, now=now, message=message.pk, by_client=message.by_client
    )
    _tell(message, thread, None)
    return thread


@stores_files
@transaction.atomic
def post_message(
    *,
    thread: Thread,
    by: User,
    body: str,
    files: Files = (),
    form_key: uuid.UUID | None = None,
    via: str = Message.Via.PORTAL,
    received_at: dt.datetime | None = None,
    now: dt.datetime | None = None,
) -> Message:
    """Public words. A contact's start or join the answer clock and open a closed conversation; ours answer it.

    `received_at` (aware, mail only) is when the mail server had it, which may be before words stored earlier.
    The same form sent twice (`form_key`) gives the message of the first time. Raises PermissionDenied,
    TextRefused, and NotSeenByClient for words of ours that no client person could read.
    """
    body = clean_body(body)
    thread = lock(thread, by)
    key = own_key(form_key, by.pk, f"public {thread.pk}", body)
    first = Message.objects.filter(form_key=key).first() if key else None
    if first is not None:
        return first
    if by.is_our_staff and not is_shown_to_client(thread):
        raise NotSeenByClient
    running = _running.running_clock(thread)
    now = present(now)
    message = _say(thread, by, body, key=key, via=via, received_at=received_at, now=now, clock=running)
    attach(message, files)
    _touch(thread, now, wake=message.by_client)
    if message.by_client:
        _follow(thread, by)
    _count(message, thread, running, now)
    write_down(
        "message.posted", thread=thread, by=by, now=now, message=message.pk, by_client=message.by_client
    )
    _tell(message, thread, running)
    return message


@stores_files
@transaction.atomic
def write_note(
    *,
    thread: Thread,
    by: User,
    body: str,
    files: Files = (),
    form_key: uuid.UUID | None = None,
    now: dt.datetime | None = None,
) -> Message:
    """An internal note: no client person ever reads it, it is mailed to nobody and stops no clock."""
    body = clean_body(body)
    require_our_staff(by)
    thread = lock(thread, by)
    key = own_key(form_key, by.pk, f"note {thread.pk}", body)
    first = Message.objects.filter(form_key=key).first() if key else None
    if first is not None:
        return first
    now = present(now)
    note = Message.objects.create(
        thread=thread,
        author=by,
        by_client=False,
        is_note=True,
        body=body,
        received_at=now,
        stored_at=now,
        form_key=key,
    )
    attach(note, files)
    write_down("note.written", thread=thread, by=by, now=now, is_internal=True, message=note.pk)
    return note


@transaction.atomic
def record_call(
    *,
    thread: Thread,
    by: User,
    body: str,
    form_key: uuid.UUID | None = None,
    now: dt.datetime | None = None,
) -> Message:
    """What was said in a call that was held. Public, and the answer to what waits: answered by phone."""
    body = clean_body(body)
    require_our_staff(by)
    thread = lock(thread, by)
    key = own_key(form_key, by.pk, f"call {thread.pk}", body)
    first = Message.objects.filter(form_key=key).first() if key else None
    if first is not None:
        return first
    running = _running.running_clock(thread)
    now = present(now)
    message = _say(thread, by, body, key=key, via=Message.Via.PHONE, received_at=None, now=now, clock=running)
    _touch(thread, now, wake=False)
    _count(message, thread, running, now)
    write_down("call.recorded", thread=thread, by=by, now=now, message=message.pk)
    _tell(message, thread, running)
    return message


@transaction.atomic
def conversation_of(task: Task, *, by: User) -> Thread:
    """The one conversation of a task, made now if nobody wrote in it yet. Raises PermissionDenied."""
    _require_place(by, task.project.client, task.project, task)
    return _conversation(task, by, subject=task.title)


@stores_files
@transaction.atomic
def post_on_task(*, task: Task, by: User, body: str, **details: Any) -> Message:
    """`post_message` in the conversation of `task`, which is made if need be."""
    return post_message(thread=conversation_of(task, by=by), by=by, body=body, **details)


@stores_files
@transaction.atomic
def note_on_task(*, task: Task, by: User, body: str, **details: Any) -> Message:
    """`write_note` in the conversation of `task`, which is made if need be."""
    require_our_staff(by)
    return write_note(thread=conversation_of(task, by=by), by=by, body=body, **details)


def _require_place(by: User, client: Client, project: Project | None, task: Task | None) -> None:
    """Raises PermissionDenied unless `by` may write to `client`, and sees project and task, which belong to it."""
    if not by.is_active or not may_write_to(by, client):
        raise PermissionDenied
    if task is not None:
        tasks = Task.objects.visible_to(by).filter(pk=task.pk, project__client=client)
        fits = tasks.filter(project=project or task.project_id).exists()
    elif project is not None:
        fits = Project.objects.visible_to(by).filter(pk=project.pk, client=client).exists()
    else:
        fits = Client.objects.visible_to(by).filter(pk=client.pk).exists()
    if not fits:
        raise PermissionDenied


def _conversation(task: Task, by: User, *, subject: str, **fields: Any) -> Thread:
    first = {"subject": subject[:200], "author": by, **fields}
    thread, created = Thread.objects.get_or_create(
        task=task, defaults={"client": task.project.client, "project": task.project, **first}
    )
    if not created:
        # Only notes so far: the client reads the title the task has now, not the one it had in our notes.
        said = Message.objects.filter(thread=OuterRef("pk"), is_note=False)
        begun = Thread.objects.filter(pk=thread.pk).exclude(Exists(said)).update(**first)
        if begun:
            thread.refresh_from_db()
    return thread


def _say(
    thread: Thread,
    by: User,
    body: str,
    *,
    key: uuid.UUID | None,
    via: str,
    received_at: dt.datetime | None,
    now: dt.datetime,
    clock: AnswerClock | None,
) -> Message:
    return Message.objects.create(
        thread=thread,
        author=by,
        by_client=not by.is_our_staff,
        body=body,
        via=via,
        # A mail server whose clock is ahead must not give us more time.
        received_at=min(received_at or now, now),
        stored_at=now,
        form_key=key,
        clock=None if by.is_our_staff else clock,
    )


def _count(message: Message, thread: Thread, running: AnswerClock | None, now: dt.datetime) -> None:
    """What public words do to the clock: ours stop it, a client's start it, join it, or move its start back."""
    if not message.by_client:
        if running is not None:
            _running.answer(running, message, thread=thread, now=now)
    elif running is None:
        message.clock = _running.start(thread, message, now=now)
        message.save(update_fields=["clock"])
    elif message.received_at < running.started_at:
        _running.begin_at(running, message, thread=thread, now=now)


def _tell(message: Message, thread: Thread, running: AnswerClock | None) -> None:
    if message.by_client:
        mails.tell_us(message, thread)
    else:
        mails.tell_them(message, thread, running)


def _touch(thread: Thread, now: dt.datetime, *, wake: bool) -> None:
    """Puts the conversation on top; `wake`: words of a client open a closed one again."""
    thread.last_message_at = now
    fields = ["last_message_at"]
    if wake and not thread.is_open:
        thread.status, thread.closed_at = Thread.Status.OPEN, None
        fields += ["status", "closed_at"]
    thread.save(update_fields=fields)


def _follow(thread: Thread, *people: User) -> None:
    links = Thread.followers.through
    links.objects.bulk_create(
        [links(thread_id=thread.pk, user_id=person.pk) for person in people], ignore_conflicts=True
    )

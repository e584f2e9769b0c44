"""Doors to single rows of this app: 404 for what `user` may not know of, 403 for what they may not do."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import Http404

from clients.access import may_write_to
from clients.models import User
from feedback.models import Message, MessageFile, Thread


def get_thread(user: User, uid: str) -> Thread:
    """The conversation with its client, project, task, author and assignee."""
    thread = (
        Thread.objects.visible_to(user)
        .select_related("client", "project", "task__project", "author", "assignee")
        .filter(uid=uid)
        .distinct()
        .first()
    )
    if thread is None:
        raise Http404
    return thread


def get_message(user: User, uid: str) -> Message:
    message = Message.objects.visible_to(user).select_related("thread__client").filter(uid=uid).first()
    if message is None:
        raise Http404
    return message


def get_message_file(user: User, uid: str) -> MessageFile:
    file = MessageFile.objects.visible_to(user).filter(uid=uid).first()
    if file is None:
        raise Http404
    return file


def require_write(user: User, thread: Thread) -> None:
    """403 unless `user`, who sees `thread`, may also write in it."""
    if not may_write_to(user, thread.client):
        raise PermissionDenied

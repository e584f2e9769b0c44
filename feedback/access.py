"""Doors to single rows of this app: 404 for what `user` may not know of, 403 for what they may not do."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404

from clients.access import may_write_to
from clients.models import Membership, User
from clients.readers import StatementsForReaders
from cxportal.lib.database import Slot
from feedback.errors import NothingToAnswer
from feedback.models import AnswerClock, Message, MessageFile, Thread
from feedback.models.threads import ThreadQuerySet
from projects.models import Task


def get_thread(user: User, uid: str) -> Thread:
    """The conversation with its client, project, task, author and assignee; for one that was merged into another,
    that one."""
    found = _THREAD.to(user).objects(reader=user.pk, uid=uid)
    found = found or _MERGED.to(user).objects(reader=user.pk, uid=uid)
    if not found:
        raise Http404
    thread: Thread = found[0]
    return thread


def find_conversation(user: User, task: Task) -> Thread | None:
    """The conversation of a task that `user` sees; None while nobody has written anything in it for them."""
    return _threads(user).with_words_for(user).filter(task=task).first()


def get_message(user: User, uid: str) -> Message:
    """A message `user` reads, or one of their own that they took back already."""
    own = Q(author=user, thread__in=Thread.objects.visible_to(user))
    message = (
        Message.objects.filter(Q(pk__in=Message.objects.visible_to(user).filter(uid=uid)) | own)
        .select_related("thread__client", "thread__task__project")
        .filter(uid=uid)
        .first()
    )
    if message is None:
        raise Http404
    return message


def get_message_file(user: User, uid: str) -> MessageFile:
    file = MessageFile.objects.visible_to(user).filter(uid=uid).first()
    if file is None:
        raise Http404
    return file


def get_running_clock(user: User, thread: Thread) -> AnswerClock:
    """The clock of a question that is not answered yet; raises NothingToAnswer where there is none any more."""
    clock = AnswerClock.objects.visible_to(user).running().filter(thread=thread).first()
    if clock is None:
        raise NothingToAnswer
    return clock


def may_ask(user: User) -> bool:
    """Whether there is a client `user` may write to at all: viewers everywhere may not."""
    return user.is_our_staff or (
        Membership.objects.in_force()
        .filter(user=user, role__in=[Membership.Role.OWNER, Membership.Role.MEMBER])
        .exists()
    )


def require_write(user: User, thread: Thread) -> None:
    """403 unless `user`, who sees `thread`, may also write in it."""
    if not may_write_to(user, thread.client):
        raise PermissionDenied


def _threads(user: User) -> ThreadQuerySet:
    return Thread.objects.visible_to(user).select_related(
        "client", "project__manager", "task__project", "author", "assignee"
    )


def _into_which_was_merged(reader: User) -> QuerySet[Thread]:
    merged = Thread.objects.filter(uid=Slot("uid"), merged_into__isnull=False).values("merged_into")
    return _threads(reader).filter(pk__in=merged).order_by("pk")


_THREAD = StatementsForReaders(lambda reader: _threads(reader).filter(uid=Slot("uid")).order_by("pk"))
_MERGED = StatementsForReaders(_into_which_was_merged)

"""What all actions on conversations begin and end with: the lock, the rights, the event."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from clients.models import Membership, User
from clients.readers import StatementsForReaders
from cxportal.lib.database import Slot
from cxportal.notifications.events import record
from cxportal.notifications.models import Event
from feedback.models import Thread
from projects.models import Project

WRITERS = (Membership.Role.OWNER, Membership.Role.MEMBER)


def lock(thread: Thread, by: User, *, to_write: bool = True) -> Thread:
    """The conversation as it is now, locked until the end of the transaction; first of all locks of an action.

    Raises PermissionDenied unless `by` still sees it and, `to_write`, may write in it: viewers may not.
    """
    found = _LOCKED.to(by).objects(reader=by.pk, thread=thread.pk) if by.is_active else []
    if not found or (to_write and not getattr(found[0], "may_write", True)):
        raise PermissionDenied
    locked: Thread = found[0]
    return locked


def _locked(by: User) -> QuerySet[Thread, Any]:
    rows = (
        Thread.objects.visible_to(by)
        .filter(pk=Slot("thread"))
        .select_related("client__answer_policy", "project", "task")
        .order_by("pk")
        # "no key": rows that point to the conversation may still be written, by the mail sender for one.
        .select_for_update(of=("self",), no_key=True)
    )
    if not by.is_our_staff:
        writers = Membership.objects.in_force().filter(user=by, role__in=WRITERS)
        rows = rows.annotate(may_write=Exists(writers.filter(client=OuterRef("client"))))
    return rows


_LOCKED = StatementsForReaders(_locked)


def require_our_staff(by: User) -> None:
    """Raises PermissionDenied unless `by` is one of us and may sign in."""
    if not by.is_our_staff or not by.is_active:
        raise PermissionDenied


def is_shown_to_client(thread: Thread) -> bool:
    """Whether client people can read the conversation at all now: not of an internal task, a draft project or a
    company that is switched off."""
    if thread.task is not None and thread.task.is_internal:
        return False
    if thread.project is not None and thread.project.status == Project.Status.DRAFT:
        return False
    return thread.client.is_active


def write_down(
    kind: str, *, thread: Thread, by: User | None, now: dt.datetime, is_internal: bool = False, **data: Any
) -> Event:
    """The one event of an action. Internal for good if the client could not see the conversation at that time."""
    return record(
        kind,
        actor=by,
        client=thread.client,
        project=thread.project,
        task=thread.task,
        thread=thread,
        is_internal=is_internal or not is_shown_to_client(thread),
        now=now,
        **data,
    )


def present(now: dt.datetime | None) -> dt.datetime:
    """`now` as it was handed in, else the present: read after the lock, so that times follow the order of locks."""
    return now or timezone.now()

"""Files of a task: added, shown to the client or hidden, deleted."""

from __future__ import annotations

import datetime as dt
import uuid

from django.core.files import File
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clients.models import User
from cxportal.lib.once import own_key
from cxportal.lib.storing import remove, stored
from cxportal.lib.uploads import check_upload
from projects.actions._record import record_on_task
from projects.actions.tasks import lock_task
from projects.errors import ActionRefused
from projects.models import Attachment, Task

MOST_FILES = 200


def attach_file(
    *,
    task: Task,
    by: User,
    file: File[bytes],
    is_internal: bool = True,
    form_key: uuid.UUID | None = None,
    now: dt.datetime | None = None,
) -> Attachment:
    """Keeps an uploaded file with the task. Internal until it is shown, unless said otherwise.

    The same form sent twice (`form_key`) gives the file of the first time. Raises ValidationError for what may not
    be uploaded, ActionRefused beyond MOST_FILES, NotKept, ProjectClosed.
    """
    now = now or timezone.now()
    checked = check_upload(file)
    key = own_key(form_key, by.pk, f"file {task.pk}", f"{checked.size} {checked.name}")
    # Under a name of ours: what people call it may be anything, and is kept in the row.
    with stored([file], "tasks") as (kept,), transaction.atomic():
        task = lock_task(task)
        first = task.attachments.filter(form_key=key).first() if key else None
        if first is not None:
            return first
        if task.attachments.count() >= MOST_FILES:
            raise ActionRefused(_("This task has too many files: delete some first."))
        attachment = Attachment.objects.create(
            task=task,
            file=kept.path,
            name=checked.name,
            content_type=checked.content_type,
            size=checked.size,
            is_internal=is_internal,
            uploaded_by=by,
            uploaded_at=now,
            form_key=key,
        )
        _record("file.added", attachment, task, by, now)
        kept.is_used = True
    return attachment


@transaction.atomic
def show_file(*, attachment: Attachment, by: User, now: dt.datetime | None = None) -> Attachment:
    """Those who see the task may open it from now on. Shown already: nothing changes. Raises ProjectClosed."""
    return _set_internal(attachment, by, now, False)


@transaction.atomic
def hide_file(*, attachment: Attachment, by: User, now: dt.datetime | None = None) -> Attachment:
    """No client person can open it any more. Hidden already: nothing changes. Raises ProjectClosed."""
    return _set_internal(attachment, by, now, True)


@transaction.atomic
def delete_file(*, attachment: Attachment, by: User, now: dt.datetime | None = None) -> None:
    """Deletes it for good; its name stays in the history. Deleted already: nothing changes. Raises ProjectClosed."""
    task = lock_task(attachment.task)
    removed, _of_each = task.attachments.filter(pk=attachment.pk).delete()
    if removed:
        _record("file.deleted", attachment, task, by, now)
        path = attachment.file.name or ""
        transaction.on_commit(lambda: remove(path), robust=True)


def _set_internal(attachment: Attachment, by: User, now: dt.datetime | None, is_internal: bool) -> Attachment:
    task = lock_task(attachment.task)
    current = task.attachments.filter(pk=attachment.pk).first()
    if current is None:
        raise ActionRefused(_("Somebody deleted this file."))
    if current.is_internal != is_internal:
        current.is_internal = is_internal
        current.save(update_fields=["is_internal"])
        _record("file.hidden" if is_internal else "file.shown", current, task, by, now)
    return current


def _record(kind: str, attachment: Attachment, task: Task, by: User, now: dt.datetime | None) -> None:
    record_on_task(
        kind,
        task=task,
        by=by,
        now=now,
        is_internal=attachment.is_internal,
        file=str(attachment.uid),
        name=attachment.name,
    )

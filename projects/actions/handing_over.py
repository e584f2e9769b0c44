"""Handing over projects and tasks of one of our people, see `clients.handing_over`."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clients.handing_over import WrongTarget, require_manager, require_may_take_over
from clients.models import User
from projects.actions._record import record_on_project, record_on_task
from projects.actions.tasks import lock_task
from projects.models import Project, Task


def open_projects(person: User) -> QuerySet[Project]:
    """Those `person` manages, but what is in the archive."""
    return Project.objects.filter(manager=person).current().order_by("name", "pk")


def open_tasks(person: User) -> QuerySet[Task]:
    """Those assigned to `person` that are not done, in projects that go on."""
    closed = [Project.Status.FINISHED, Project.Status.ARCHIVED]
    tasks = Task.objects.filter(assignees=person).still_open().exclude(project__status__in=closed)
    return tasks.select_related("project").order_by("project__name", "number")


@transaction.atomic
def hand_over_project(
    *, project: Project, old: User, new: User, by: User, now: dt.datetime | None = None
) -> bool:
    """Makes `new` the manager instead of `old`. False, and nothing changes, if that is not `old` any more.

    Raises WrongTarget. The client sees who manages the project; the event is ours alone.
    """
    current = Project.objects.select_for_update(no_key=True, of=("self",)).get(pk=project.pk)
    if current.manager_id != old.pk:
        return False
    require_manager(new)
    current.manager = new
    current.save(update_fields=["manager"])
    record_on_project(
        "project.handed_over",
        project=current,
        by=by,
        now=now,
        is_internal=True,
        manager=new.pk,
        old_manager=old.pk,
    )
    return True


@transaction.atomic
def hand_over_task(*, task: Task, old: User, new: User, by: User, now: dt.datetime | None = None) -> bool:
    """Puts `new` on the task in place of `old`; others on it stay. False, and nothing changes, if `old` is not on
    it any more.

    Raises WrongTarget for somebody who does not work on the project, ProjectClosed.
    """
    current = lock_task(task)
    assignees = list(current.assignees.all())
    if old not in assignees:
        return False
    require_may_take_over(new)
    if not current.project.people().filter(pk=new.pk).exists():
        raise WrongTarget(_("does not work on this project"))
    before = sorted(str(person) for person in assignees)
    current.assignees.remove(old)
    current.assignees.add(new)
    after = sorted({str(person) for person in assignees if person != old} | {str(new)})
    current.version += 1
    current.updated_at = now or timezone.now()
    current.save(update_fields=["version", "updated_at"])
    record_on_task(
        "task.edited",
        task=current,
        by=by,
        now=now,
        changes={"assignees": [before, after]},
        version=current.version,
    )
    return True

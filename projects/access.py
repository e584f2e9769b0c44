"""Doors to single rows of this app: 404 for what `user` may not know of, 403 for what they may not do."""

from __future__ import annotations

from typing import TypeVar
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404

from clients.models import User
from clients.readers import StatementsForReaders
from cxportal.lib.database import Slot
from cxportal.lib.text import storable
from projects.models import (
    Attachment,
    ChecklistItem,
    Dependency,
    Milestone,
    Phase,
    Project,
    Task,
    TaskImport,
    TimeEntry,
)

Row = TypeVar("Row", bound=Model)


def get_project(user: User, code: str) -> Project:
    """The project with its client and manager."""
    found = _PROJECT.to(user).objects(reader=user.pk, code=_code(code))
    if not found:
        raise Http404
    project: Project = found[0]
    return project


def get_task(user: User, code: str, number: int) -> Task:
    """The task with its project, client and column."""
    tasks = Task.objects.visible_to(user).select_related(
        "project__client", "project__manager", "column", "milestone", "phase"
    )
    return _the_one(tasks.filter(project__code=_code(code), number=number))


def get_milestone(user: User, code: str, pk: int) -> Milestone:
    milestones = Milestone.objects.visible_to(user).select_related("project__client")
    return _the_one(milestones.filter(project__code=_code(code), pk=pk))


def get_phase(user: User, code: str, pk: int) -> Phase:
    phases = Phase.objects.visible_to(user).select_related("project__client")
    return _the_one(phases.filter(project__code=_code(code), pk=pk))


def get_dependency(user: User, code: str, pk: int) -> Dependency:
    """The dependency with both its ends."""
    dependencies = Dependency.objects.visible_to(user).select_related(
        "project__client", "from_task", "from_milestone", "to_task", "to_milestone"
    )
    return _the_one(dependencies.filter(project__code=_code(code), pk=pk))


def get_checklist_item(user: User, task: Task, pk: int) -> ChecklistItem:
    """An item of `task`, which `user` was already found to see."""
    return _the_one(task.checklist.filter(pk=pk))


def get_time_entry(user: User, task: Task, pk: int) -> TimeEntry:
    return _the_one(TimeEntry.objects.visible_to(user).select_related("user").filter(task=task, pk=pk))


def get_import(user: User, code: str, uid: UUID) -> TaskImport:
    """The upload of `user` themself that waits to be confirmed, or was."""
    imports = TaskImport.objects.visible_to(user).select_related("project__client", "project__manager", "by")
    return _the_one(imports.filter(project__code=_code(code), uid=uid))


def get_attachment(user: User, uid: UUID | str) -> Attachment:
    attachments = Attachment.objects.visible_to(user).select_related("task__project")
    return _the_one(attachments.filter(uid=uid))


_PROJECT = StatementsForReaders(
    lambda reader: (
        Project.objects.visible_to(reader)
        .select_related("client", "manager")
        .filter(code=Slot("code"))
        .order_by("pk")
    )
)


def _code(text: str) -> str:
    """A project's code as it is stored; what cannot be stored is the code of none."""
    return storable(text).upper()


def _the_one(rows: QuerySet[Row]) -> Row:
    row = rows.first()
    if row is None:
        raise Http404
    return row


def require_work_on(user: User, project: Project) -> None:
    """403 unless `user` may change tasks of `project`, which they were already found to see: our staff."""
    if not user.is_our_staff:
        raise PermissionDenied


def require_plan(user: User, project: Project) -> None:
    """403 unless `user` may plan `project`: managers and admins."""
    if not user.runs_projects:
        raise PermissionDenied

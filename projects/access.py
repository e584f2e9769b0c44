"""Doors to single rows of this app: 404 for what `user` may not know of, 403 for what they may not do."""

from __future__ import annotations

from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404

from clients.models import User
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


def get_project(user: User, code: str) -> Project:
    """The project with its client and manager."""
    project = (
        Project.objects.visible_to(user).select_related("client", "manager").filter(code=code.upper()).first()
    )
    if project is None:
        raise Http404
    return project


def get_task(user: User, code: str, number: int) -> Task:
    """The task with its project, client and column."""
    task = (
        Task.objects.visible_to(user)
        .select_related("project__client", "project__manager", "column", "milestone", "phase")
        .filter(project__code=code.upper(), number=number)
        .first()
    )
    if task is None:
        raise Http404
    return task


def get_milestone(user: User, code: str, pk: int) -> Milestone:
    milestone = (
        Milestone.objects.visible_to(user)
        .select_related("project__client")
        .filter(project__code=code.upper(), pk=pk)
        .first()
    )
    if milestone is None:
        raise Http404
    return milestone


def get_phase(user: User, code: str, pk: int) -> Phase:
    phase = (
        Phase.objects.visible_to(user)
        .select_related("project__client")
        .filter(project__code=code.upper(), pk=pk)
        .first()
    )
    if phase is None:
        raise Http404
    return phase


def get_dependency(user: User, code: str, pk: int) -> Dependency:
    dependency = (
        Dependency.objects.visible_to(user)
        .select_related("project__client", "from_task", "from_milestone", "to_task", "to_milestone")
        .filter(project__code=code.upper(), pk=pk)
        .first()
    )
    if dependency is None:
        raise Http404
    return dependency


def get_checklist_item(user: User, task: Task, pk: int) -> ChecklistItem:
    """An item of `task`, which `user` was already found to see."""
    item = task.checklist.filter(pk=pk).first()
    if item is None:
        raise Http404
    return item


def get_time_entry(user: User, task: Task, pk: int) -> TimeEntry:
    entry = TimeEntry.objects.visible_to(user).select_related("user").filter(task=task, pk=pk).first()
    if entry is None:
        raise Http404
    return entry


def get_import(user: User, code: str, uid: UUID) -> TaskImport:
    """The upload of `user` themself that waits to be confirmed, or was."""
    found = (
        TaskImport.objects.visible_to(user)
        .select_related("project__client", "project__manager", "by")
        .filter(project__code=code.upper(), uid=uid)
        .first()
    )
    if found is None:
        raise Http404
    return found


def get_attachment(user: User, uid: str) -> Attachment:
    attachment = Attachment.objects.visible_to(user).select_related("task__project").filter(uid=uid).first()
    if attachment is None:
        raise Http404
    return attachment


def require_work_on(user: User, project: Project) -> None:
    """403 unless `user` may change tasks of `project`, which they were already found to see: our staff."""
    if not user.is_our_staff:
        raise PermissionDenied


def require_plan(user: User, project: Project) -> None:
    """403 unless `user` may plan `project`: managers and admins."""
    if not user.runs_projects:
        raise PermissionDenied

"""Doors to single rows of this app: 404 for what `user` may not know of, 403 for what they may not do."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import Http404

from clients.models import User
from projects.models import Attachment, Milestone, Project, Task


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


def get_attachment(user: User, uid: str) -> Attachment:
    attachment = Attachment.objects.visible_to(user).select_related("task").filter(uid=uid).first()
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

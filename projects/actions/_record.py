"""How the actions of this app write down what happened."""

from __future__ import annotations

import datetime as dt
from typing import Any

from clients.models import User
from cxportal.notifications.events import record
from cxportal.notifications.models import Event
from projects.errors import NotOfThisProject, ProjectClosed
from projects.models import Milestone, Project, Task


def record_on_task(
    kind: str,
    *,
    task: Task,
    by: User | None,
    now: dt.datetime | None = None,
    is_internal: bool = False,
    **data: Any,
) -> Event:
    """An event of a task. It stays internal for good if the client could not see the task at that time."""
    return record(
        kind,
        actor=by,
        client=task.project.client,
        project=task.project,
        task=task,
        is_internal=is_internal or is_out_of_sight(task),
        now=now,
        **data,
    )


def record_on_project(
    kind: str,
    *,
    project: Project,
    by: User | None,
    now: dt.datetime | None = None,
    is_internal: bool = False,
    **data: Any,
) -> Event:
    """An event of a project's plan. Internal for good while the project is a draft."""
    return record(
        kind,
        actor=by,
        client=project.client,
        project=project,
        is_internal=is_internal or project.status == Project.Status.DRAFT,
        now=now,
        **data,
    )


def is_out_of_sight(thing: Task | Milestone) -> bool:
    """Whether no client person can see it now: it is internal, or its project a draft."""
    return thing.is_internal or thing.project.status == Project.Status.DRAFT


def require_open(project: Project) -> None:
    """Raises ProjectClosed unless work on the project goes on or may go on."""
    if not project.is_open:
        raise ProjectClosed


def require_own(project: Project, *things: Any) -> None:
    """Raises NotOfThisProject when one of `things` (columns, tasks, phases …; None counts for nothing) is another's."""
    if any(thing is not None and thing.project_id != project.pk for thing in things):
        raise NotOfThisProject

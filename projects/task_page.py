"""What the page of a task shows to one reader."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils import timezone

from clients.models import User
from cxportal.lib.names import initials
from projects.audience import who_sees
from projects.history import history_of, told
from projects.models import Attachment, Dependency, Milestone, Task, TimeEntry
from projects.models.tasks import clock
from projects.progress import sees_estimates

SHORT_HISTORY = 5


@dataclass(frozen=True, slots=True)
class Neighbour:
    """What the task waits for, or what waits for it."""

    name: str
    is_done: bool
    task: Task | None = None


def task_context(task: Task, user: User) -> dict[str, Any]:
    """Context of projects/task.html and its parts, in a constant number of queries.

    `task` comes from `access.get_task`.
    """
    project = task.project
    before, after = neighbours(task, user)
    is_staff = user.is_our_staff
    files = list(Attachment.objects.visible_to(user).filter(task=task).select_related("uploaded_by"))
    hours = list(TimeEntry.objects.visible_to(user).filter(task=task).select_related("user"))
    checklist = list(task.checklist.all())
    events = list(history_of(task, user)[: SHORT_HISTORY + 1])
    return {
        "project": project,
        "task": task,
        "today": timezone.localdate(),
        "may_work": is_staff and project.is_open,
        "may_plan": user.runs_projects and project.is_open,
        "people": people_on(task, user),
        "labels": list(task.labels.all()),
        "skills": list(task.skills.all()) if is_staff else [],
        "shows_estimate": sees_estimates(user, project),
        "milestone": milestone_for(task, user),
        "before": before,
        "after": after,
        "checklist": checklist,
        "ticked": sum(item.is_done for item in checklist),
        "files": files,
        "hours": hours,
        "hours_sum": clock(sum(entry.minutes for entry in hours)),
        "columns": list(project.columns.all()) if is_staff else [],
        "audience": who_sees(project, is_internal=task.is_internal) if is_staff else "",
        "history": told(events[:SHORT_HISTORY], task, user),
        "has_more_history": len(events) > SHORT_HISTORY,
    }


def milestone_for(task: Task, user: User) -> Milestone | None:
    """The milestone of the task, unless it is internal and the reader is not one of us."""
    milestone = task.milestone
    return milestone if milestone and (user.is_our_staff or not milestone.is_internal) else None


@dataclass(frozen=True, slots=True)
class Face:
    """Someone who works on the task, with an account or without."""

    name: str
    has_account: bool

    @property
    def initials(self) -> str:
        return initials(self.name)


def people_on(task: Task, user: User) -> list[Face]:
    """Who works on it; of people with an account those that `user` may know of."""
    assignees = User.objects.visible_to(user).filter(assigned_tasks=task).order_by("name")
    return [
        *(Face(person.name, True) for person in assignees),
        *(Face(person.name, False) for person in task.placeholders.all()),
    ]


def neighbours(task: Task, user: User) -> tuple[list[Neighbour], list[Neighbour]]:
    """What the task waits for and what waits for it, as far as `user` may see it."""
    rows = (
        Dependency.objects.visible_to(user)
        .filter(Q(from_task=task) | Q(to_task=task))
        .select_related("from_task__column", "from_milestone", "to_task__column", "to_milestone")
        .order_by("pk")
    )
    before, after = [], []
    for row in rows:
        if row.to_task_id == task.pk:
            before.append(_neighbour(row.from_task, row.from_milestone))
        else:
            after.append(_neighbour(row.to_task, row.to_milestone))
    return before, after


def _neighbour(task: Task | None, milestone: Milestone | None) -> Neighbour:
    if task is not None:
        return Neighbour(task.title, task.is_done, task)
    assert milestone is not None
    return Neighbour(milestone.name, milestone.reached_on is not None)

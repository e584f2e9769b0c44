"""What the serializers of this app show, put together for one reader in a constant number of queries."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from clients.models import User
from projects.api.serializers import PRIORITIES
from projects.models import Attachment, Column, Milestone, Project, Task
from projects.progress import (
    Health,
    Progress,
    health_of,
    next_milestones,
    progress_of,
    progress_over,
    sees_estimates,
    with_counts,
)
from projects.task_list import listed
from projects.task_page import Neighbour, neighbours


def address(name: str, *args: Any) -> str:
    """Of a page of the portal, from BASE_URL."""
    return settings.BASE_URL + reverse(name, args=args)


def project_lines(projects: Iterable[Project], user: User) -> list[dict[str, Any]]:
    """Three queries, however many projects."""
    projects = list(projects)
    health = health_of(projects, user, timezone.localdate())
    progress = progress_of(projects, user)
    milestones = next_milestones(projects, user)
    return [_project(one, health[one.pk], progress[one.pk], milestones.get(one.pk)) for one in projects]


def project_detail(project: Project, user: User) -> dict[str, Any]:
    columns = list(with_counts(project.columns.all(), project, user))
    for column in columns:
        is_done = column.kind == Column.Kind.DONE
        column.tasks_shown = column.done if is_done else column.to_do + column.in_progress
    health = health_of([project], user, timezone.localdate())[project.pk]
    milestone = next_milestones([project], user).get(project.pk)
    return _project(project, health, progress_over(columns, project, user), milestone) | {
        "description": project.description,
        "manager": project.manager.name,
        "columns": [
            {
                "pk": column.pk,
                "label": column.label,
                "kind": column.kind,
                "tasks": column.tasks_shown,
                "waiting": column.waiting,
            }
            for column in columns
        ],
    }


def _project(
    project: Project, health: Health, progress: Progress, milestone: Milestone | None
) -> dict[str, Any]:
    return {
        "code": project.code,
        "name": project.name,
        "client": project.client,
        "status": project.status,
        "health": health if health.status else None,
        "progress": progress,
        "starts_on": project.starts_on,
        "due_on": project.due_on,
        "next_milestone": milestone,
        "url": address("board", project.code),
    }


def task_lines(rows: Iterable[dict[str, Any]], project: Project, user: User) -> list[dict[str, Any]]:
    """Of rows of `projects.task_list.listed`. No query."""
    shows_hours = sees_estimates(user, project)
    kinds = {value: str(label) for value, label in Column.Kind.choices}
    return [
        row
        | {
            "key": f"{project.code}-{row['number']}",
            "column": {
                "id": row["column"],
                "name": row["column_name"] or kinds[row["kind"]],
                "kind": row["kind"],
            },
            "people": [*row["people"], *row["placeholder_names"]],
            "labels": row["label_names"],
            "priority": PRIORITIES[row["priority"]],
            "waiting": _waiting(row),
            "milestone": _milestone(row),
            "estimate_hours": row["estimate_hours"] if shows_hours else None,
            "url": address("task", project.code, row["number"]),
        }
        for row in rows
    ]


def task_detail(task: Task, user: User) -> dict[str, Any]:
    """`task` comes from the getter."""
    seen = Task.objects.visible_to(user).filter(pk=task.pk)
    [line] = task_lines(listed(seen, task.project, user), task.project, user)
    before, after = neighbours(task, user)
    files = Attachment.objects.visible_to(user).filter(task=task)
    return line | {
        "description": task.description,
        "checklist": task.checklist.all(),
        "files": [_file(file) for file in files],
        "waits_for": [_neighbour(one, task.project) for one in before],
        "needed_by": [_neighbour(one, task.project) for one in after],
        "created_at": task.created_at,
        "updated_at": task.updated_at,
    }


def _waiting(row: dict[str, Any]) -> dict[str, Any] | None:
    if row["waiting_since"] is None or row["kind"] == Column.Kind.DONE:
        return None
    return {"since": row["waiting_since"], "reason": row["waiting_for"]}


def _milestone(row: dict[str, Any]) -> dict[str, Any] | None:
    if row["milestone_name"] is None:
        return None
    return {"name": row["milestone_name"], "due_on": row["milestone_due"]}


def _file(file: Attachment) -> dict[str, Any]:
    return {
        "name": file.name,
        "content_type": file.content_type,
        "size": file.size,
        "is_internal": file.is_internal,
        "url": address("attachment", file.uid),
    }


def _neighbour(one: Neighbour, project: Project) -> dict[str, Any]:
    key = f"{project.code}-{one.task.number}" if one.task else None
    return {"name": one.name, "key": key, "is_done": one.is_done}

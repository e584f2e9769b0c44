"""A plan as a table with the columns of `projects.importing`, so that it can be imported again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from clients.models import User
from projects.importing import COLUMNS
from projects.models import Column, Dependency, Milestone, Project, Task
from projects.models.plan import Node
from projects.workdays import working_days_between


def plan_rows(project: Project, user: User) -> Iterator[Sequence[object]]:
    """The heading, then the tasks and milestones that `user` sees. In a constant number of queries.

    People are named, addresses are not told. Needed skills are for our staff.
    """
    tasks = list(
        Task.objects.visible_to(user)
        .filter(project=project)
        .select_related("phase", "column")
        .prefetch_related("assignees", "placeholders", "skills")
    )
    milestones = list(Milestone.objects.visible_to(user).filter(project=project).select_related("phase"))
    ids = {("task", task.pk): str(task.number) for task in tasks} | {
        ("milestone", milestone.pk): f"M{number}" for number, milestone in enumerate(milestones, start=1)
    }
    before = _predecessors(project, user, ids)
    known = set(User.objects.visible_to(user).values_list("pk", flat=True)) if not user.is_our_staff else None
    yield COLUMNS
    for task in tasks:
        people = [person.name for person in task.assignees.all() if known is None or person.pk in known]
        yield (
            ids["task", task.pk],
            task.phase.name if task.phase else "",
            task.title,
            "task",
            task.starts_on or "",
            _working_days(task),
            _percent(task),
            ";".join(before["task", task.pk]),
            ";".join([*people, *(person.name for person in task.placeholders.all())]),
            ";".join(skill.name for skill in task.skills.all()) if user.is_our_staff else "",
            task.description,
        )
    for milestone in milestones:
        yield (
            ids["milestone", milestone.pk],
            milestone.phase.name if milestone.phase else "",
            milestone.name,
            "milestone",
            milestone.due_on or "",
            0,
            100 if milestone.reached_on else 0,
            ";".join(before["milestone", milestone.pk]),
            "",
            "",
            "",
        )


def _predecessors(project: Project, user: User, ids: dict[Node, str]) -> dict[Node, list[str]]:
    before: dict[Node, list[str]] = defaultdict(list)
    for start, end in Dependency.objects.visible_to(user).filter(project=project).edges():
        if start in ids and end in ids:
            before[end].append(ids[start])
    return before


def _working_days(task: Task) -> int | str:
    """Its length: from its dates, which are what was agreed, else as it was planned."""
    if task.starts_on and task.due_on:
        return working_days_between(task.starts_on, task.due_on) or 1
    return task.working_days or ""


def _percent(task: Task) -> int:
    """In an import the percentage decides the column."""
    if task.is_done:
        return 100
    if task.column.kind == Column.Kind.IN_PROGRESS:
        return min(max(task.percent_done, 1), 99)
    return 0

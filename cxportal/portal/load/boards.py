"""The projects of a load and the tasks on their boards: a quarter in each of the four groups one sees."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

from django.db import connection

from clients.models import Client
from cxportal.portal.load.people import Staff
from projects.actions.board import GAP
from projects.models import Column, Milestone, Phase, Project

TEAM = 6
BATCH = 2000
PHASES = ("Design", "Building")
# (name, weeks from now, its phase); the first two are reached.
MILESTONES = (("Draft agreed", -6, 0), ("Plan agreed", -2, 0), ("Shell stands", 3, 1), ("Handed over", 12, 1))
TASKS_AT_ONCE = 50_000

# One row per task, then what hangs on it. A number's place decides its group: to do, in progress, waiting, done.
_TASKS = """
WITH board AS (
    SELECT * FROM jsonb_to_recordset(%(boards)s) AS board (
        project bigint, client bigint, manager bigint, count bigint, todo bigint, doing bigint, done bigint,
        team bigint[], phases bigint[], milestones bigint[]
    )
), numbered AS (
    SELECT board.*, number, number %% 4 AS place,
           -- Repeatable chance: the same for a seed, a project and a number.
           (number + ordinal * 104729 + %(seed)s) * 2654435761 %% 4294967296 / 1024 AS chance
    FROM (SELECT *, row_number() OVER (ORDER BY project) AS ordinal FROM board) AS board
    CROSS JOIN LATERAL generate_series(1, board.count) AS number
), dated AS (
    SELECT *,
           CASE WHEN place = 1 THEN todo WHEN place = 2 THEN doing WHEN place = 0 THEN done
                WHEN number %% 8 = 3 THEN todo ELSE doing END AS column_id,
           %(now)s - interval '60 days' + number %% 1440 * interval '1 minute' AS created_at,
           CASE WHEN place = 0 THEN %(now)s - (1 + chance %% 1200) * interval '1 hour' END AS done_at,
           CASE WHEN place = 3 THEN %(now)s - (1 + chance %% 240) * interval '1 hour' END AS waiting_since,
           %(today)s + (CASE WHEN place = 0 THEN -(chance %% 50) ELSE chance %% 60 - 2 END)::int AS due_on
    FROM numbered
), task AS (
    INSERT INTO projects_task (
        project_id, number, title, description, column_id, rank, phase_id, milestone_id, priority,
        estimate_hours, percent_done, starts_on, due_on, is_internal, waiting_since, waiting_for, done_at,
        version, created_by_id, created_at, updated_at
    )
    SELECT project, number,
           (%(titles)s::text[])[chance %% array_length(%(titles)s::text[], 1) + 1] || ' ' || number,
           'What belongs to it, what it needs before, and **how one sees that it is done**.',
           column_id, row_number() OVER (PARTITION BY column_id ORDER BY number) * %(gap)s,
           phases[CASE WHEN place = 0 THEN 1 ELSE 2 END],
           milestones[CASE WHEN place = 0 THEN 1 + chance %% 2 ELSE 3 + chance %% 2 END],
           CASE chance %% 10 WHEN 0 THEN 4 WHEN 1 THEN 3 WHEN 2 THEN 1 ELSE 2 END,
           1 + chance %% 24, CASE WHEN place = 0 THEN 100 WHEN place = 2 THEN chance %% 90 ELSE 0 END,
           due_on - 5, due_on, false, waiting_since,
           CASE WHEN place = 3 THEN 'Please choose one of the samples.' ELSE '' END, done_at,
           1, manager, created_at, coalesce(done_at, created_at)
    FROM dated
    RETURNING id, project_id, number, column_id, title, created_at, done_at, waiting_since, waiting_for
), assigned AS (
    INSERT INTO projects_task_assignees (task_id, user_id)
    SELECT task.id, board.team[(task.number + step.places) %% array_length(board.team, 1) + 1]
    FROM task JOIN board ON board.project = task.project_id
    CROSS JOIN LATERAL (
        VALUES (0), (1 + task.number / array_length(board.team, 1) %% (array_length(board.team, 1) - 1))
    ) AS step (places)
)
INSERT INTO notifications_event (kind, at, actor_id, client_id, project_id, task_id, is_internal, data)
SELECT what.kind, what.at, board.manager, board.client, task.project_id, task.id, false, what.data
FROM task JOIN board ON board.project = task.project_id
CROSS JOIN LATERAL (
    VALUES
        ('task.added', task.created_at, jsonb_build_object('title', task.title, 'to_kind', 'todo')),
        ('task.moved',
         CASE WHEN task.column_id = board.doing THEN task.created_at + interval '1 hour' ELSE task.done_at END,
         jsonb_build_object('from_kind', 'todo', 'from_name', '', 'to_name', '', 'ended_waiting', false,
                            'to_kind', CASE WHEN task.column_id = board.doing THEN 'doing' ELSE 'done' END)),
        ('task.waiting', task.waiting_since, jsonb_build_object('waiting_for', task.waiting_for))
) AS what (kind, at, data)
WHERE what.at IS NOT NULL
ORDER BY what.at, task.id, what.kind
"""
TITLES = (
    "Lay the cable of floor",
    "Order the windows of room",
    "Check the drawing of axis",
    "Agree the colour of wall",
    "Measure the opening",
    "Plan the delivery",
    "Test the connection",
    "Write the handbook, chapter",
)


def make_projects(companies: list[Client], sizes: list[int], staff: Staff, now: dt.datetime) -> list[Project]:
    """Active projects that will have so many tasks each; half of them are the first company's."""
    today = now.date()
    first = len(sizes) // 2 if len(companies) > 1 else len(sizes)
    others = companies[1:] or companies
    first = min(first, len(sizes) - len(companies) + 1)
    owners = [companies[0]] * first + [others[n % len(others)] for n in range(len(sizes) - first)]
    projects = Project.objects.bulk_create(
        [
            Project(
                client=client,
                code=f"LOAD{number}",
                name=f"Load house {number}",
                description="Made up, to measure with.",
                manager=client.manager,
                status=Project.Status.ACTIVE,
                starts_on=today - dt.timedelta(days=60),
                due_on=today + dt.timedelta(weeks=MILESTONES[-1][1]),
                last_task_number=size,
                created_at=now - dt.timedelta(days=60),
            )
            for number, (client, size) in enumerate(zip(owners, sizes, strict=True), 1)
        ],
        batch_size=BATCH,
    )
    Column.objects.bulk_create(
        [
            Column(project=project, kind=kind, position=position)
            for project in projects
            for position, kind in enumerate(Column.Kind.values)
        ],
        batch_size=BATCH,
    )
    _make_teams(projects, staff)
    _make_plans(projects, today, now)
    return projects


def _make_teams(projects: list[Project], staff: Staff) -> None:
    members = Project.team.through
    size = min(TEAM, len(staff.specialists))
    members.objects.bulk_create(
        [
            members(project=project, user=staff.specialists[(number * size + place) % len(staff.specialists)])
            for number, project in enumerate(projects)
            for place in range(size)
        ],
        batch_size=BATCH,
    )


def _make_plans(projects: list[Project], today: dt.date, now: dt.datetime) -> None:
    phases = Phase.objects.bulk_create(
        [
            Phase(project=project, name=name, position=position)
            for project in projects
            for position, name in enumerate(PHASES)
        ],
        batch_size=BATCH,
    )
    Milestone.objects.bulk_create(
        [
            Milestone(
                project=project,
                phase=phases[number * len(PHASES) + phase],
                name=name,
                due_on=today + dt.timedelta(weeks=weeks),
                reached_on=today + dt.timedelta(weeks=weeks) if weeks < 0 else None,
                position=position,
                created_at=now - dt.timedelta(days=60),
            )
            for number, project in enumerate(projects)
            for position, (name, weeks, phase) in enumerate(MILESTONES)
        ],
        batch_size=BATCH,
    )


def make_tasks(projects: list[Project], seed: int, now: dt.datetime, tell: Callable[[str], None]) -> None:
    """The tasks of all `projects`, `last_task_number` of each, with assignees and history."""
    total = sum(project.last_task_number for project in projects)
    made = 0
    batch: list[Project] = []
    for project in projects:
        batch.append(project)
        size = sum(one.last_task_number for one in batch)
        if size >= TASKS_AT_ONCE or project == projects[-1]:
            _make_some(batch, seed, now)
            made += size
            batch = []
            tell(f"tasks: {made} of {total}")


def _make_some(projects: list[Project], seed: int, now: dt.datetime) -> None:
    found = Project.objects.filter(pk__in=[project.pk for project in projects])
    lists = found.prefetch_related("columns", "phases", "milestones", "team")
    boards = []
    for project in lists.order_by("pk"):
        columns = {column.kind: column.pk for column in project.columns.all()}
        boards.append(
            {
                "project": project.pk,
                "client": project.client_id,
                "manager": project.manager_id,
                "count": project.last_task_number,
                "team": sorted(person.pk for person in project.team.all()),
                "phases": sorted(phase.pk for phase in project.phases.all()),
                "milestones": sorted(milestone.pk for milestone in project.milestones.all()),
                **columns,
            }
        )
    values: dict[str, Any] = {
        "boards": json.dumps(boards),
        "titles": list(TITLES),
        "seed": seed % 1_000_000,
        "now": now,
        "today": now.date(),
        "gap": GAP,
    }
    with connection.cursor() as cursor:
        cursor.execute(_TASKS, values)

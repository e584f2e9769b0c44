"""The portal whose pages are measured: one company, two projects with many tasks among others, one person in all."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass

from django.db import connection
from django.utils import timezone

from clients.models import Client, Membership, StaffProfile, User
from projects.models import Column, Milestone, Project, Task

GAP = 1024
TEAM = 8


@dataclass(frozen=True)
class Pages:
    member: User  # a client person with every project open
    manager: User
    client: Client
    small: Project
    large: Project


def pages(*, projects: int, small: int, large: int) -> Pages:
    """`small` and `large` are numbers of tasks; a quarter stands in each of a board's four groups."""
    manager = _person("Maria Manager", "manager")
    team = [_person(f"Staff {number}", "specialist") for number in range(TEAM)]
    client = Client.objects.create(name="Load", manager=manager)
    made = [_project(client, number, team) for number in range(projects)]
    member = _person("Misha Member", "")
    membership = Membership.objects.create(client=client, user=member, role=Membership.Role.MEMBER)
    membership.projects.set(made)
    for project in made:
        _tasks(project, 12, team)
    _tasks(made[0], small - 12, team)
    _tasks(made[1], large - 12, team)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return Pages(member=member, manager=manager, client=client, small=made[0], large=made[1])


def _person(name: str, role: str) -> User:
    address = f"{name.lower().replace(' ', '.')}@load.example"
    person = User.objects.create_user(address, None, name=name, staff_role=role)
    if role:
        StaffProfile.objects.create(user=person)
    return person


def _project(client: Client, number: int, team: list[User]) -> Project:
    project = Project.objects.create(
        client=client,
        code=f"L{number}",
        name=f"House number {number}",
        manager=client.manager,
        status=Project.Status.ACTIVE,
    )
    for position, kind in enumerate(Column.Kind.values):
        Column.objects.create(project=project, kind=kind, position=position)
    project.team.set(team)
    today = timezone.localdate()
    for weeks in (1, 5):
        Milestone.objects.create(
            project=project, name=f"Milestone {weeks}", due_on=today + dt.timedelta(weeks=weeks)
        )
    return project


def _tasks(project: Project, count: int, team: list[User]) -> None:
    chance = random.Random(project.code)  # noqa: S311
    now, today = timezone.now(), timezone.localdate()
    columns = {column.kind: column for column in project.columns.all()}
    places = [Column.Kind.TO_DO, Column.Kind.IN_PROGRESS, "waiting", Column.Kind.DONE]
    first = project.last_task_number + 1
    tasks = []
    for number in range(first, first + count):
        place = places[number % len(places)]
        task = Task(
            project=project,
            number=number,
            title=f"Task {number} of the house",
            column=columns[Column.Kind.TO_DO if place == "waiting" else place],
            rank=number * GAP,
            due_on=today + dt.timedelta(days=chance.randint(1, 60)),
        )
        if place == "waiting":
            task.waiting_since = now - dt.timedelta(hours=chance.randint(1, 200))
            task.waiting_for = "Choose the tiles"
        elif place == Column.Kind.DONE:
            task.done_at = now - dt.timedelta(hours=chance.randint(1, 2000))
            task.percent_done = 100
        tasks.append(task)
    Task.objects.bulk_create(tasks, batch_size=1000)
    work = Task.assignees.through
    work.objects.bulk_create(
        [work(task=task, user=person) for task in tasks for person in chance.sample(team, 2)], batch_size=5000
    )
    project.last_task_number = first + count - 1
    project.save(update_fields=["last_task_number"])

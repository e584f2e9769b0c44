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
    manager = person("Maria Manager", "manager")
    team = [person(f"Staff {number}", "specialist") for number in range(TEAM)]
    client = Client.objects.create(name="Load", manager=manager)
    made = [project(client, f"L{number}", team) for number in range(projects)]
    member = person("Misha Member", "")
    membership = Membership.objects.create(client=client, user=member, role=Membership.Role.MEMBER)
    membership.projects.set(made)
    for one in made:
        add_tasks(one, 12, team)
    add_tasks(made[0], small - 12, team)
    add_tasks(made[1], large - 12, team)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return Pages(member=member, manager=manager, client=client, small=made[0], large=made[1])


def person(name: str, role: str) -> User:
    address = f"{name.lower().replace(' ', '.')}@load.example"
    user = User.objects.create_user(address, None, name=name, staff_role=role)
    if role:
        StaffProfile.objects.create(user=user)
    return user


def project(client: Client, code: str, team: list[User]) -> Project:
    made = Project.objects.create(
        client=client,
        code=code,
        name=f"House {code}",
        manager=client.manager,
        status=Project.Status.ACTIVE,
    )
    for position, kind in enumerate(Column.Kind.values):
        Column.objects.create(project=made, kind=kind, position=position)
    made.team.set(team)
    today = timezone.localdate()
    for weeks in (1, 5):
        Milestone.objects.create(
            project=made, name=f"Milestone {weeks}", due_on=today + dt.timedelta(weeks=weeks)
        )
    return made


def add_tasks(project: Project, count: int, team: list[User]) -> None:
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
        [work(task=task, user=user) for task in tasks for user in chance.sample(team, 2)], batch_size=5000
    )
    project.last_task_number = first + count - 1
    project.save(update_fields=["last_task_number"])

"""Small makers of rows for tests: sensible defaults, keyword arguments for what matters."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import Any

from django.utils import timezone

from clients.models import Client, Membership, StaffProfile, User
from feedback.models import Message, Thread
from projects.models import Column, Milestone, Phase, Project, Task

_numbers = itertools.count(1)
PASSWORD = "correct horse battery"


def make_user(name: str = "", *, email: str = "", staff_role: str = "", **fields: Any) -> User:
    number = next(_numbers)
    name = name or f"Person {number}"
    email = email or f"person{number}@example.com"
    user = User(name=name, email=email, staff_role=staff_role, **fields)
    user.set_unusable_password()
    user.save()
    if staff_role:
        StaffProfile.objects.create(user=user)
    return user


def make_client(name: str = "", *, manager: User | None = None, **fields: Any) -> Client:
    manager = manager or make_user(staff_role="manager")
    return Client.objects.create(name=name or f"Company {next(_numbers)}", manager=manager, **fields)


def make_contact(client: Client, role: str = "member", *, projects: Any = (), **fields: Any) -> User:
    user = make_user(**fields)
    membership = Membership.objects.create(client=client, user=user, role=role)
    membership.projects.set(projects)
    return user


def make_project(
    client: Client | None = None, *, code: str = "", team: Any = (), status: str = "active", **fields: Any
) -> Project:
    client = client or make_client()
    fields.setdefault("manager", client.manager)
    project = Project.objects.create(
        client=client,
        code=code or f"P{next(_numbers)}X",
        name=fields.pop("name", "") or "House in Petrovka",
        status=status,
        **fields,
    )
    for position, kind in enumerate(Column.Kind.values):
        Column.objects.create(project=project, kind=kind, position=position)
    project.team.set(team)
    return project


def make_task(project: Project, title: str = "", *, kind: str = "todo", **fields: Any) -> Task:
    """A task in the first column of `kind`, written straight to the table (no events)."""
    number = fields.pop("number", 0) or next(_numbers)
    if kind == "done":
        fields.setdefault("done_at", timezone.now())
    column = fields.pop("column", None) or project.columns.filter(kind=kind)[0]
    lists = ("assignees", "placeholders", "labels", "skills")
    many = {name: fields.pop(name) for name in lists if name in fields}
    task = Task.objects.create(
        project=project,
        number=number,
        title=title or f"Task {number}",
        column=column,
        rank=number * 1024,
        **fields,
    )
    Project.objects.filter(pk=project.pk, last_task_number__lt=number).update(last_task_number=number)
    for name, values in many.items():
        getattr(task, name).set(values)
    return task


def make_phase(project: Project, name: str = "") -> Phase:
    return Phase.objects.create(project=project, name=name or f"Phase {next(_numbers)}")


def make_milestone(
    project: Project, name: str = "", *, due_on: dt.date | None = None, **fields: Any
) -> Milestone:
    return Milestone.objects.create(
        project=project, name=name or f"Milestone {next(_numbers)}", due_on=due_on, **fields
    )


def make_thread(
    client: Client, *, author: User, body: str = "Can we move the socket?", **fields: Any
) -> Thread:
    """A conversation with its first message, written straight to the tables (no clock, no mail)."""
    thread = Thread.objects.create(
        client=client, author=author, subject=fields.pop("subject", body), **fields
    )
    Message.objects.create(thread=thread, author=author, by_client=not author.is_our_staff, body=body)
    return thread

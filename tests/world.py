"""One world for tests that drive everything: a house for one company, a warehouse for another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from django.core.files.base import ContentFile

from clients.models import Client, User
from feedback.models import Message, MessageFile, Thread
from projects.models import Attachment, Milestone, Project, Task
from tests.factories import make_milestone, make_task, make_thread

# Words that stand only in what a client person of `house` must never read.
INTERNAL_CANARY = "kestrelnote"
FOREIGN_CANARY = "ospreyword"
# In a conversation its author, the owner, narrowed to themself and the team.
PRIVATE_CANARY = "harrierwhisper"


@dataclass
class World:
    people: dict[str, User]
    house: Project
    client: Client
    other_project: Project
    task: Task
    internal_task: Task
    foreign_task: Task
    milestone: Milestone
    internal_milestone: Milestone
    foreign_milestone: Milestone
    thread: Thread
    private_thread: Thread
    internal_thread: Thread
    foreign_thread: Thread
    attachment: Attachment
    internal_attachment: Attachment
    foreign_attachment: Attachment
    note: Message
    extra: dict[str, Any]


@pytest.fixture
def world(
    owner: User,
    member: User,
    viewer: User,
    specialist: User,
    manager: User,
    admin_user: User,
    stranger: User,
    outsider: User,
    house: Project,
    other_project: Project,
) -> World:
    """Each kind of person by name, and their own, internal and foreign objects, full of canaries."""
    task = make_task(house, "Roof")
    internal_task = make_task(
        house, f"Margin {INTERNAL_CANARY}", is_internal=True, description=INTERNAL_CANARY
    )
    foreign_task = make_task(other_project, f"Shelves {FOREIGN_CANARY}", description=FOREIGN_CANARY)
    thread = make_thread(house.client, author=owner, project=house)
    note = Message.objects.create(
        thread=thread, author=manager, by_client=False, is_note=True, body=f"They worry {INTERNAL_CANARY}"
    )
    foreign_thread = make_thread(
        other_project.client, author=stranger, project=other_project, body=FOREIGN_CANARY
    )
    return World(
        people={
            "owner": owner,
            "member": member,
            "viewer": viewer,
            "specialist": specialist,
            "manager": manager,
            "admin": admin_user,
            "stranger": stranger,
            "outsider": outsider,
        },
        house=house,
        client=house.client,
        other_project=other_project,
        task=task,
        internal_task=internal_task,
        foreign_task=foreign_task,
        milestone=make_milestone(house, "Roof on"),
        internal_milestone=make_milestone(house, INTERNAL_CANARY, is_internal=True),
        foreign_milestone=make_milestone(other_project, FOREIGN_CANARY),
        thread=thread,
        private_thread=make_thread(
            house.client, author=owner, project=house, audience=Thread.Audience.AUTHOR, body=PRIVATE_CANARY
        ),
        internal_thread=make_thread(
            house.client, author=manager, project=house, task=internal_task, body=INTERNAL_CANARY
        ),
        foreign_thread=foreign_thread,
        note=note,
        attachment=_attachment(task, "roof.txt", is_internal=False),
        internal_attachment=_attachment(task, f"{INTERNAL_CANARY}.txt", is_internal=True),
        foreign_attachment=_attachment(foreign_task, f"{FOREIGN_CANARY}.txt", is_internal=False),
        extra={
            "message_file": _message_file(thread.messages.earliest("pk"), "socket.txt"),
            "note_file": _message_file(note, f"{INTERNAL_CANARY}.txt"),
            "foreign_message_file": _message_file(
                foreign_thread.messages.earliest("pk"), f"{FOREIGN_CANARY}.txt"
            ),
        },
    )


def _message_file(message: Message, name: str) -> MessageFile:
    return MessageFile.objects.create(
        message=message, name=name, size=4, file=ContentFile(name.encode(), name=name)
    )


def _attachment(task: Task, name: str, *, is_internal: bool) -> Attachment:
    return Attachment.objects.create(
        task=task,
        name=name,
        size=4,
        is_internal=is_internal,
        content_type="text/plain",
        file=ContentFile(name.encode(), name=name),
    )

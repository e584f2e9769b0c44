"""A note leaves no trace that a client person could find, not even an empty conversation."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client as Browser
from django.urls import reverse

from clients.models import User
from feedback.actions import note_on_task, post_on_task
from feedback.models import Thread
from projects.actions import edit_task, reveal_task
from projects.models import Project, Task
from tests.factories import make_task

SignIn = Callable[[User], Browser]


@pytest.fixture
def roof(house: Project) -> Task:
    return make_task(house, "Roof over the porch")


@pytest.mark.parametrize("who", ["owner", "member", "viewer"])
@pytest.mark.parametrize("where", ["threads", "project_threads", "home"])
def test_a_note_on_a_task_adds_nothing_to_the_clients_questions(
    browser_of: SignIn, request: pytest.FixtureRequest, specialist: User, roof: Task, who: str, where: str
) -> None:
    note_on_task(task=roof, by=specialist, body="They will not pay.")
    args = [roof.project.code] if where == "project_threads" else []
    page = browser_of(request.getfixturevalue(who)).get(reverse(where, args=args)).content.decode()
    assert str(Thread.objects.get(task=roof).uid) not in page


def test_a_note_on_a_task_adds_nothing_to_its_conversation_as_the_client_reads_it(
    browser_of: SignIn, member: User, specialist: User, roof: Task
) -> None:
    note_on_task(task=roof, by=specialist, body="They will not pay.")
    url = reverse("task_conversation", args=[roof.project.code, roof.number])
    page = browser_of(member).get(url).content.decode()
    assert str(Thread.objects.get(task=roof).uid) not in page


def test_staff_still_find_the_conversation_that_holds_only_a_note(
    browser_of: SignIn, specialist: User, roof: Task
) -> None:
    note_on_task(task=roof, by=specialist, body="They will not pay.")
    page = browser_of(specialist).get(reverse("threads")).content.decode()
    assert str(Thread.objects.get(task=roof).uid) in page


def test_a_client_begins_the_conversation_that_held_only_a_note(
    browser_of: SignIn, member: User, specialist: User, roof: Task
) -> None:
    note_on_task(task=roof, by=specialist, body="They will not pay.")
    url = reverse("task_conversation_write", args=[roof.project.code, roof.number])
    browser_of(member).post(url, {"body": "When does it begin?"})
    thread = Thread.objects.get(task=roof)
    assert thread.author == member
    assert thread.messages.public().count() == 1


def test_the_internal_title_of_a_task_is_no_subject_once_the_client_sees_it(
    house: Project, manager: User, specialist: User, member: User
) -> None:
    task = make_task(house, "Margin too thin: charge more", is_internal=True)
    note_on_task(task=task, by=specialist, body="How much?")
    task.refresh_from_db()
    task = edit_task(task=task, by=manager, version=task.version, changes={"title": "Roof tiles"})
    task = reveal_task(task=task, by=manager)
    message = post_on_task(task=task, by=member, body="Which colour?")
    assert message.thread.subject == "Roof tiles"

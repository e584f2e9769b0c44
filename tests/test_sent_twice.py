"""The same form sent twice makes one thing: one after the other, and at the same moment over real connections."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.urls import reverse

from clients.models import ApiToken, User
from conftest import SignedIn
from cxportal.notifications.models import OutgoingMail
from cxportal.portal.models import BoardIntroduction, BoardSchedule, SentBoard
from feedback.models import Message, MessageFile, Thread
from projects.models import (
    Attachment,
    ChecklistItem,
    Dependency,
    Label,
    Milestone,
    Phase,
    Task,
    TaskImport,
    TimeEntry,
)
from tests.bad_input.page import Page
from tests.bad_input.routes import FORMS
from tests.matrix import MATRIX
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)

THINGS: tuple[Any, ...] = (
    Task, ChecklistItem, TimeEntry, Attachment, Phase, Milestone, Dependency, Label, TaskImport, Thread, Message,
    MessageFile, BoardSchedule, BoardIntroduction, SentBoard, OutgoingMail, User,
    ApiToken,
)  # fmt: skip

# What each form makes, once.
MAKES: dict[str, dict[Any, int]] = {
    "board": {Task: 1},
    "task_new": {Task: 1, Label: 2},
    "checklist_add": {ChecklistItem: 1},
    "hours_add": {TimeEntry: 1},
    "file_add": {Attachment: 1},
    "phase_add": {Phase: 1},
    "milestone_new": {Milestone: 1},
    "dependencies": {Dependency: 1},
    "import_tasks": {TaskImport: 1},
    "import_confirm": {Task: 1},
    "thread_new": {Thread: 1, Message: 1, MessageFile: 1},
    "thread_write": {Message: 1, MessageFile: 1},
    "thread_note": {Message: 1, MessageFile: 1},
    "thread_call": {Message: 1},
    "task_conversation_write": {Thread: 1, Message: 1, MessageFile: 1},
    "task_conversation_note": {Thread: 1, Message: 1, MessageFile: 1},
    "weekly_send": {SentBoard: 1, OutgoingMail: 1},
    "weekly": {BoardIntroduction: 1},
    "my_weekly": {BoardSchedule: 0},
    "api_tokens": {ApiToken: 1},
}
# Forms that make nothing: they change something, or say yes to it, and may be sent twice.
CHANGES = {
    "preferences", "set_theme", "choose_language", "task_move", "task_edit", "task_show", "task_hide", "task_wait",
    "task_go_on", "checklist_tick", "checklist_remove", "hours_remove", "file_show", "file_hide", "file_delete",
    "phase_rename", "milestone_edit", "milestone_reach", "milestone_unreach", "dependency_remove", "weekly_stop",
    "weekly_again", "thread_assign", "thread_no_reply", "thread_due", "thread_close", "thread_reopen",
    "thread_audience", "thread_follow", "message_take_back", "message_delete", "account_login", "account_logout",
    "api_token_revoke",
    "account_change_password", "account_set_password", "account_reset_password", "account_reset_password_from_key",
}  # fmt: skip


def test_every_form_says_what_it_makes() -> None:
    assert set(FORMS) == set(MAKES) | CHANGES, "say in MAKES what the form makes, or name it in CHANGES"


def counted() -> dict[Any, int]:
    return {thing: thing.objects.count() for thing in THINGS}


def sender_of(name: str, world: World) -> Callable[[], int]:
    """A function that sends the very same form each time, with files of the same content and a key of one page."""
    form = FORMS[name]
    own = form.own or MATRIX[name].own
    url = reverse(name, kwargs=own(world))
    data = form.data(world)
    if name in PAGES:
        data["form_key"] = _key_in(PAGES[name], world)
    person = world.people[form.who]

    def send() -> int:
        sent = dict(data)
        for field, value in data.items():
            if field.endswith("files") or field == "file":
                one = value[0] if isinstance(value, list) else value
                one.seek(0)
                sent[field] = SimpleUploadedFile(one.name, one.read())
        return int(SignedIn(person).post(url, sent).status_code)

    return send


# Whose key is read from the page that carries the form, as any browser finds it, with scripts or without.
PAGES = {
    "board": "board",
    "task_new": "task_new",
    "milestone_new": "milestone_new",
    "checklist_add": "task",
    "hours_add": "task",
    "file_add": "task",
    "api_tokens": "api_tokens",
}


def _key_in(name: str, world: World) -> str:
    url = reverse(name, kwargs=MATRIX[name].own(world))
    page = Page(SignedIn(world.people["manager"]).get(url).content.decode())
    return page.named("form_key")[0].values[0]


@pytest.mark.parametrize("name", sorted(MAKES))
def test_the_same_form_again_makes_nothing_more(name: str, world: World) -> None:
    send = sender_of(name, world)
    before = counted()
    assert send() < 400
    first = counted()
    made = {thing: first[thing] - before[thing] for thing in MAKES[name]}
    assert made == MAKES[name]
    assert send() in {200, 302, 409, 422}
    assert counted() == first


@pytest.mark.parametrize("name", sorted(MAKES))
def test_the_same_form_twice_at_once_makes_one_thing(name: str, world: World) -> None:
    send = sender_of(name, world)
    before, start = counted(), threading.Barrier(3)

    def run() -> int:
        try:
            start.wait(20)
            return send()
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        statuses = [job.result(60) for job in [pool.submit(run) for _each in range(3)]]
    assert min(statuses) < 400
    assert max(statuses) < 500
    after = counted()
    assert {thing: after[thing] - before[thing] for thing in MAKES[name]} == MAKES[name]


def test_another_person_place_or_text_with_the_same_key_is_another_thing(world: World) -> None:
    key = "6f9b3c1e-7d53-4b7e-9d54-0d4f1c0b5a11"
    manager, specialist = SignedIn(world.people["manager"]), SignedIn(world.people["specialist"])
    before = Task.objects.count()
    for browser, title in (
        (manager, "Tiles"),
        (manager, "Tiles"),
        (manager, "Bricks"),
        (specialist, "Tiles"),
    ):
        browser.post("/projects/HOUSE/", {"title": title, "form_key": key})
    assert Task.objects.count() == before + 3


def test_a_form_without_a_key_still_works(world: World) -> None:
    before = Task.objects.count()
    for key in ({}, {"form_key": ""}, {"form_key": "nonsense"}):
        assert (
            SignedIn(world.people["manager"]).post("/projects/HOUSE/", {"title": "Tiles", **key}).status_code
            == 302
        )
    assert Task.objects.count() == before + 3

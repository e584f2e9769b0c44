"""The page of a task as people see and use it; two of them at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from playwright.sync_api import Page, expect

from clients.models import Skill, User
from cxportal.notifications.models import Event
from projects import actions
from projects.models import Attachment, Label, Placeholder, Project, Task
from tests.browser.conftest import Visit
from tests.browser.looks import inspect
from tests.factories import make_milestone, make_phase, make_task

pytestmark = pytest.mark.django_db(transaction=True)
SignIn = Callable[[Page, User], None]


@pytest.fixture
def task(house: Project, specialist: User, settings: Any, tmp_path: Path) -> Task:
    settings.MEDIA_ROOT = tmp_path
    before = make_task(house, "Ground floor", kind="done", number=7)
    task = make_task(
        house,
        "Choose the tiles for kitchen and bathroom",
        number=14,
        kind="doing",
        description="Three samples are in the site office:\n\n- *Terra*, matt, 60 × 60\n- *Nordic*, grey\n\n"
        "Please tell us **which one** and how high the wall tiles go.",
        starts_on=dt.date(2026, 11, 16),
        due_on=dt.date(2026, 11, 20),
        phase=make_phase(house, "Interior design"),
        milestone=make_milestone(house, "Construction completed", due_on=dt.date(2026, 12, 21)),
        priority=3,
        estimate_hours=6,
        percent_done=40,
        assignees=[specialist],
        placeholders=[Placeholder.objects.create(project=house, name="Ivan Domov")],
        skills=[Skill.objects.create(name="Tiler")],
        labels=[Label.objects.create(project=house, name="inside")],
    )
    actions.add_dependency(project=house, by=specialist, before=before, after=task)
    actions.add_dependency(
        project=house, by=specialist, before=task, after=make_task(house, "Walls", number=15)
    )
    for text in ("Bring samples to the site", "Measure the bathroom", "Order with 10 % to spare"):
        actions.add_checklist_item(task=task, by=specialist, text=text)
    actions.tick_checklist_item(item=task.checklist.all()[0], by=specialist, is_done=True)
    Attachment.objects.create(
        task=task, name="kitchen-and-bathroom.pdf", size=482_113, is_internal=False, uploaded_by=specialist,
        file=ContentFile(b"%PDF", name="x"),
    )  # fmt: skip
    Attachment.objects.create(
        task=task, name="prices of the tiler.xlsx", size=23_114, uploaded_by=specialist,
        file=ContentFile(b"PK", name="y"),
    )  # fmt: skip
    actions.add_hours(
        task=task, by=specialist, day=dt.date(2026, 11, 18), minutes=90, note="Samples",
    )  # fmt: skip
    task = actions.set_waiting(task=task, by=specialist, waiting_for="Tell us which tiles, and how high")
    actions.edit_task(
        task=task,
        by=specialist,
        version=1,
        changes={"due_on": dt.date(2026, 11, 27), "description": task.description + " Thank you!"},
        date_reason="The samples came two days late.",
    )
    return Task.objects.get(pk=task.pk)


def test_the_page_for_staff_and_for_the_client(
    page: Page, visit: Callable[..., Visit], sign_in: SignIn, task: Task, manager: User, owner: User
) -> None:
    sign_in(page, manager)
    page.goto("/projects/HOUSE/tasks/14/")
    inspect(page, "task-staff")
    page.goto("/projects/HOUSE/tasks/14/history/")
    inspect(page, "task-history")
    page.goto("/projects/HOUSE/tasks/14/edit/")
    inspect(page, "task-edit")
    page.goto("/projects/HOUSE/tasks/new/")
    inspect(page, "task-new")
    client = visit()
    sign_in(client.page, owner)
    client.page.goto("/projects/HOUSE/tasks/14/")
    inspect(client.page, "task-client")


def test_the_checklist_without_leaving_the_page(
    page: Page, sign_in: SignIn, task: Task, specialist: User
) -> None:
    sign_in(page, specialist)
    page.goto("/projects/HOUSE/tasks/14/")
    page.get_by_role("checkbox", name="Measure the bathroom").click()
    expect(page.get_by_role("checkbox", name="Measure the bathroom")).to_be_checked()
    page.get_by_placeholder("New item").fill("Call the tiler")
    page.get_by_placeholder("New item").press("Enter")
    expect(page.get_by_role("checkbox", name="Call the tiler")).not_to_be_checked()
    expect(page.locator("#checklist")).to_contain_text("2 of 4")
    assert page.url.endswith("/tasks/14/")


def test_the_reason_is_asked_for_once_a_date_moves(
    page: Page, sign_in: SignIn, task: Task, specialist: User
) -> None:
    sign_in(page, specialist)
    page.goto("/projects/HOUSE/tasks/14/edit/")
    reason = page.get_by_label("Why do the dates change?")
    expect(reason).to_be_hidden()
    page.get_by_label("Due").fill("2026-12-04")
    reason.fill("The tiler is ill.")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/tasks/14/")
    assert task.date_changes.get(reason="The tiler is ill.").new == dt.date(2026, 12, 4)


def test_two_people_edit_the_same_text_and_neither_is_lost(
    page: Page, visit: Callable[..., Visit], sign_in: SignIn, task: Task, manager: User, specialist: User
) -> None:
    second = visit()
    sign_in(page, manager)
    sign_in(second.page, specialist)
    for one in (page, second.page):
        one.goto("/projects/HOUSE/tasks/14/edit/")
    page.get_by_label("Description").fill("Only Terra can be had before Christmas.")
    page.get_by_label("Priority").select_option(label="Urgent")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/tasks/14/")

    second.page.get_by_label("Description").fill("Nordic is cheaper by a third.")
    second.page.get_by_label("Title").fill("Choose the tiles")
    second.page.get_by_role("button", name="Save").click()
    alert = second.page.get_by_role("alert").filter(has_text="Somebody changed this task")
    expect(alert).to_contain_text("Nothing is lost")
    expect(alert).to_contain_text("Maria Manager")
    conflict = second.page.locator("[data-conflict=id_description]")
    expect(conflict.locator("[data-mine]")).to_have_text("Nordic is cheaper by a third.")
    expect(conflict.locator("[data-theirs]")).to_have_text("Only Terra can be had before Christmas.")
    expect(second.page.get_by_label("Description")).to_have_value("Nordic is cheaper by a third.")
    expect(second.page.get_by_label("Priority")).to_have_value("4")
    second.forgive("409")
    inspect(second.page, "task-stale")

    conflict.get_by_role("button", name="Put it below mine").click()
    second.page.get_by_role("button", name="Save this version").click()
    second.page.wait_for_url("**/tasks/14/")
    task.refresh_from_db()
    assert task.title == "Choose the tiles"
    assert task.priority == 4
    assert task.description == "Nordic is cheaper by a third.\n\nOnly Terra can be had before Christmas."
    # What both wrote over can be read again in the history.
    second.page.goto("/projects/HOUSE/tasks/14/history/")
    olds = [event.data["changes"]["description"][0] for event in Event.objects.filter(kind="task.edited")]
    assert olds[0] == "Only Terra can be had before Christmas."
    expect(second.page.locator(".cx-old-text").first).to_have_text(olds[0])

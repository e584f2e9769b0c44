"""The board in the browser."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from django.utils import timezone
from playwright.sync_api import Page

from clients.models import User
from projects.models import Placeholder, Project
from tests.browser.looks import inspect
from tests.factories import make_milestone, make_task, make_thread

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def furnished(house: Project, owner: User, specialist: User) -> Project:
    """`house` with a board as it is in the middle of the work."""
    today = timezone.localdate()
    tom = Placeholder.objects.create(project=house, name="Tom White")
    peter = Placeholder.objects.create(project=house, name="Peter Green")
    make_milestone(house, "Roof on", due_on=today - dt.timedelta(days=2))
    make_task(house, "Foundation building", kind="done")
    make_task(house, "Ground floor building", kind="done")
    first = make_task(house, "First floor building", kind="doing", due_on=today + dt.timedelta(days=3))
    first.placeholders.set([tom, peter])
    make_task(
        house, "Equipment planning", kind="doing", due_on=today - dt.timedelta(days=1), assignees=[specialist]
    )
    make_task(
        house, "Choose the tiles", waiting_since=timezone.now() - dt.timedelta(days=2),
        waiting_for="Which tiles for the kitchen: the grey or the white ones?",
    )  # fmt: skip
    roof = make_task(house, "Roof")
    roof.placeholders.set([tom])
    make_task(house, "Connect to communications", due_on=today + dt.timedelta(days=60))
    make_task(house, "Walls, with a rather long title that goes on for more than one line of the card")
    make_task(house, "Check the margin", is_internal=True)
    make_thread(house.client, author=owner, project=house, task=first)
    return house


def test_the_board_of_a_client_is_sound(
    page: Page, sign_in: Callable[[Page, User], None], furnished: Project, owner: User
) -> None:
    sign_in(page, owner)
    page.goto("/projects/HOUSE/")
    inspect(page, "board-client")


def test_the_board_of_staff_is_sound(
    page: Page, sign_in: Callable[[Page, User], None], furnished: Project, manager: User
) -> None:
    sign_in(page, manager)
    page.goto("/projects/HOUSE/")
    inspect(page, "board-staff")
    page.get_by_role("link", name="Filter").click()
    page.locator("#filter-person").wait_for()
    inspect(page, "board-filter")


def test_list_and_projects_are_sound(
    page: Page, sign_in: Callable[[Page, User], None], furnished: Project, owner: User, manager: User
) -> None:
    for user in (owner, manager):
        sign_in(page, user)
        for name, path in {"list": "/projects/HOUSE/list/", "projects": "/projects/"}.items():
            page.goto(path)
            inspect(page, f"{name}-{user.get_short_name()}")


def test_an_empty_board_is_sound(
    page: Page, sign_in: Callable[[Page, User], None], house: Project, owner: User
) -> None:
    sign_in(page, owner)
    page.goto("/projects/HOUSE/")
    inspect(page, "board-empty")

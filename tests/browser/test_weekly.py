"""The pages of the weekly board, as people see them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from clients.models import User
from cxportal.portal.weekly.links import stop_token
from cxportal.portal.weekly.schedules import queue_due_boards
from projects.models import Project
from tests.browser.looks import inspect
from tests.factories import make_task

pytestmark = pytest.mark.django_db(transaction=True)
SignIn = Callable[[Page, User], None]


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_managers_page_and_the_preview_are_sound(
    page: Page, sign_in: SignIn, manager: User, owner: User, member: User, house: Project, language: str
) -> None:
    User.objects.filter(pk=manager.pk).update(language=language)
    make_task(house, "Ground floor", kind="doing")
    sign_in(page, manager)
    page.goto(f"/projects/{house.code}/weekly/")
    inspect(page, f"weekly-{language}")
    page.locator(".cx-recipients a").first.click()
    expect(page.frame_locator("iframe").get_by_text("Ground floor")).to_be_visible()
    inspect(page, f"weekly-preview-{language}")


def test_the_managers_page_of_a_project_without_people(
    page: Page, sign_in: SignIn, manager: User, house: Project
) -> None:
    sign_in(page, manager)
    page.goto(f"/projects/{house.code}/weekly/")
    inspect(page, "weekly-empty")


@pytest.mark.parametrize("language", ["en", "ru"])
def test_ones_own_board_and_the_way_to_stop_it_are_sound(
    page: Page, sign_in: SignIn, owner: User, house: Project, language: str
) -> None:
    User.objects.filter(pk=owner.pk).update(language=language)
    sign_in(page, owner)
    page.goto("/weekly/")
    inspect(page, f"my-weekly-{language}")
    page.context.clear_cookies()
    page.goto(f"/weekly/stop/{stop_token(owner)}/")
    inspect(page, f"weekly-stop-{language}")
    page.locator("main form button").click()
    inspect(page, f"weekly-stopped-{language}")
    page.locator("main form button").click()
    owner.board_schedule.refresh_from_db()
    assert owner.board_schedule.is_on


def test_words_written_stand_in_the_preview_at_once(
    page: Page, sign_in: SignIn, manager: User, owner: User, house: Project
) -> None:
    sign_in(page, manager)
    page.goto(f"/projects/{house.code}/weekly/")
    page.get_by_role("textbox", name="Your words on top").fill("The walls stand.")
    page.get_by_role("button", name="Save").click()
    page.locator(".cx-recipients a").first.click()
    expect(page.frame_locator("iframe").get_by_text("The walls stand.")).to_be_visible()
    assert queue_due_boards() == 0, "looking at it sends nothing"

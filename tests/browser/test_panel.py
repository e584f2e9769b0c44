"""A card opens as a panel beside the board, with an address of its own."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from clients.models import User
from projects.models import Project, Task
from tests.browser.conftest import Visit
from tests.browser.looks import inspect
from tests.factories import make_task

pytestmark = pytest.mark.django_db(transaction=True)

SignIn = Callable[[Page, User], None]


@pytest.fixture
def roof(house: Project) -> Task:
    make_task(house, "Walls")
    return make_task(house, "Roof", description="Tiles, *not* slate")


def test_escape_and_back_close_it_and_the_card_has_the_focus_again(
    page: Page, sign_in: SignIn, roof: Task, owner: User
) -> None:
    sign_in(page, owner)
    page.goto("/projects/HOUSE/")
    card = page.locator(f"#task-{roof.number}")
    panel = page.locator("#task-aside")
    for close in (lambda: page.keyboard.press("Escape"), page.go_back, page.get_by_label("Close").click):
        card.click()
        expect(panel.get_by_text("slate")).to_be_visible()
        expect(page).to_have_url(re.compile(rf"/projects/HOUSE/tasks/{roof.number}/$"))
        expect(panel).to_be_focused()
        close()
        expect(panel).to_be_hidden()
        expect(page).to_have_url(re.compile(r"/projects/HOUSE/$"))
        expect(card).to_be_focused()


def test_its_address_is_the_page_of_the_task_and_forward_opens_it_again(
    page: Page, sign_in: SignIn, roof: Task, owner: User
) -> None:
    sign_in(page, owner)
    page.goto("/projects/HOUSE/")
    page.locator(f"#task-{roof.number}").click()
    expect(page.locator("#task-aside").get_by_text("slate")).to_be_visible()
    page.go_back()
    expect(page.locator("#task-aside")).to_be_hidden()
    page.go_forward()
    expect(page.locator("#task-aside").get_by_text("slate")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Roof", level=1)).to_be_visible()
    expect(page.locator("#board")).to_have_count(0)


def test_another_card_takes_its_place_and_one_step_back_leads_to_the_board(
    page: Page, sign_in: SignIn, roof: Task, owner: User
) -> None:
    sign_in(page, owner)
    page.goto("/projects/HOUSE/")
    page.locator(f"#task-{roof.number}").click()
    expect(page.locator("#task-panel").get_by_text("slate")).to_be_visible()
    page.locator(".cx-card", has_text="Walls").click()
    expect(page.locator("#task-panel").get_by_role("heading", name="Walls")).to_be_visible()
    page.go_back()
    expect(page.locator("#task-aside")).to_be_hidden()
    expect(page).to_have_url(re.compile(r"/projects/HOUSE/$"))


def test_what_was_changed_in_it_shows_on_the_board_when_it_closes(
    page: Page, sign_in: SignIn, roof: Task, specialist: User
) -> None:
    sign_in(page, specialist)
    page.goto("/projects/HOUSE/")
    page.locator(f"#task-{roof.number}").click()
    panel = page.locator("#task-panel")
    menu = panel.get_by_label("More to do with this task")
    menu.click()
    page.keyboard.press("Escape")
    expect(panel.get_by_role("button", name="Wait for the client")).to_be_hidden()
    expect(panel).to_be_visible()
    menu.click()
    panel.get_by_role("textbox").first.fill("Which tiles?")
    panel.get_by_role("button", name="Wait for the client").click()
    expect(panel.get_by_role("button", name="They did it")).to_be_visible()
    page.keyboard.press("Escape")
    waiting = page.locator(".cx-col-waiting")
    expect(waiting.get_by_text("Which tiles?")).to_be_visible()
    expect(page.locator(f"#task-{roof.number}")).to_be_focused()


def test_escape_puts_a_lifted_card_back_and_leaves_the_panel_open(
    page: Page, sign_in: SignIn, roof: Task, specialist: User
) -> None:
    sign_in(page, specialist)
    page.goto("/projects/HOUSE/")
    page.locator(f"#task-{roof.number}").click()
    expect(page.locator("#task-panel").get_by_text("slate")).to_be_visible()
    walls = page.locator(".cx-card", has_text="Walls")
    walls.press("Space")
    walls.press("ArrowDown")
    walls.press("Escape")
    expect(page.locator(".cx-col-todo .cx-card-title")).to_have_text(["Walls", "Roof"])
    expect(page.locator("#task-aside")).to_be_visible()


def test_on_a_phone_it_is_the_whole_window(
    visit: Callable[..., Visit], sign_in: SignIn, roof: Task, owner: User
) -> None:
    page = visit(viewport={"width": 375, "height": 700}).page
    sign_in(page, owner)
    page.goto("/projects/HOUSE/")
    page.locator(f"#task-{roof.number}").click()
    panel = page.locator("#task-aside")
    expect(panel.get_by_text("slate")).to_be_visible()
    box = panel.bounding_box()
    assert box is not None
    assert box["width"] == 375
    expect(panel).to_be_focused()
    inspect(page, "panel-phone")
    page.get_by_label("Close").click()
    expect(page.locator(f"#task-{roof.number}")).to_be_focused()

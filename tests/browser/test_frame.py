"""The frame of every page, and the pages that stand in it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from clients.models import User
from tests.browser import urls
from tests.browser.conftest import Visit
from tests.browser.looks import SHOTS, inspect
from tests.factories import PASSWORD
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("language", ["en", "ru"])
def test_pages_of_a_person_are_sound(
    page: Page, sign_in: Callable[[Page, User], None], owner: User, language: str
) -> None:
    owner.language = language
    owner.set_password(PASSWORD)
    owner.save()
    sign_in(page, owner)
    pages = {
        "home": "/",
        "preferences": "/preferences/",
        "password": "/accounts/password/change/",
        "sign-out": "/accounts/logout/",
    }
    for name, path in pages.items():
        page.goto(path)
        inspect(page, f"{name}-{language}")
    page.goto("/preferences/")
    page.locator(".cx-menu summary").click()
    inspect(page, f"menu-{language}")


@pytest.mark.urls("tests.browser.urls")
def test_the_parts_of_the_design_are_sound(
    page: Page, sign_in: Callable[[Page, User], None], world: World
) -> None:
    sign_in(page, world.people["manager"])
    page.goto("/parts/")
    inspect(page, "parts")
    page.emulate_media(media="print", color_scheme="dark")
    assert page.locator(".cx-internal .cx-badge-internal").first.is_visible()
    assert not page.locator(".cx-top").is_visible()
    paper = page.evaluate("getComputedStyle(document.documentElement).colorScheme")
    assert paper == "light"
    page.screenshot(path=SHOTS / "parts-print.png", full_page=True, caret="initial")


@pytest.fixture
def parts(page: Page, sign_in: Callable[[Page, User], None], owner: User) -> Page:
    urls.posted.clear()
    sign_in(page, owner)
    page.goto("/parts/")
    return page


@pytest.mark.urls("tests.browser.urls")
def test_a_form_that_is_sent_twice_arrives_once(parts: Page) -> None:
    parts.get_by_label("Answer").fill("Yes, we can.")
    parts.get_by_role("button", name="Answer").dblclick()
    parts.locator("[data-forget-draft]").wait_for(state="attached")
    assert urls.posted == ["Yes, we can."]


@pytest.mark.urls("tests.browser.urls")
def test_what_was_typed_is_kept_until_it_is_accepted(parts: Page) -> None:
    parts.get_by_label("Answer").fill("Half a sentence about")
    parts.goto("/preferences/")
    parts.goto("/parts/")
    assert parts.get_by_label("Answer").input_value() == "Half a sentence about"
    parts.get_by_role("button", name="Answer").click()
    parts.locator("[data-forget-draft]").wait_for(state="attached")
    parts.goto("/parts/")
    assert parts.get_by_label("Answer").input_value() == ""


@pytest.mark.urls("tests.browser.urls")
def test_a_toast_is_closed_by_its_button(parts: Page) -> None:
    toasts = parts.locator("[data-toast]")
    assert toasts.count() == 2
    toasts.first.get_by_role("button", name="Close").click()
    assert toasts.count() == 1


def test_the_menu_works_by_keyboard_and_closes_with_escape(
    page: Page, sign_in: Callable[[Page, User], None], owner: User
) -> None:
    sign_in(page, owner)
    page.goto("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    menu = page.locator(".cx-menu")
    menu.locator("summary").focus()
    page.keyboard.press("Enter")
    menu.get_by_role("link", name="Preferences").wait_for()
    page.keyboard.press("Escape")
    assert menu.get_attribute("open") is None
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"


def test_without_javascript_one_changes_the_theme_and_signs_out(
    visit: Callable[..., Visit], sign_in: Callable[[Page, User], None], owner: User
) -> None:
    page = visit(java_script_enabled=False).page
    sign_in(page, owner)
    page.goto("/preferences/")
    page.locator(".cx-menu summary").click()
    page.get_by_role("button", name="Dark").click()
    page.wait_for_url("**/preferences/")
    assert page.locator("html").get_attribute("data-bs-theme") == "dark"
    page.locator(".cx-menu summary").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/accounts/login/")


def test_the_administration_runs_its_scripts_under_its_policy(
    page: Page, sign_in: Callable[[Page, User], None], admin_user: User
) -> None:
    """Anything that was blocked is among the problems the harness fails on."""
    sign_in(page, admin_user)
    for path in ("/admin/", "/admin/clients/user/", "/admin/clients/user/add/"):
        page.goto(path)
        page.locator("#content h1").wait_for()

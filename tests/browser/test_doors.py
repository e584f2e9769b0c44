"""Pages for those who are not signed in, and pages of errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from playwright.sync_api import Page

from clients.models import User
from tests.browser.conftest import Visit
from tests.browser.looks import inspect
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)
LANGUAGES = ["en", "ru"]


@pytest.fixture(params=LANGUAGES)
def door(request: pytest.FixtureRequest, visit: Callable[..., Visit]) -> tuple[Visit, str]:
    """A browser that asks for English or Russian."""
    return visit(locale={"en": "en-GB", "ru": "ru-RU"}[request.param]), request.param


def test_pages_at_the_door_are_sound(door: tuple[Visit, str], owner: User) -> None:
    visitor, language = door
    page = visitor.page
    for name, path in {
        "login": "/accounts/login/?next=/preferences/",
        "reset": "/accounts/password/reset/",
        "reset-done": "/accounts/password/reset/done/",
        "reset-stale": "/accounts/password/reset/key/1-stale-key/",
        "reset-saved": "/accounts/password/reset/key/done/",
        "inactive": "/accounts/inactive/",
    }.items():
        page.goto(path)
        inspect(page, f"{name}-{language}")
    key = f"{user_pk_to_url_str(owner)}-{default_token_generator.make_token(owner)}"
    page.goto(f"/accounts/password/reset/key/{key}/")
    page.get_by_role("textbox").fill("short")
    page.locator("form[data-once] button[type=submit]").click()
    inspect(page, f"reset-key-{language}")
    visitor.forgive("422")


def test_signing_in_leads_to_where_one_wanted(visitor: Visit, page: Page, owner: User) -> None:
    owner.set_password(PASSWORD)
    owner.save()
    page.goto("/preferences/")
    page.get_by_label("Email").fill(owner.email)
    page.get_by_label("Password", exact=True).fill("wrong horse battery")
    page.get_by_role("button", name="Sign in").click()
    inspect(page, "login-wrong-en")
    visitor.forgive("422")
    assert page.get_by_label("Email").input_value() == owner.email
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Show the password").click()
    assert page.get_by_label("Password", exact=True).get_attribute("type") == "text"
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/preferences/")
    assert page.get_by_label("Name").input_value() == owner.name


@pytest.mark.parametrize("language", LANGUAGES)
def test_error_pages_are_sound(
    visitor: Visit,
    sign_in: Callable[[Page, User], None],
    owner: User,
    monkeypatch: pytest.MonkeyPatch,
    language: str,
) -> None:
    owner.language = language
    owner.save()
    page = visitor.page
    sign_in(page, owner)
    page.goto("/nowhere/")
    inspect(page, f"404-{language}")

    page.goto("/preferences/")
    page.evaluate(
        "document.querySelectorAll('[name=csrfmiddlewaretoken]').forEach((field) => field.remove())"
    )
    page.locator("main form button[type=submit]").click()
    page.wait_for_load_state()
    inspect(page, f"csrf-{language}")

    def broken(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr("cxportal.portal.views.home.render", broken)
    page.goto("/")
    inspect(page, f"500-{language}")
    visitor.forgive("Failed to load resource: the server responded with a status of")

"""The frame of every page, and the pages that stand in it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from clients.models import User
from tests.browser.looks import inspect

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("language", ["en", "ru"])
def test_pages_of_a_person_are_sound(
    page: Page, sign_in: Callable[[Page, User], None], owner: User, language: str
) -> None:
    owner.language = language
    owner.save()
    sign_in(page, owner)
    for name, path in {"home": "/", "preferences": "/preferences/"}.items():
        page.goto(path)
        inspect(page, f"{name}-{language}")
    page.locator(".cx-menu summary").click()
    inspect(page, f"menu-{language}")

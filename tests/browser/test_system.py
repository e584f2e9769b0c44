"""The page *System* of the administration, and the page of an error, as people see them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from clients.models import User
from cxportal.notifications.heartbeats import beat
from tests.browser.conftest import Visit
from tests.browser.looks import inspect
from tests.factories import make_user

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("language", ["en", "ru"])
def test_system_is_sound(page: Page, sign_in: Callable[[Page, User], None], language: str) -> None:
    admin = make_user("Ada Admin", email="admin@example.com", staff_role="admin", language=language)
    for name in ("worker:web-1:4711", "worker:web-2:815", "reminders", "mail"):
        beat(name)
    beat("backup", bytes=48_000_000, verified=True)
    beat("weekly boards", error="ValueError")
    sign_in(page, admin)
    page.goto("/admin/system/")
    inspect(page, f"system-{language}")


def test_the_page_of_an_error_is_sound(
    visitor: Visit,
    sign_in: Callable[[Page, User], None],
    owner: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr("cxportal.portal.views.home.client_home", broken)
    sign_in(visitor.page, owner)
    visitor.page.goto("/")
    inspect(visitor.page, "error-500")
    visitor.forgive("500")
    visitor.forgive("404")  # a browser asks for an icon by itself where the page names none

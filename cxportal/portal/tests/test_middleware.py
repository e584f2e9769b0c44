from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.messages import success
from django.http import HttpRequest, HttpResponse
from django.test import Client as Browser

from clients.models import User

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true", "HX-Current-URL": "http://testserver/preferences/?a=b"}


def test_a_lapsed_session_leads_the_whole_page_to_the_login_and_back() -> None:
    response = Browser().get("/", headers=HTMX)
    assert response["HX-Redirect"] == "/accounts/login/?next=%2Fpreferences%2F%3Fa%3Db"


def test_a_page_elsewhere_is_not_led_back_to() -> None:
    response = Browser().get("/", headers={**HTMX, "HX-Current-URL": "https://evil.example/page"})
    assert response["HX-Redirect"] == "/accounts/login/?next=%2F"


@pytest.fixture
def home_with_toast(monkeypatch: pytest.MonkeyPatch) -> None:
    def fragment(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        success(request, "Moved <here>.")
        return HttpResponse("<p>fragment</p>")

    monkeypatch.setattr("cxportal.portal.views.home.render", fragment)


def test_toasts_come_with_a_fragment_once(browser_of: Any, owner: User, home_with_toast: None) -> None:
    browser = browser_of(owner)
    body = browser.get("/", headers=HTMX).content.decode()
    assert body.startswith("<p>fragment</p>")
    assert 'hx-swap-oob="beforeend"' in body
    assert "Moved &lt;here&gt;." in body
    assert "Moved" not in browser.get("/preferences/").content.decode()


def test_toasts_do_not_come_with_a_whole_page_of_that_view(
    browser_of: Any, owner: User, home_with_toast: None
) -> None:
    browser = browser_of(owner)
    assert browser.get("/").content == b"<p>fragment</p>"
    assert "Moved" in browser.get("/preferences/").content.decode()


def test_every_answer_has_the_safety_headers(browser_of: Any, owner: User) -> None:
    for response in (
        browser_of(owner).get("/preferences/"),
        Browser().get("/accounts/login/"),
        Browser().get("/x"),
    ):
        policy = response["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert re.search(r"script-src 'nonce-[^']{20,}'(;|$)", policy)
        assert re.search(r"style-src 'nonce-[^']{20,}'(;|$)", policy)
        assert "unsafe" not in policy
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response["X-Frame-Options"] == "DENY"
        assert response["Referrer-Policy"] == "same-origin"
        assert response["Cross-Origin-Opener-Policy"] == "same-origin"
        assert "camera=()" in response["Permissions-Policy"]


def test_personal_pages_are_kept_by_nobody(browser_of: Any, owner: User) -> None:
    assert browser_of(owner).get("/preferences/")["Cache-Control"] == "private, no-store"


def test_each_answer_has_a_nonce_of_its_own() -> None:
    policies = {Browser().get("/accounts/login/")["Content-Security-Policy"] for _ in range(3)}
    assert len(policies) == 3

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation, TooManyFilesSent
from django.test import Client as Browser
from pytest_django import DjangoAssertNumQueries

from clients.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def broken_home(monkeypatch: pytest.MonkeyPatch) -> Any:
    """`broken_home(error)`: the home page raises that error from now on."""

    def set_error(error: Exception) -> None:
        def broken(*args: Any, **kwargs: Any) -> None:
            raise error

        monkeypatch.setattr("cxportal.portal.views.home.client_home", broken)

    return set_error


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (SuspiciousOperation("x"), 400, "did not arrive"),
        (PermissionDenied("x"), 403, "not open to you"),
        (TooManyFilesSent("x"), 413, "too much at once"),
        (RuntimeError("secret detail"), 500, "broke on our side"),
    ],
)
def test_errors_say_what_to_do_and_tell_no_details(
    browser_of: Any, owner: User, broken_home: Any, error: Exception, status: int, words: str
) -> None:
    broken_home(error)
    browser = browser_of(owner)
    browser.raise_request_exception = False
    response = browser.get("/")
    assert response.status_code == status
    assert words in response.content.decode()
    assert b"secret detail" not in response.content


def test_a_form_that_is_too_large_is_told_so(browser_of: Any, owner: User) -> None:
    response = browser_of(owner).post("/preferences/", {"name": "x" * 3_000_000})
    assert response.status_code == 413


def test_nothing_here_is_the_same_page_for_everybody(browser_of: Any, owner: User) -> None:
    for browser in (browser_of(owner), Browser()):
        response = browser.get("/nowhere/")
        assert response.status_code == 404
        assert "There is nothing here" in response.content.decode()


def test_the_page_of_a_broken_server_asks_the_database_nothing(
    browser_of: Any, owner: User, broken_home: Any, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    broken_home(RuntimeError())
    browser = browser_of(owner)
    browser.raise_request_exception = False
    with django_assert_num_queries(2):  # the session and the person, before it broke
        assert browser.get("/").status_code == 500


def test_a_page_that_was_open_for_too_long_is_told_so(owner: User) -> None:
    browser = Browser(enforce_csrf_checks=True)
    browser.force_login(owner, backend="allauth.account.auth_backends.AuthenticationBackend")
    response = browser.post("/preferences/", {"name": "x"})
    assert response.status_code == 403
    assert "open for too long" in response.content.decode()

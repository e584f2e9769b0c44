from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

import pytest
from django.core.cache import cache
from django.test import Client as Browser
from pytest_django import Settings

from clients.models import User
from cxportal.lib import cache as steady_cache
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db
LOGIN = "/accounts/login/"


@pytest.fixture(autouse=True)
def no_attempts_before(settings: Settings) -> Iterator[None]:
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.MD5PasswordHasher"
    ]  # quick: many passwords here
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def person(owner: User) -> User:
    owner.set_password(PASSWORD)
    owner.save()
    return owner


def sign_in(
    email: str, password: str = PASSWORD, browser: Browser | None = None, next_url: str = ""
) -> Browser:
    browser = browser or Browser()
    browser.response = browser.post(  # type: ignore[attr-defined]
        LOGIN, {"login": email, "password": password, **({"next": next_url} if next_url else {})}
    )
    return browser


def signed_in(browser: Browser) -> bool:
    return browser.get("/preferences/").status_code == 200


def test_a_person_signs_in_whatever_the_case_of_the_address(person: User) -> None:
    assert signed_in(sign_in(person.email.upper()))


def test_someone_locked_out_does_not_sign_in(person: User) -> None:
    person.is_active = False
    person.save()
    browser = sign_in(person.email)
    assert not signed_in(browser)


def test_signing_in_changes_the_session_key(person: User) -> None:
    browser = Browser()
    session = browser.session
    session["before"] = "here"
    session.save()
    before = session.session_key
    sign_in(person.email, browser=browser)
    assert browser.session.session_key != before


def test_wrong_passwords_are_refused_for_a_while_for_that_account(person: User) -> None:
    for _ in range(5):
        sign_in(person.email, "wrong horse battery")
    assert not signed_in(sign_in(person.email))
    assert b"Too many" in sign_in(person.email).response.content  # type: ignore[attr-defined]


def test_too_many_attempts_get_a_page_that_says_so(settings: Settings) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"login": "2/m/ip"}
    answers = [sign_in("nobody@example.com").response for _ in range(3)]  # type: ignore[attr-defined]
    assert [answer.status_code for answer in answers] == [422, 422, 429]
    assert "Too many attempts" in answers[-1].content.decode()
    assert answers[-1]["Retry-After"]


def test_a_known_and_an_unknown_address_get_the_same_answer(person: User) -> None:
    def told(email: str) -> str:
        page = sign_in(email, "wrong horse battery").response.content.decode()  # type: ignore[attr-defined]
        return page.split("<main")[1].split("</main>")[0].replace(email, "ADDRESS").split("csrfmiddleware")[0]

    assert told(person.email) == told("nobody@example.com")


def test_without_redis_one_signs_in_and_attempts_stay_limited(
    person: User, settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "unix:///nowhere/valkey?db=0"}}
    monkeypatch.setattr(steady_cache, "_down_until", 0.0)
    monkeypatch.setattr(steady_cache, "PAUSE", 300.0)
    assert signed_in(sign_in(person.email))
    tried = [record for record in caplog.records if "Redis does not answer" in record.message]
    assert len(tried) == 1  # then it was left alone for a while
    for _ in range(5):
        sign_in(person.email, "wrong horse battery")
    assert not signed_in(sign_in(person.email))
    cache.clear()


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example/", "/\\evil.example", "%2F%2Fevil.example",
                                    "javascript:alert(1)", "///evil.example", "http:evil.example"])  # fmt: skip
def test_next_never_leads_away(person: User, target: str) -> None:
    response = sign_in(person.email, next_url=target).response  # type: ignore[attr-defined]
    assert response.status_code == 302
    lands_on = urljoin(f"http://testserver{LOGIN}", response["Location"].replace("\\", "/"))
    assert urlsplit(lands_on).netloc == "testserver"


@pytest.mark.parametrize("target", ["//evil.example", "/\\evil.example", "https://evil.example/"])
def test_next_never_leads_away_when_signed_in_already(browser_of, person: User, target: str) -> None:
    response = browser_of(person).get(LOGIN, {"next": target})
    assert response["Location"] == "/"


def test_next_leads_to_the_page_one_wanted(person: User) -> None:
    response = sign_in(person.email, next_url="/preferences/?tab=2").response  # type: ignore[attr-defined]
    assert response["Location"] == "/preferences/?tab=2"


def test_a_new_password_ends_all_other_sessions_and_changes_the_key_of_this_one(person: User) -> None:
    here, elsewhere = sign_in(person.email), sign_in(person.email)
    key = here.session.session_key
    new = {"oldpassword": PASSWORD, "password1": "another good long one"}
    assert here.post("/accounts/password/change/", new).status_code == 302
    assert signed_in(here)
    assert here.session.session_key != key
    assert not signed_in(elsewhere)


def test_a_new_password_needs_the_current_one(person: User) -> None:
    browser = sign_in(person.email)
    browser.post("/accounts/password/change/", {"oldpassword": "wrong", "password1": "another good long one"})
    person.refresh_from_db()
    assert person.check_password(PASSWORD)


def test_signing_out_ends_the_session_and_asks_first_when_opened_as_a_link(person: User) -> None:
    browser = sign_in(person.email)
    assert browser.get("/accounts/logout/").status_code == 200
    assert signed_in(browser)
    assert browser.post("/accounts/logout/").status_code == 302
    assert not signed_in(browser)


@pytest.mark.parametrize("path", ["signup/", "email/", "confirm-email/", "reauthenticate/", "login/code/confirm/",
                                  "password/reset/confirm/", "3rdparty/", ""])  # fmt: skip
def test_routes_of_allauth_that_nobody_uses_do_not_exist(person: User, path: str) -> None:
    assert sign_in(person.email).get(f"/accounts/{path}").status_code == 404


def test_passwords_are_never_sent_back(person: User) -> None:
    response = sign_in(person.email, "wrong horse battery").response  # type: ignore[attr-defined]
    assert b"wrong horse battery" not in response.content


def test_pages_at_the_door_are_not_kept(person: User) -> None:
    assert "no-store" in Browser().get(LOGIN)["Cache-Control"]

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client as Browser
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from clients import tokens
from clients.actions import lock_out, set_password
from clients.models import ApiToken, User
from clients.tokens import MOST, TooManyTokens, make_token, use_token
from clients.ways_in import end_ways_in
from cxportal.notifications.models import Event
from tests.api_support import Program
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db
LOGIN, ME = "/api/v1/login/", "/api/v1/me/"


@pytest.fixture(autouse=True)
def no_attempts_before(settings: Settings) -> Iterator[None]:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def person(owner: User) -> User:
    owner.set_password(PASSWORD)
    owner.save()
    return owner


def log_in(email: str, password: str = PASSWORD, **more: Any) -> Any:
    body = {"email": email, "password": password, **more}
    return Browser().post(LOGIN, body, content_type="application/json")


def test_email_and_password_give_a_token_that_works(person: User) -> None:
    given = log_in(person.email.upper(), name="Report", scope="write", days=7).json()
    me = Browser().get(ME, headers={"Authorization": f"Bearer {given['token']}"}).json()
    assert me["email"] == person.email
    assert me["token"] == {name: given[name] for name in me["token"]}
    assert given["token"].startswith(given["prefix"])


def test_the_secret_is_kept_nowhere(person: User) -> None:
    secret = log_in(person.email).json()["token"]
    row = ApiToken.objects.values().get()
    events = list(Event.objects.values())
    assert secret not in f"{row} {events}"
    assert secret[len(row["prefix"]) :] not in f"{row} {events}"


def test_wrong_unknown_and_locked_out_get_the_same_answer(person: User) -> None:
    locked = User.objects.create_user("locked@example.com", PASSWORD, name="Lena", is_active=False)
    answers = [log_in(person.email, "wrong"), log_in("nobody@example.com"), log_in(locked.email)]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1
    assert {answer["WWW-Authenticate"] for answer in answers} == {'Bearer realm="api"'}


@pytest.mark.parametrize("who", ["known", "unknown", "locked out"])
def test_every_attempt_costs_one_password_hash(
    who: str, person: User, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.contrib.auth.hashers import MD5PasswordHasher

    if who == "locked out":
        User.objects.filter(pk=person.pk).update(is_active=False)
    made = []
    encode = MD5PasswordHasher.encode

    def counted(self: Any, password: str, salt: str) -> str:
        made.append(password)
        return encode(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", counted)
    log_in("nobody@example.com" if who == "unknown" else person.email, "wrong horse")
    assert made == ["wrong horse"]


def test_attempts_count_together_with_those_on_the_page(person: User) -> None:
    for _ in range(3):
        log_in(person.email, "wrong")
    for _ in range(2):
        Browser().post("/accounts/login/", {"login": person.email, "password": "wrong"})
    answer = log_in(person.email)
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0


def test_too_many_attempts_from_one_address_are_stopped_whoever_is_tried(settings: Settings) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"login": "2/m/ip"}
    assert [log_in(f"nobody{n}@example.com").status_code for n in range(3)] == [401, 401, 429]


def test_logging_out_revokes_this_token_and_no_other(person: User) -> None:
    this, other = Program(person, scope="read"), Program(person)
    assert this.send("/api/v1/logout/").status_code == 204
    assert this.get(ME).status_code == 401
    assert other.get(ME).status_code == 200


def test_a_token_ends_when_it_expires(person: User) -> None:
    now = timezone.now()
    _token, secret = make_token(user=person, name="Old", scope="read", days=7, now=now)
    assert use_token(secret, now=now + dt.timedelta(days=7, seconds=-1))
    assert use_token(secret, now=now + dt.timedelta(days=7)) is None


@pytest.mark.parametrize("how", ["action", "admin or command line", "locked out", "signed out everywhere"])
def test_all_tokens_end_with_the_password_and_the_sessions(how: str, person: User, admin_user: User) -> None:
    program = Program(person)
    assert program.get(ME).status_code == 200
    match how:
        case "action":
            set_password(user=person, password="another good long one")
            assert not person.api_tokens.exists()
        case "admin or command line":  # which knows nothing of tokens
            person.set_password("another good long one")
            person.save()
        case "locked out":
            lock_out(user=person, by=admin_user)
        case "signed out everywhere":
            end_ways_in(person)
    assert program.get(ME).status_code == 401


def test_someone_switched_off_gets_nothing(person: User) -> None:
    program = Program(person)
    User.objects.filter(pk=person.pk).update(is_active=False)
    assert program.get(ME).status_code == 401


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer cxp_",
        "Bearer x",
        "Basic abc",
        "cxp_abc",
        "Bearer " + "x" * 9000,
        "Bearer \xff\xfe",
        "Bearer a b",
    ],
)
def test_what_is_no_token_is_refused(header: str) -> None:
    answer = Browser().get(ME, headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"


def test_a_wrong_token_is_refused_even_in_a_session(browser_of: Any, person: User) -> None:
    assert browser_of(person).get(ME, headers={"Authorization": "Bearer cxp_wrong"}).status_code == 401


def test_a_token_that_may_only_read_changes_nothing(person: User) -> None:
    assert Program(person, scope="read").send("/api/v1/threads/").status_code == 403
    assert Program(person, scope="read").get("/api/v1/threads/").status_code == 200


def test_a_token_opens_no_page(person: User) -> None:
    assert Program(person).get("/preferences/").status_code == 302


def test_the_last_use_is_noted_at_most_once_a_minute(
    person: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    now = timezone.now()
    token, secret = make_token(user=person, name="Script", scope="read", days=7, now=now)
    with django_assert_num_queries(2):
        use_token(secret, now=now)
    with django_assert_num_queries(1):
        use_token(secret, now=now + dt.timedelta(seconds=59))
    use_token(secret, now=now + dt.timedelta(seconds=61))
    token.refresh_from_db()
    assert token.last_used_at == now + dt.timedelta(seconds=61)


def test_nobody_heaps_up_tokens_but_expired_ones_make_room(
    person: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "MOST", 2)
    assert MOST > 10
    now = timezone.now()
    for _ in range(2):
        make_token(user=person, name="Script", scope="read", days=7, now=now)
    with pytest.raises(TooManyTokens):
        make_token(user=person, name="Script", scope="read", days=7, now=now)
    assert log_in(person.email).status_code == 409
    make_token(user=person, name="Script", scope="read", days=7, now=now + dt.timedelta(days=8))
    assert person.api_tokens.count() == 1


def test_a_session_needs_the_csrf_token_to_change_something(person: User) -> None:
    browser = Browser(enforce_csrf_checks=True)
    browser.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert browser.get(ME).status_code == 200
    answer = browser.post("/api/v1/logout/", {}, content_type="application/json")
    assert (answer.status_code, answer["Content-Type"]) == (403, "application/problem+json")
    assert browser.get(ME).status_code == 200


def test_login_takes_no_role_and_no_other_person(person: User, manager: User) -> None:
    given = log_in(person.email, role="admin", is_staff=True, user=manager.pk, prefix="cxp_mine", digest="x")
    token = ApiToken.objects.get()
    assert (token.user, token.digest == "x", token.prefix) == (person, False, given.json()["prefix"])
    person.refresh_from_db()
    assert person.staff_role == ""


# --- The page -------------------------------------------------------------------------------------


def make_on_page(browser: Browser, **data: str) -> Any:
    return browser.post("/preferences/tokens/", {"name": "Report", "scope": "read", "days": "30", **data})


def test_the_page_shows_a_new_token_once(browser_of: Any, person: User) -> None:
    browser = browser_of(person)
    page = make_on_page(browser).content.decode()
    secret = page.split('class="cx-token">')[1].split("<")[0]
    assert Browser().get(ME, headers={"Authorization": f"Bearer {secret}"}).status_code == 200
    again = browser.get("/preferences/tokens/")
    assert secret not in again.content.decode()
    assert secret[:10] in again.content.decode()
    assert "no-store" in again["Cache-Control"]


def test_revoking_on_the_page_ends_the_token(browser_of: Any, person: User) -> None:
    program = Program(person)
    browser_of(person).post(f"/preferences/tokens/{program.token.pk}/revoke/")
    assert program.get(ME).status_code == 401


@pytest.mark.parametrize("wrong", [{"name": ""}, {"scope": "admin"}, {"days": "9999"}, {"name": "x" * 81}])
def test_what_is_wrong_on_the_page_makes_no_token(
    browser_of: Any, person: User, wrong: dict[str, str]
) -> None:
    assert make_on_page(browser_of(person), **wrong).status_code == 422
    assert not ApiToken.objects.exists()


def test_the_page_costs_the_same_for_many_tokens(
    browser_of: Any, person: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    browser = browser_of(person)
    for _ in range(2):
        for _ in range(5):
            make_token(user=person, name="Script", scope="read", days=7)
        with django_assert_num_queries(3):
            browser.get("/preferences/tokens/")

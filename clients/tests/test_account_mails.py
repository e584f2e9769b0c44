from __future__ import annotations

import logging
import re

import pytest
from django.contrib.auth import hashers
from django.core import serializers
from django.core.cache import cache
from django.test import Client as Browser
from pytest_django import DjangoAssertNumQueries, Settings

from clients.actions import request_password_reset, set_password
from clients.models import User
from cxportal.notifications.models import MailAttempt, OutgoingMail
from cxportal.notifications.sending import send_due
from tests.factories import PASSWORD
from tests.smtp import SmtpServer

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nobody_asked_before() -> None:
    cache.clear()  # holds how often an address asked


def ask_for_reset(email: str, **headers: str) -> None:
    response = Browser().post("/accounts/password/reset/", {"email": email}, headers=headers)
    assert response.status_code == 302
    assert response["Location"] == "/accounts/password/reset/done/"


def link_in(text: str) -> str:
    found = re.search(r"https?://\S+/accounts/password/reset/key/\S+", text)
    assert found
    return found[0]


def test_a_reset_mail_brings_a_link_that_sets_a_password_once(owner: User, smtp: SmtpServer) -> None:
    ask_for_reset(owner.email)
    assert send_due() == 1
    path = link_in(smtp.texts()[0]).removeprefix("http://localhost:8000")
    browser = Browser()
    form = browser.get(path, follow=True)
    answer = browser.post(form.request["PATH_INFO"], {"password1": PASSWORD, "password2": PASSWORD})
    assert answer.status_code == 302
    owner.refresh_from_db()
    assert owner.check_password(PASSWORD)
    second = Browser().get(path, follow=True)
    assert "password1" not in second.content.decode()


def test_nothing_is_sent_inside_the_request(owner: User, smtp: SmtpServer) -> None:
    ask_for_reset(owner.email)
    assert smtp.connections == 0


def test_an_unknown_address_gets_nothing_and_the_row_says_why(smtp: SmtpServer) -> None:
    ask_for_reset("nobody@example.com")
    assert send_due() == 0
    assert smtp.connections == 0
    assert OutgoingMail.objects.get().state == "suppressed"


def test_a_person_who_may_not_sign_in_gets_no_link(owner: User, smtp: SmtpServer) -> None:
    ask_for_reset(owner.email)
    User.objects.update(is_active=False)
    assert send_due() == 0


def test_known_and_unknown_addresses_go_the_same_way(
    owner: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    told = []
    for email in (owner.email, "nobody@example.com"):
        with CaptureQueriesContext(connection) as queries:
            ask_for_reset(email)
        told.append([re.sub(r"'[^']*'|_x\d+", "?", query["sql"]) for query in queries])
    assert told[0] == told[1]
    rows = OutgoingMail.objects.order_by("pk")
    assert [(row.kind, row.recipient_id, row.data) for row in rows] == [
        ("account.password_reset", None, {})
    ] * 2


@pytest.mark.parametrize("who", ["known", "unknown", "locked out", "without a password"])
def test_signing_in_with_a_wrong_password_costs_one_hash(
    who: str, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    if who != "without a password":
        owner.set_password(PASSWORD)
    owner.is_active = who != "locked out"
    owner.save()
    hashed: list[str] = []
    argon2 = hashers.Argon2PasswordHasher
    encode, verify = argon2.encode, argon2.verify

    def counted_encode(self: hashers.Argon2PasswordHasher, password: str, salt: str) -> str:
        hashed.append(password)
        return encode(self, password, salt)

    def counted_verify(self: hashers.Argon2PasswordHasher, password: str, encoded: str) -> bool:
        hashed.append(password)
        return verify(self, password, encoded)

    monkeypatch.setattr(argon2, "encode", counted_encode)
    monkeypatch.setattr(argon2, "verify", counted_verify)
    email = "nobody@example.com" if who == "unknown" else owner.email
    answer = Browser().post("/accounts/login/", {"login": email, "password": "wrong wrong wrong"})
    assert answer.status_code == 422
    assert len(hashed) == 1


def test_the_secret_is_kept_nowhere(owner: User, smtp: SmtpServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    request_password_reset(email=owner.email, language="en")
    assert send_due() == 1
    secret = link_in(smtp.texts()[0]).rstrip("/").split("-")[-1]
    rows = serializers.serialize("json", [*OutgoingMail.objects.all(), *MailAttempt.objects.all()])
    assert secret not in rows
    mine = [record.getMessage() for record in caplog.records if not record.name.startswith("mail.log")]
    assert secret not in "\n".join(mine)
    mail = OutgoingMail.objects.get()
    assert (mail.subject, mail.text, mail.html, mail.headers) == ("", "", "", {})


def test_a_secret_mail_that_cannot_be_written_tells_no_secret(
    owner: User, smtp: SmtpServer, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "".join(["s3", "cr3t"])  # the log shows lines of code, and this one is none of the portal's

    def fail(*args: object, **kwargs: object) -> str:
        raise LookupError(f"no page for the token {secret}")

    monkeypatch.setattr("clients.mails.reverse", fail)
    request_password_reset(email=owner.email, language="en")
    send_due()
    mail = OutgoingMail.objects.get()
    assert (mail.state, mail.reason) == ("failed", "LookupError")
    assert secret not in caplog.text
    assert "_render_password_reset" in caplog.text


@pytest.mark.parametrize("header", ["Host", "X-Forwarded-Host", "Origin", "X_Forwarded_Host"])
def test_links_come_from_the_settings_and_from_no_header(
    owner: User, smtp: SmtpServer, settings: Settings, header: str
) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    settings.BASE_URL = "https://portal.example.com"
    ask_for_reset(owner.email, **{header: "evil.example"})
    send_due()
    assert link_in(smtp.texts()[0]).startswith("https://portal.example.com/accounts/")
    assert "evil" not in smtp.accepted[0][1].as_string()


def test_whoever_gets_a_new_password_is_told(owner: User, smtp: SmtpServer) -> None:
    owner.language, owner.time_zone = "ru", "Europe/Moscow"
    owner.save()
    set_password(user=owner, password=PASSWORD)
    assert send_due() == 1
    ((recipient, message),) = smtp.accepted
    assert recipient == owner.email
    assert message["Subject"] == "Ваш пароль изменён"
    assert "Europe/Moscow" in smtp.texts()[0]
    assert OutgoingMail.objects.get().text == smtp.texts()[0]


def test_changing_the_password_on_its_page_tells_so_too(owner: User, smtp: SmtpServer) -> None:
    owner.set_password("an older good one")
    owner.save()
    browser = Browser()
    browser.force_login(owner, backend="allauth.account.auth_backends.AuthenticationBackend")
    new = {"oldpassword": "an older good one", "password1": PASSWORD, "password2": PASSWORD}
    assert browser.post("/accounts/password/change/", new).status_code == 302
    assert OutgoingMail.objects.get().kind == "account.password_changed"

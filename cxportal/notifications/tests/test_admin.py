from __future__ import annotations

import pytest
from django.test import Client as Browser
from django.urls import reverse

from clients.actions import request_password_reset
from clients.models import User
from conftest import SignedIn
from cxportal.notifications.heartbeats import beat
from cxportal.notifications.models import Event, OutgoingMail
from cxportal.notifications.sending import send_due
from cxportal.notifications.tests.conftest import Letters
from cxportal.notifications.tests.test_sending import in_days, outcomes, state_of
from tests.smtp import SmtpServer

pytestmark = pytest.mark.django_db

LIST = "/admin/notifications/outgoingmail/"


@pytest.fixture
def browser(admin_user: User, browser_of: type[SignedIn]) -> Browser:
    return browser_of(admin_user)


def text_of(browser: Browser, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def act(browser: Browser, action: str, *mails: OutgoingMail) -> str:
    data = {"action": action, "_selected_action": [mail.pk for mail in mails]}
    return browser.post(LIST, data, follow=True).content.decode()


def test_the_list_finds_a_mail_by_address_key_and_message_id(browser: Browser, letters: Letters) -> None:
    anna, boris = letters.queue("anna"), letters.queue("boris")
    for words in ("anna@example.com", anna.dedupe_key, anna.message_id):
        page = text_of(browser, f"{LIST}?q={words}")
        assert anna.to in page
        assert boris.to not in page


def test_the_list_costs_the_same_for_more_mails(
    browser: Browser, letters: Letters, django_assert_num_queries: object
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    numbers = []
    for name in ("a", "b"):
        letters.queue(*[f"{name}{number}" for number in range(5)])
        with CaptureQueriesContext(connection) as queries:
            text_of(browser, LIST)
        numbers.append(len(queries))
    assert numbers[0] == numbers[1]


def test_the_list_says_how_old_the_oldest_unsent_mail_is(browser: Browser, letters: Letters) -> None:
    assert "No mail that should have left is waiting." in text_of(browser, LIST)
    letters.queue("anna", due_at=in_days(-2))
    letters.queue("boris", due_at=in_days(2))
    page = text_of(browser, LIST)
    assert "waiting for 2\xa0days" in page
    assert "waiting: 2" in page


def test_a_mail_is_shown_with_all_there_is_to_know(
    browser: Browser, letters: Letters, smtp: SmtpServer
) -> None:
    smtp.rcpt["anna@example.com"] = "450 come back later"
    mail = letters.queue("anna")
    send_due()
    smtp.rcpt.clear()
    send_due(in_days(1))
    page = text_of(browser, f"{LIST}{mail.pk}/change/")
    assert "450 come back later" in page
    assert "250 accepted" in page
    assert "Good news" in page
    assert "Auto-Submitted: auto-generated" in page
    assert f'src="{LIST}{mail.pk}/html/"' in page
    assert 'name="_save"' not in page


def test_a_mail_that_waits_is_shown_as_it_would_be(browser: Browser, letters: Letters) -> None:
    mail = letters.queue("anna")
    assert "Good news" in text_of(browser, f"{LIST}{mail.pk}/change/")
    assert text_of(browser, f"{LIST}{mail.pk}/html/") == "<p>Good news</p>"


def test_a_mail_that_cannot_be_written_is_shown_all_the_same(browser: Browser, letters: Letters) -> None:
    letters.broken.add("anna@example.com")
    mail = letters.queue("anna")
    assert "There is no text" in text_of(browser, f"{LIST}{mail.pk}/change/")


def test_the_html_of_a_mail_runs_and_loads_nothing(
    browser: Browser, letters: Letters, smtp: SmtpServer
) -> None:
    letters.says = "<script>alert(1)</script>"
    mail = letters.queue("anna")
    send_due()
    answer = browser.get(f"{LIST}{mail.pk}/html/")
    assert answer["Content-Security-Policy"].startswith("default-src 'none'")
    assert "sandbox" in answer["Content-Security-Policy"]
    assert answer["X-Frame-Options"] == "SAMEORIGIN"
    page = browser.get(f"{LIST}{mail.pk}/change/")
    assert "<iframe" in page.content.decode()
    assert " sandbox " in page.content.decode()
    assert "<script>alert(1)" not in page.content.decode()
    assert "frame-src 'self'" in page["Content-Security-Policy"]


def test_a_mail_with_a_secret_says_so_and_shows_nothing(
    browser: Browser, owner: User, smtp: SmtpServer
) -> None:
    request_password_reset(email=owner.email, language="en")
    send_due()
    mail = OutgoingMail.objects.get()
    page = text_of(browser, f"{LIST}{mail.pk}/change/")
    assert "carries a secret" in page
    assert "/accounts/password/reset/key/" not in page
    assert browser.get(f"{LIST}{mail.pk}/html/").status_code == 404


def test_a_failed_mail_is_sent_again_with_its_message_id(
    browser: Browser, admin_user: User, letters: Letters, smtp: SmtpServer
) -> None:
    smtp.rcpt["anna@example.com"] = "550 no such person"
    mail = letters.queue("anna")
    send_due()
    smtp.rcpt.clear()
    assert "1 mail will be sent again." in act(browser, "send_again", mail)
    assert send_due() == 1
    assert smtp.message_ids() == [mail.message_id]
    assert outcomes(mail) == ["permanent", "sent"]
    event = Event.objects.get(kind="mail.sent_again")
    assert (event.actor, event.data["mail"], event.is_internal) == (admin_user, mail.pk, True)


def test_sending_again_asks_once_more_whether_it_may(
    browser: Browser, letters: Letters, smtp: SmtpServer
) -> None:
    letters.refused["anna@example.com"] = "left the company"
    mail = letters.queue("anna")
    send_due()
    act(browser, "send_again", mail)
    assert send_due() == 0
    assert state_of(mail) == "suppressed"


def test_a_sent_mail_is_not_sent_again(browser: Browser, letters: Letters, smtp: SmtpServer) -> None:
    mail = letters.queue("anna")
    send_due()
    assert "Only mail that failed or was not sent can be." in act(browser, "send_again", mail)
    assert send_due() == 0


def test_a_waiting_mail_is_stopped(browser: Browser, letters: Letters, smtp: SmtpServer) -> None:
    mail = letters.queue("anna")
    assert "1 mail stopped." in act(browser, "stop", mail)
    assert send_due() == 0
    assert state_of(mail) == "suppressed"
    assert "stopped by an administrator" in text_of(browser, f"{LIST}{mail.pk}/change/")
    assert Event.objects.filter(kind="mail.stopped").exists()


def test_nothing_is_added_changed_or_deleted_by_hand(browser: Browser, letters: Letters) -> None:
    mail = letters.queue("anna")
    for path in ("add/", f"{mail.pk}/delete/"):
        assert browser.get(f"{LIST}{path}").status_code == 403
    assert browser.post(f"{LIST}{mail.pk}/change/", {"to": "evil@example.com"}).status_code == 403
    mail.refresh_from_db()
    assert mail.to == "anna@example.com"


def test_only_administrators_see_mails(
    letters: Letters, manager: User, owner: User, browser_of: type[SignedIn]
) -> None:
    mail = letters.queue("anna")
    for user in (manager, owner):
        for path in (LIST, f"{LIST}{mail.pk}/change/", f"{LIST}{mail.pk}/html/"):
            assert browser_of(user).get(path).status_code in {302, 403}


def test_events_and_signs_of_life_are_shown(browser: Browser, letters: Letters) -> None:
    beat("tick", done=["mail"])
    act(browser, "stop", letters.queue("anna"))
    assert "tick" in text_of(browser, reverse("admin:notifications_heartbeat_changelist"))
    assert "mail.stopped" in text_of(browser, reverse("admin:notifications_event_changelist"))
    event = Event.objects.get(kind="mail.stopped")
    assert browser.get(reverse("admin:notifications_event_change", args=[event.pk])).status_code == 200

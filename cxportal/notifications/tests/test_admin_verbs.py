"""One mail sent again, copied or stopped by an administrator, with a word why."""

from __future__ import annotations

import uuid

import pytest
from django.test import Client as Browser

from clients.actions import request_password_reset
from clients.models import User
from conftest import SignedIn
from cxportal.lib.errors import ActionRefused
from cxportal.notifications import actions
from cxportal.notifications.models import AuditEntry, Event, OutgoingMail
from cxportal.notifications.sending import send_due
from cxportal.notifications.tests.conftest import Letters
from cxportal.notifications.tests.test_sending import state_of
from tests.smtp import SmtpServer

pytestmark = pytest.mark.django_db
KEY = uuid.UUID(int=7)


@pytest.fixture
def browser(admin_user: User, browser_of: type[SignedIn]) -> Browser:
    return browser_of(admin_user)


def path(mail: OutgoingMail, verb: str) -> str:
    return f"/admin/notifications/outgoingmail/{mail.pk}/{verb}/do/"


def do(browser: Browser, mail: OutgoingMail, verb: str, **data: object) -> str:
    data = {"reason": "They ask for it", "key": KEY} | data
    return browser.post(path(mail, verb), data, follow=True).content.decode()


def page_of(browser: Browser, mail: OutgoingMail) -> str:
    return browser.get(f"/admin/notifications/outgoingmail/{mail.pk}/change/").content.decode()


def test_a_copy_is_a_mail_of_its_own(
    browser: Browser, admin_user: User, letters: Letters, smtp: SmtpServer
) -> None:
    mail = letters.queue("anna")
    send_due()
    assert "A copy is on its way." in do(browser, mail, "copy")
    copy = OutgoingMail.objects.exclude(pk=mail.pk).get()
    assert (copy.kind, copy.to, copy.data) == (mail.kind, mail.to, mail.data)
    assert send_due() == 1
    assert smtp.message_ids() == [mail.message_id, copy.message_id]
    assert mail.message_id != copy.message_id
    entry = AuditEntry.objects.get(what="mail.copied")
    assert (entry.actor, entry.reason, entry.data) == (
        admin_user,
        "They ask for it",
        {"mail": mail.pk, "copy": copy.pk},
    )
    assert Event.objects.get(kind="mail.copied").data["copy"] == copy.pk


def test_the_same_form_twice_makes_one_copy(browser: Browser, letters: Letters, smtp: SmtpServer) -> None:
    mail = letters.queue("anna")
    send_due()
    do(browser, mail, "copy")
    assert "This copy was queued already." in do(browser, mail, "copy")
    assert OutgoingMail.objects.count() == 2
    do(browser, mail, "copy", key=uuid.uuid4())
    assert OutgoingMail.objects.count() == 3
    assert AuditEntry.objects.filter(what="mail.copied").count() == 2


def test_a_copy_goes_only_to_who_may_still_get_it(
    browser: Browser, letters: Letters, smtp: SmtpServer
) -> None:
    mail = letters.queue("anna")
    send_due()
    letters.refused["anna@example.com"] = "left the company"
    do(browser, mail, "copy")
    assert send_due() == 0
    assert state_of(OutgoingMail.objects.latest("pk")) == "suppressed"


def test_a_secret_is_never_copied(browser: Browser, admin_user: User, owner: User, smtp: SmtpServer) -> None:
    request_password_reset(email=owner.email, language="en")
    send_due()
    mail = OutgoingMail.objects.get()
    assert "Send a copy" not in page_of(browser, mail)
    assert "carries a secret and is never sent twice" in do(browser, mail, "copy")
    with pytest.raises(ActionRefused):
        actions.send_copy(mail=mail, by=admin_user, key=KEY)
    assert OutgoingMail.objects.count() == 1


def test_only_what_was_sent_is_copied(browser: Browser, letters: Letters) -> None:
    assert "Only a mail that was sent can be copied." in do(browser, letters.queue("anna"), "copy")
    assert OutgoingMail.objects.count() == 1


def test_each_state_offers_what_can_be_done(browser: Browser, letters: Letters, smtp: SmtpServer) -> None:
    smtp.rcpt["boris@example.com"] = "550 no such person"
    anna, boris = letters.queue("anna"), letters.queue("boris")
    assert path(anna, "stop") in page_of(browser, anna)
    send_due()
    assert path(anna, "copy") in page_of(browser, anna)
    assert path(boris, "again") in page_of(browser, boris)
    assert path(boris, "copy") not in page_of(browser, boris)


def test_again_and_stop_want_a_reason_and_are_audited(
    browser: Browser, letters: Letters, smtp: SmtpServer
) -> None:
    smtp.rcpt["anna@example.com"] = "550 no such person"
    mail = letters.queue("anna")
    send_due()
    smtp.rcpt.clear()
    assert "Please say why." in do(browser, mail, "again", reason="")
    assert state_of(mail) == "failed"
    assert "will be sent again" in do(browser, mail, "again", reason="Address mended")
    assert "was stopped" in do(browser, mail, "stop", reason="Wrong after all")
    assert "nothing was changed" in do(browser, mail, "stop")
    assert send_due() == 0
    audit = AuditEntry.objects.order_by("pk").values_list("what", "reason")
    assert list(audit) == [("mail.sent_again", "Address mended"), ("mail.stopped", "Wrong after all")]


def test_only_administrators_get_there(
    letters: Letters, manager: User, owner: User, browser_of: type[SignedIn]
) -> None:
    mail = letters.queue("anna")
    for person in (manager, owner):
        assert browser_of(person).get(path(mail, "stop")).status_code in {302, 403}
        assert browser_of(person).post(path(mail, "stop"), {"reason": "x"}).status_code in {302, 403}
    assert state_of(mail) == "queued"


def test_what_is_not_there_is_not_found(browser: Browser, letters: Letters) -> None:
    mail = letters.queue("anna")
    assert browser.get(path(mail, "burn")).status_code == 404
    mail.pk = 999
    assert browser.get(path(mail, "stop")).status_code == 404

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.db import transaction
from pytest_django import Settings

from clients.models import User
from cxportal.notifications.mail import Draft, MailKind, Rendered, message_id_for, queue, queue_all
from cxportal.notifications.models import OutgoingMail

KIND = MailKind("test.queue", render=lambda mail: Rendered("Subject", "Text"), why_not=lambda mail: "")


def test_a_mail_is_queued_with_what_renders_it(owner: User) -> None:
    with transaction.atomic():
        mail = queue(KIND, key="a", to=owner.email, recipient=owner, thread=7)
    assert mail is not None
    assert (mail.state, mail.to, mail.language, mail.data) == ("queued", owner.email, "en", {"thread": 7})
    assert mail.due_at <= mail.created_at


def test_the_same_key_is_queued_once(db: None) -> None:
    first = queue(KIND, key="a", to="a@example.com", n=1)
    assert queue(KIND, key="a", to="a@example.com", n=2) is None
    assert [mail.data for mail in OutgoingMail.objects.all()] == [first.data]  # type: ignore[union-attr]


def test_queueing_several_gives_back_those_that_are_new(db: None) -> None:
    queue(KIND, key="b", to="b@example.com")
    drafts = [Draft(key=key, to=f"{key}@example.com") for key in ("a", "b", "c", "c")]
    assert [mail.to for mail in queue_all(KIND, drafts)] == ["a@example.com", "c@example.com"]
    assert queue_all(KIND, []) == []


@pytest.mark.parametrize("years", [-1, 1])
def test_at_once_is_the_earlier_of_our_clock_and_the_database_s(db: None, years: int) -> None:
    real = dt.datetime.now(dt.UTC)
    moved = real + dt.timedelta(days=365 * years)
    with time_machine.travel(moved, tick=False):
        mail = queue(KIND, key="a", to="a@example.com")
    assert mail is not None
    assert abs(mail.due_at - min(real, moved)) < dt.timedelta(minutes=1)


@pytest.mark.django_db(transaction=True)
def test_queueing_outside_a_transaction_is_refused() -> None:
    with pytest.raises(transaction.TransactionManagementError):
        queue(KIND, key="a", to="a@example.com")


def test_the_message_id_follows_from_the_key(db: None, settings: Settings) -> None:
    settings.BASE_URL = "https://portal.example.com"
    first = message_id_for("a")
    assert first == message_id_for("a") != message_id_for("b")
    assert first.endswith("@portal.example.com>")

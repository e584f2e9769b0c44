"""Who lost access between queue and send gets nothing: every kind of mail, by the real sender and mail server."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from django.utils import timezone

from clients.actions import address_was_changed, request_password_reset, set_password
from clients.models import Membership, User
from cxportal.lib.slots import Schedule, last_slot
from cxportal.notifications.mail import registered_kinds
from cxportal.notifications.models import MailAttempt, OutgoingMail
from cxportal.notifications.sending import send_due
from cxportal.portal.models import BoardSchedule
from cxportal.portal.weekly.schedules import queue_due_boards
from feedback import actions, ladder
from projects.models import Project
from tests.factories import make_task
from tests.smtp import SmtpServer

pytestmark = pytest.mark.django_db

HOUR = dt.timedelta(hours=1)
Queue = Callable[[Project, User, User, User], User]


def weekly_board(house: Project, owner: User, specialist: User, manager: User) -> User:
    make_task(house, "Roof")
    now = timezone.now()
    schedule = Schedule(now.weekday(), now.hour, "UTC")
    BoardSchedule.objects.filter(user=owner).update(
        weekday=schedule.weekday, hour=schedule.hour, time_zone="UTC", next_slot_at=last_slot(schedule, now)
    )
    assert queue_due_boards() == 1
    return owner


def question(house: Project, owner: User, specialist: User, manager: User) -> User:
    """News of a client's message, to the specialist it was given to."""
    thread = actions.start_thread(by=owner, client=house.client, project=house, subject="?", body="Where?")
    actions.assign(thread=thread, by=manager, assignee=specialist)
    OutgoingMail.objects.exclude(recipient=specialist).delete()
    return specialist


def reminder(house: Project, owner: User, specialist: User, manager: User) -> User:
    question(house, owner, specialist, manager)
    OutgoingMail.objects.all().delete()
    ladder.remind_due(timezone.now() + 13 * HOUR)
    return specialist


def answer(house: Project, owner: User, specialist: User, manager: User) -> User:
    thread = actions.start_thread(by=owner, client=house.client, project=house, subject="?", body="Where?")
    OutgoingMail.objects.all().delete()
    actions.post_message(thread=thread, by=manager, body="There.", now=timezone.now() - HOUR)
    return owner


def password_reset(house: Project, owner: User, specialist: User, manager: User) -> User:
    request_password_reset(email=owner.email, language="en")
    return owner


def password_changed(house: Project, owner: User, specialist: User, manager: User) -> User:
    set_password(user=owner, password="a good long one")
    return owner


def address_changed(house: Project, owner: User, specialist: User, manager: User) -> User:
    """To the address the person had until now."""
    old = owner.email
    User.objects.filter(pk=owner.pk).update(email="new@example.com")
    address_was_changed(user=User.objects.get(pk=owner.pk), old=old, by=manager)
    return owner


def lock_out(person: User) -> None:
    User.objects.filter(pk=person.pk).update(is_active=False)


def end_membership(person: User) -> None:
    Membership.objects.filter(user=person).delete()


KINDS: dict[str, Queue] = {
    "account.address_changed": address_changed,
    "account.password_changed": password_changed,
    "account.password_reset": password_reset,
    "reminder": reminder,
    "thread.answer": answer,
    "thread.message": question,
    "weekly_board": weekly_board,
}
# Whoever is no contact any more may still sign in, and still changes their password.
OF_CONTACTS = ("thread.answer", "weekly_board")
# A warning, to whoever reads the old address: also when its owner was locked out.
TO_ANYBODY = {"account.address_changed"}


def test_every_kind_of_mail_is_tried_here() -> None:
    assert sorted(KINDS) == [kind for kind in registered_kinds() if not kind.startswith("test.")]


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_change_it_is_sent(
    kind: str, house: Project, owner: User, specialist: User, manager: User, smtp: SmtpServer
) -> None:
    person = KINDS[kind](house, owner, specialist, manager)
    send_due()
    assert smtp.recipients() == [person.email]


@pytest.mark.parametrize(
    ("kind", "lose"),
    [(kind, lock_out) for kind in KINDS if kind not in TO_ANYBODY]
    + [(kind, end_membership) for kind in OF_CONTACTS],
)
def test_who_lost_access_in_between_gets_nothing(
    kind: str,
    lose: Callable[[User], None],
    house: Project,
    owner: User,
    specialist: User,
    manager: User,
    smtp: SmtpServer,
) -> None:
    person = KINDS[kind](house, owner, specialist, manager)
    mail = OutgoingMail.objects.get(to=person.email, kind=kind)
    lose(person)
    send_due()
    mail.refresh_from_db()
    assert person.email not in smtp.recipients()
    assert mail.state == "suppressed"
    assert mail.reason != ""
    assert [attempt.outcome for attempt in mail.attempts.all()] == [MailAttempt.Outcome.SUPPRESSED]

from __future__ import annotations

import datetime as dt

import pytest
from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.db.models import F
from django.utils import timezone
from pytest_django import Settings

from clients.models import User
from cxportal.notifications import sending
from cxportal.notifications.claims import database_time
from cxportal.notifications.mail import MailKind, Rendered, queue, register
from cxportal.notifications.models import Event, OutgoingMail
from cxportal.notifications.sending import send_due
from cxportal.notifications.tests.conftest import Letters
from tests.smtp import SmtpServer

pytestmark = pytest.mark.django_db


def outcomes(mail: OutgoingMail) -> list[str]:
    return [attempt.outcome for attempt in mail.attempts.all()]


def state_of(mail: OutgoingMail) -> str:
    mail.refresh_from_db()
    return mail.state


def in_days(days: float) -> dt.datetime:
    return database_time() + dt.timedelta(days=days)


def test_a_due_mail_is_sent_and_recorded(letters: Letters, smtp: SmtpServer) -> None:
    mail = letters.queue("anna")
    assert send_due() == 1
    assert smtp.recipients() == ["anna@example.com"]
    assert (state_of(mail), mail.attempt_count, mail.reason) == ("sent", 1, "")
    assert mail.sent_at is not None
    assert mail.lease_until is None
    assert [(a.outcome, a.detail) for a in mail.attempts.all()] == [("sent", "250 accepted")]
    assert send_due() == 0


def test_what_was_sent_is_kept(letters: Letters, smtp: SmtpServer) -> None:
    mail = letters.queue("anna")
    send_due()
    mail.refresh_from_db()
    assert (mail.subject, mail.text, mail.html) == ("News", "Good news\n", "<p>Good news</p>")
    assert mail.headers["Message-ID"] == mail.message_id == smtp.message_ids()[0]


def test_every_mail_says_that_a_machine_sent_it(letters: Letters, smtp: SmtpServer) -> None:
    letters.queue("anna")
    send_due()
    ((_, message),) = smtp.accepted
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Auto-Response-Suppress"] == "All"
    assert message["Date"].datetime.tzinfo is not None
    assert not [name for name in message if name.lower().startswith("list-")]


def test_many_mails_share_one_connection(letters: Letters, smtp: SmtpServer) -> None:
    letters.queue(*[f"person{number}" for number in range(60)])
    assert send_due() == 60
    assert smtp.connections == 1


def test_no_connection_is_made_when_nothing_is_due(letters: Letters, smtp: SmtpServer) -> None:
    letters.queue("anna", due_at=in_days(1))
    assert send_due() == 0
    assert smtp.connections == 0


def test_now_says_what_is_due(letters: Letters, smtp: SmtpServer) -> None:
    letters.queue("anna", due_at=in_days(1))
    assert send_due(in_days(0.9)) == 0
    assert send_due(in_days(1.1)) == 1


def test_the_longest_due_goes_first_and_limit_ends_the_pass(letters: Letters, smtp: SmtpServer) -> None:
    letters.queue("late", due_at=in_days(-1))
    letters.queue("later", due_at=in_days(-3))
    letters.queue("soon")
    assert send_due(limit=2) == 2
    assert smtp.recipients() == ["later@example.com", "late@example.com"]


def test_a_recipient_who_may_not_get_it_any_more_gets_nothing(letters: Letters, smtp: SmtpServer) -> None:
    letters.refused["anna@example.com"] = "left the company"
    mail = letters.queue("anna")
    assert send_due() == 0
    assert smtp.connections == 0
    assert (state_of(mail), mail.reason) == ("suppressed", "left the company")
    assert outcomes(mail) == ["suppressed"]


def test_access_lost_while_the_mail_before_took_long_counts(
    letters: Letters, smtp: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "CHECK_HOLDS_SECONDS", 0)
    letters.queue("anna")
    mail = letters.queue("boris")

    def lose_access(phase: str) -> None:
        if phase == "accepted":
            letters.refused["boris@example.com"] = "left the company"

    smtp.before = lose_access
    assert send_due() == 1
    assert (state_of(mail), mail.reason) == ("suppressed", "left the company")


@pytest.mark.django_db(transaction=True)
def test_a_database_lost_while_the_next_is_written_does_not_lose_what_was_sent(
    letters: Letters, smtp: SmtpServer
) -> None:
    first, second = letters.queue("anna"), letters.queue("boris")

    def cut_off(mail: OutgoingMail) -> Rendered:
        if mail.pk == second.pk and not cut:
            cut.append(mail.pk)
            connection.connection.close()
            OutgoingMail.objects.count()
        return Rendered("News", "text")

    cut: list[int] = []
    OutgoingMail.objects.update(kind="test.cut")
    register(MailKind("test.cut", render=cut_off, why_not=lambda mail: ""))
    with pytest.raises((InterfaceError, OperationalError)):
        send_due()
    connection.close()
    assert (state_of(first), state_of(second)) == ("sent", "claimed")


def test_a_mail_that_cannot_be_written_fails_alone(letters: Letters, smtp: SmtpServer) -> None:
    letters.broken.add("anna@example.com")
    mail = letters.queue("anna")
    letters.queue("boris")
    assert send_due() == 1
    assert (state_of(mail), mail.reason) == ("failed", "LookupError: no template for anna@example.com")
    assert outcomes(mail) == ["broken"]
    assert [event.data["mail"] for event in Event.objects.filter(kind="mail.failed")] == [mail.pk]


@pytest.mark.django_db(transaction=True)
def test_a_mail_that_cannot_be_stored_fails_alone(letters: Letters, smtp: SmtpServer) -> None:
    mail = letters.queue("anna", subject="odd")
    letters.queue("boris")
    OutgoingMail.objects.filter(pk=mail.pk).update(kind="test.odd")
    register(
        MailKind("test.odd", render=lambda mail: Rendered("News", "no\x00text"), why_not=lambda mail: "")
    )
    assert send_due() == 1
    assert state_of(mail) == "failed"
    assert smtp.recipients() == ["boris@example.com"]


def test_one_recipient_s_550_does_not_stop_the_others(letters: Letters, smtp: SmtpServer) -> None:
    smtp.rcpt["anna@example.com"] = "550 no such person"
    mail = letters.queue("anna")
    letters.queue("boris")
    assert send_due() == 1
    assert (state_of(mail), mail.reason) == ("failed", "550 no such person")
    assert outcomes(mail) == ["permanent"]
    assert smtp.connections == 1


def test_a_temporary_refusal_is_tried_again_later(letters: Letters, smtp: SmtpServer) -> None:
    smtp.rcpt["anna@example.com"] = "450 come back later"
    mail = letters.queue("anna")
    assert send_due() == 0
    assert state_of(mail) == "queued"
    assert dt.timedelta(seconds=40) < mail.due_at - database_time() < dt.timedelta(seconds=80)
    assert send_due() == 0
    assert outcomes(mail) == ["temporary"]
    smtp.rcpt.clear()
    assert send_due(in_days(0.1)) == 1
    assert smtp.message_ids() == [mail.message_id]
    assert outcomes(mail) == ["temporary", "sent"]


def test_a_refusal_of_the_text_is_known_not_to_have_arrived(letters: Letters, smtp: SmtpServer) -> None:
    smtp.data.update({"anna@example.com": "451 busy", "boris@example.com": "554 spam"})
    anna, boris, vera = letters.queue("anna"), letters.queue("boris"), letters.queue("vera")
    assert send_due() == 1
    assert [state_of(mail) for mail in (anna, boris, vera)] == ["queued", "failed", "sent"]


def test_a_mail_is_tried_once_a_pass_even_when_now_lies_far_ahead(letters: Letters, smtp: SmtpServer) -> None:
    smtp.rcpt["anna@example.com"] = "450 come back later"
    mail = letters.queue("anna")
    send_due(in_days(30))
    assert outcomes(mail) == ["temporary"]


def test_after_two_days_of_trying_it_is_given_up(letters: Letters, smtp: SmtpServer) -> None:
    smtp.rcpt["anna@example.com"] = "450 come back later"
    mail = letters.queue("anna")
    send_due()
    mail.attempts.update(at=F("at") - dt.timedelta(days=2))
    send_due(in_days(1))
    assert (state_of(mail), mail.reason) == ("failed", "450 come back later")


def test_a_mail_that_waited_for_days_is_still_tried(letters: Letters, smtp: SmtpServer) -> None:
    letters.queue("anna", due_at=in_days(-10))
    assert send_due() == 1


def test_after_its_own_deadline_a_mail_is_not_tried(letters: Letters, smtp: SmtpServer) -> None:
    mail = letters.queue("anna", due_at=in_days(-2), give_up_at=in_days(-1))
    assert send_due() == 0
    assert state_of(mail) == "failed"
    assert smtp.connections == 0


def test_a_server_that_cannot_be_reached_is_asked_once_a_pass(letters: Letters, smtp: SmtpServer) -> None:
    smtp.greeting = "421 no service here today"
    first, second = letters.queue("anna"), letters.queue("boris")
    assert send_due() == 0
    assert smtp.connections == 1
    assert outcomes(first) == ["temporary"]
    assert (state_of(second), second.attempt_count, second.lease_until) == ("queued", 0, None)


def test_a_port_where_nobody_listens(letters: Letters, smtp: SmtpServer, settings: Settings) -> None:
    settings.EMAIL_PORT = 1
    mail = letters.queue("anna")
    assert send_due() == 0
    assert state_of(mail) == "queued"
    assert "refused" in mail.reason


def test_a_refused_sender_is_our_setting_and_fails_no_mail(letters: Letters, smtp: SmtpServer) -> None:
    smtp.mail_from = "550 not from you"
    mail = letters.queue("anna")
    send_due()
    assert state_of(mail) == "queued"
    assert mail.due_at - database_time() > dt.timedelta(minutes=10)


def test_a_connection_lost_before_the_text_costs_one_mail_a_moment(
    letters: Letters, smtp: SmtpServer
) -> None:
    smtp.rcpt["boris@example.com"] = "drop"
    mails = [letters.queue(name) for name in ("anna", "boris", "vera")]
    assert send_due() == 2
    assert [state_of(mail) for mail in mails] == ["sent", "queued", "sent"]
    assert outcomes(mails[1]) == ["temporary"]


@pytest.mark.parametrize("where", ["rcpt", "data"])
def test_a_421_costs_one_mail_a_moment_and_the_others_get_a_new_connection(
    letters: Letters, smtp: SmtpServer, where: str
) -> None:
    getattr(smtp, where)["boris@example.com"] = "421 closing down"
    mails = [letters.queue(name) for name in ("anna", "boris", "vera")]
    assert send_due() == 2
    assert [state_of(mail) for mail in mails] == ["sent", "queued", "sent"]
    assert outcomes(mails[1]) == ["temporary"]
    # Before the text it may only be this connection that was to end: the mail is offered on a new one first.
    assert smtp.connections == {"rcpt": 3, "data": 2}[where]


def test_a_server_that_wants_new_connections_gets_them(letters: Letters, smtp: SmtpServer) -> None:
    smtp.messages_per_connection = 2
    mails = [letters.queue(f"person{number}") for number in range(5)]
    assert send_due() == 5
    assert smtp.connections == 3
    assert [outcomes(mail) for mail in mails] == [["sent"]] * 5


@pytest.mark.parametrize("what", ["drop", "take and drop"])
def test_a_connection_lost_after_the_text_is_uncertain(letters: Letters, smtp: SmtpServer, what: str) -> None:
    smtp.data["anna@example.com"] = what
    mail = letters.queue("anna")
    letters.queue("boris")
    assert send_due() == 1
    assert state_of(mail) == "uncertain"
    assert outcomes(mail) == ["uncertain"]
    assert mail.due_at - database_time() > dt.timedelta(minutes=3)


def test_an_uncertain_mail_is_sent_again_as_it_was(letters: Letters, smtp: SmtpServer) -> None:
    smtp.data["anna@example.com"] = "take and drop"
    mail = letters.queue("anna")
    send_due()
    smtp.data.clear()
    letters.says = "Other news"
    assert send_due(in_days(1)) == 1
    assert state_of(mail) == "sent"
    (first, second) = [message for _, message in smtp.accepted]
    assert first["Message-ID"] == second["Message-ID"]
    assert first["Date"] == second["Date"]
    assert smtp.texts() == ["Good news\n", "Good news\n"]


def test_a_mail_tried_again_says_what_is_true_now(letters: Letters, smtp: SmtpServer) -> None:
    smtp.rcpt["anna@example.com"] = "450 come back later"
    letters.queue("anna")
    send_due()
    smtp.rcpt.clear()
    letters.says = "Other news"
    send_due(in_days(1))
    assert smtp.texts() == ["Other news\n"]


def test_a_server_that_never_answers_holds_a_mail_for_less_than_its_lease(
    letters: Letters, smtp: SmtpServer, settings: Settings
) -> None:
    settings.MAIL_HAND_OVER_SECONDS = 0.3
    smtp.data["anna@example.com"] = "hang"
    mail = letters.queue("anna")
    send_due()
    assert state_of(mail) == "uncertain"


def test_a_server_that_falls_silent_before_the_text_leaves_it_certain(
    letters: Letters, smtp: SmtpServer, settings: Settings
) -> None:
    settings.EMAIL_TIMEOUT = 0.3
    smtp.rcpt["anna@example.com"] = "hang"
    mail = letters.queue("anna")
    send_due()
    assert state_of(mail) == "queued"


def test_a_kind_nobody_knows_waits_for_a_worker_that_does(letters: Letters, smtp: SmtpServer) -> None:
    mail = letters.queue("anna")
    OutgoingMail.objects.update(kind="from.tomorrow")
    assert send_due() == 0
    assert state_of(mail) == "queued"
    assert mail.attempt_count == mail.attempts.count() == 1


@pytest.mark.parametrize(
    "error",
    [
        OperationalError("deadlock detected"),
        # psycopg2 has no more exact name for a connection that ended without a word.
        DatabaseError("server closed the connection unexpectedly"),
    ],
)
def test_trouble_with_the_database_while_checking_is_tried_again(
    letters: Letters, smtp: SmtpServer, error: DatabaseError
) -> None:
    def deadlock(mail: OutgoingMail) -> str:
        raise error

    kind = register(MailKind("test.deadlock", render=lambda mail: Rendered("", ""), why_not=deadlock))
    mail = queue(kind, key="a", to="a@example.com")
    assert mail is not None
    send_due()
    assert state_of(mail) == "queued"
    assert outcomes(mail) == ["temporary"]


def test_a_mail_is_written_in_the_reader_s_language_and_zone(owner: User, smtp: SmtpServer) -> None:
    from django.utils.translation import get_language

    owner.language, owner.time_zone = "ru", "Asia/Vladivostok"
    owner.save()
    kind = register(
        MailKind(
            "test.reader",
            render=lambda mail: Rendered("", f"{get_language()} {timezone.get_current_timezone_name()}\n"),
            why_not=lambda mail: "",
        )
    )
    queue(kind, key="a", to=owner.email, recipient=owner)
    send_due()
    assert smtp.texts() == ["ru Asia/Vladivostok\n"]

"""What becomes of a mail whose worker died, was overtaken, or was told to end; and of two workers at once."""

from __future__ import annotations

import datetime as dt
import os
import signal
import threading
import uuid

import pytest
from django.db import connection, connections
from pytest_django import Settings

from cxportal.notifications.claims import database_time
from cxportal.notifications.models import OutgoingMail
from cxportal.notifications.sending import send_due, sweep_leases
from cxportal.notifications.tests.conftest import Letters
from cxportal.notifications.tests.test_sending import in_days, outcomes, state_of
from tests.smtp import SmtpServer


def left_by_a_dead_worker(*mails: OutgoingMail, state: str, seconds: int = -1) -> None:
    OutgoingMail.objects.filter(pk__in=[mail.pk for mail in mails]).update(
        state=state,
        token=uuid.uuid4(),
        lease_until=database_time() + dt.timedelta(seconds=seconds),
    )


@pytest.mark.django_db
def test_of_the_mails_of_a_dead_worker_the_one_in_hand_lets_the_others_go_first(
    letters: Letters, smtp: SmtpServer
) -> None:
    """It may be what killed the worker, and is not to stand before the others for ever."""
    first, second, third = letters.queue("anna"), letters.queue("boris"), letters.queue("vera")
    left_by_a_dead_worker(first, second, third, state="claimed")
    assert send_due() == 2
    assert [state_of(mail) for mail in (first, second, third)] == ["queued", "sent", "sent"]
    assert [outcomes(mail) for mail in (first, second)] == [["temporary"], ["sent"]]
    assert send_due(in_days(0.1)) == 1
    assert state_of(first) == "sent"
    assert first.attempt_count == first.attempts.count() == 2


@pytest.mark.django_db
def test_while_one_was_being_handed_over_the_others_had_no_part_in_it(
    letters: Letters, smtp: SmtpServer
) -> None:
    first, second = letters.queue("anna"), letters.queue("boris")
    left_by_a_dead_worker(first, second, state="claimed")
    OutgoingMail.objects.filter(pk=first.pk).update(state="handing_over")
    assert send_due() == 1
    assert [state_of(mail) for mail in (first, second)] == ["uncertain", "sent"]


@pytest.mark.django_db
def test_a_slow_server_does_not_make_a_worker_sit_on_mails_of_an_old_lease(
    letters: Letters, smtp: SmtpServer, settings: Settings
) -> None:
    settings.MAIL_LEASE_SECONDS = 0.2
    smtp.delay = 0.15
    letters.queue("anna", "boris")
    assert send_due() == 2
    assert len(set(smtp.message_ids())) == len(smtp.accepted) == 2


@pytest.mark.django_db
def test_a_mail_lost_while_being_handed_over_is_uncertain_and_sent_again_after_a_while(
    letters: Letters, smtp: SmtpServer
) -> None:
    mail = letters.queue("anna")
    left_by_a_dead_worker(mail, state="handing_over")
    assert send_due() == 0
    assert state_of(mail) == "uncertain"
    assert send_due(in_days(0.1)) == 1
    assert smtp.message_ids() == [mail.message_id]
    assert outcomes(mail) == ["uncertain", "sent"]


@pytest.mark.django_db
@pytest.mark.parametrize("state", ["claimed", "handing_over"])
def test_a_lease_that_runs_is_left_alone(letters: Letters, smtp: SmtpServer, state: str) -> None:
    mail = letters.queue("anna")
    left_by_a_dead_worker(mail, state=state, seconds=60)
    assert sweep_leases() == 0
    assert send_due(in_days(1)) == 0
    assert state_of(mail) == state


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_lost_its_claim_hands_nothing_over(letters: Letters, smtp: SmtpServer) -> None:
    mail = letters.queue("anna")

    def another_worker_takes_it(phase: str) -> None:
        if phase == "rcpt":
            OutgoingMail.objects.update(token=uuid.uuid4())
            connection.close()

    smtp.before = another_worker_takes_it
    assert send_due() == 0
    assert smtp.accepted == []
    assert state_of(mail) == "claimed"


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_lost_its_claim_changes_nothing_any_more(letters: Letters, smtp: SmtpServer) -> None:
    mail = letters.queue("anna")

    def another_worker_takes_it(phase: str) -> None:
        if phase == "accepted":
            OutgoingMail.objects.update(token=uuid.uuid4(), state="claimed")
            connection.close()

    smtp.before = another_worker_takes_it
    send_due()
    assert state_of(mail) == "claimed"
    assert [attempt.detail for attempt in mail.attempts.all()] == [
        "250 accepted (by a worker that had lost its claim)"
    ]


@pytest.mark.django_db(transaction=True)
def test_an_answer_that_comes_after_the_sweep_still_counts(letters: Letters, smtp: SmtpServer) -> None:
    mail = letters.queue("anna")

    def the_lease_runs_out(phase: str) -> None:
        if phase == "accepted":
            OutgoingMail.objects.update(lease_until=database_time() - dt.timedelta(seconds=1))
            sweep_leases()
            connection.close()

    smtp.before = the_lease_runs_out
    assert send_due() == 1
    assert state_of(mail) == "sent"
    assert outcomes(mail) == ["uncertain", "sent"]


@pytest.mark.django_db(transaction=True)
def test_the_mail_server_is_talked_to_outside_any_transaction(letters: Letters, smtp: SmtpServer) -> None:
    letters.queue("anna")
    states: list[str] = []

    def look(phase: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT state FROM pg_stat_activity WHERE datname = current_database()"
                " AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
            )
            states.extend(state for (state,) in cursor.fetchall())
        connection.close()

    smtp.before = look
    assert send_due() == 1
    assert set(states) == {"idle"}


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_send_each_mail_once(letters: Letters, smtp: SmtpServer) -> None:
    names = [f"person{number}" for number in range(120)]
    letters.queue(*names)
    sent: list[int] = []
    start = threading.Barrier(3)

    def work() -> None:
        start.wait()
        sent.append(send_due())
        connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert sum(sent) == 120
    assert sorted(smtp.recipients()) == sorted(f"{name}@example.com" for name in names)
    assert set(OutgoingMail.objects.values_list("state", flat=True)) == {"sent"}


@pytest.mark.django_db
def test_a_worker_told_to_end_finishes_the_mail_in_hand(letters: Letters, smtp: SmtpServer) -> None:
    first, second, third = letters.queue("anna"), letters.queue("boris"), letters.queue("vera")
    told: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: told.append(number))
    smtp.before = lambda phase: os.kill(os.getpid(), signal.SIGTERM) if phase == "data" and not told else None
    try:
        assert send_due() == 1
    finally:
        signal.signal(signal.SIGTERM, before)
    assert told == [signal.SIGTERM], "after the pass the signal does what it would have done"
    assert [state_of(mail) for mail in (first, second, third)] == ["sent", "queued", "queued"]
    assert (second.attempt_count, second.lease_until) == (0, None)


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_away_when_the_server_says_yes_leaves_nothing_uncertain(
    letters: Letters, smtp: SmtpServer
) -> None:
    mail = letters.queue("anna")
    letters.queue("boris")

    def cut_the_worker_off(phase: str) -> None:
        if phase == "accepted" and len(smtp.accepted) == 1:
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                    " AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
                )
            connection.close()

    smtp.before = cut_the_worker_off
    assert send_due() == 2
    assert state_of(mail) == "sent"
    assert len(smtp.accepted) == 2


def test_a_lease_outlives_the_slowest_hand_over(settings: Settings) -> None:
    command, text, answer = settings.EMAIL_TIMEOUT, settings.EMAIL_TIMEOUT, settings.MAIL_HAND_OVER_SECONDS
    assert command + text + answer < settings.MAIL_LEASE_SECONDS


@pytest.mark.django_db
@pytest.mark.parametrize(("sweep", "index"), [(send_due, "mail_due"), (sweep_leases, "mail_leased")])
def test_the_sweeps_read_what_is_due_and_not_what_is_stored(sweep: object, index: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            'INSERT INTO notifications_outgoingmail (kind, dedupe_key, message_id, "to", language, data,'
            " is_secret, state, reason, due_at, first_due_at, attempt_count, subject, text, html, headers,"
            " created_at) SELECT 'k', i, i, 'a@example.com', 'en', '{}', false, 'sent', '',"
            " now() - i * interval '1 second', now(), 1, '', '', '', '{}', now()"
            " FROM generate_series(1, 20000) i"
        )
        cursor.execute("ANALYZE notifications_outgoingmail")
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as queries:
        sweep()  # type: ignore[operator]
    looked = [query["sql"] for query in queries if "SKIP LOCKED" in query["sql"]]
    plans = []
    with connection.cursor() as cursor:
        for sql in looked:
            cursor.execute(f"EXPLAIN {sql}")
            plans.append("\n".join(line for (line,) in cursor.fetchall()))
    assert any(index in plan for plan in plans)
    assert not any("Seq Scan" in plan for plan in plans)

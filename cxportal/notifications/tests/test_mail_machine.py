"""Any interleaving of two workers with what may happen to them: one accepted mail per key, unless it was uncertain.

Workers are threads that run the real `send_due` against a real mail server and database. Each stops at the points
where a crash matters, and goes on, or dies there, when the machine says so.
"""

from __future__ import annotations

import datetime as dt
import queue as queues
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.core.mail import get_connection
from django.db import connections
from django.db.models import F
from django.test import override_settings
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from clients.models import User
from cxportal.notifications import actions, sending
from cxportal.notifications.mail import message_id_for
from cxportal.notifications.message import Letter
from cxportal.notifications.models import MailAttempt, OutgoingMail
from cxportal.notifications.outlet import SmtpOutlet
from cxportal.notifications.sending import send_due, sweep_leases
from cxportal.notifications.tests.conftest import Letters
from tests.factories import make_user
from tests.smtp import SmtpServer

NAMES = ("anna", "boris", "vera")
AT_RCPT = ("", "", "", "450 later", "550 nobody", "drop")
AT_DATA = ("", "", "451 busy", "554 no", "421 bye", "drop", "take and drop")
LIMIT = 20  # seconds, for anything that is waited for
names = st.sampled_from(NAMES)
points = st.integers(0, 3)


class Killed(BaseException):
    """The end of a worker, in the middle of whatever it did: no handler of the code under test catches it."""


class Worker:
    """A pass of `send_due` in a thread of its own. `at` is the point where it stands; "" once it has ended."""

    def __init__(self) -> None:
        self.at = ""
        self.killed = False
        self._orders: queues.Queue[str] = queues.Queue()
        self._news: queues.Queue[str] = queues.Queue()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        self._listen()

    def stop_at(self, point: str) -> None:
        """Called by the worker itself."""
        if self.killed:
            raise Killed
        self._news.put(point)
        if self._orders.get(timeout=LIMIT) == "die":
            self.killed = True
            raise Killed

    def order(self, what: str) -> None:
        """ "go" to the next point, or "die" here."""
        self._orders.put(what)
        self._listen()

    def go(self, points: int) -> None:
        """So many points further, or to its end."""
        for _ in range(points):
            if self.at:
                self.order("go")

    def _listen(self) -> None:
        self.at = self._news.get(timeout=LIMIT)
        if not self.at:
            self.thread.join(LIMIT)

    def _run(self) -> None:
        _own.worker = self
        try:
            send_due()
        except Killed:
            pass
        finally:
            connections.close_all()
            self._news.put("")


_own = threading.local()


class WatchedOutlet(SmtpOutlet):
    """The real outlet, which stops its worker before the server hears of the mail, after it was marked as being
    handed over, and after the server took it."""

    def hand_over(self, letter: Letter, mark: Callable[[], bool], meanwhile: Callable[[], None]) -> str:
        _own.worker.stop_at("claimed")

        def watched_mark() -> bool:
            is_ours = mark()
            if is_ours:
                _own.worker.stop_at("marked")
            return is_ours

        answer = super().hand_over(letter, watched_mark, meanwhile)
        _own.worker.stop_at("accepted")
        return answer

    def close(self) -> None:
        if _own.worker.killed:
            self._drop()  # a dead process says no QUIT
        else:
            super().close()


def outlet_of_this_thread() -> SmtpOutlet:
    backend: Any = get_connection()
    return WatchedOutlet(backend) if hasattr(_own, "worker") else SmtpOutlet(backend)


class Mails(RuleBasedStateMachine):
    """Three keys, two workers at most, one mail server that may misbehave."""

    letters: Letters
    smtp: SmtpServer
    admin: User

    def __init__(self) -> None:
        super().__init__()
        OutgoingMail.objects.all().delete()
        self.smtp.accepted.clear()
        self.smtp.rcpt.clear()
        self.smtp.data.clear()
        self.letters.refused.clear()
        self.workers: list[Worker] = []

    @initialize(several=st.booleans())
    def something_is_queued(self, several: bool) -> None:
        self.letters.queue(*(NAMES if several else NAMES[:1]))

    def teardown(self) -> None:
        """Whatever happened: once it is quiet, nothing is lost."""
        for worker in self.workers:
            while worker.at:
                worker.order("die")
        self.smtp.rcpt.clear()
        self.smtp.data.clear()
        self.letters.refused.clear()
        for mail in OutgoingMail.objects.filter(state__in=["failed", "suppressed"]):
            actions.send_again(mail=mail, by=self.admin)
        for _ in range(4):
            self.leases_run_out()
            self.pauses_end()
            send_due()
        assert set(OutgoingMail.objects.values_list("state", flat=True)) <= {"sent"}
        wanted = set(OutgoingMail.objects.values_list("message_id", flat=True))
        assert set(self.smtp.message_ids()) == wanted, "0 lost"
        self.nothing_twice_but_what_was_uncertain()

    @rule(name=names)
    def queue(self, name: str) -> None:
        """Also a second time: the same key is the same mail."""
        first = not OutgoingMail.objects.filter(dedupe_key=name).exists()
        try:
            self.letters.queue(name)
        except AssertionError:
            assert not first

    @precondition(lambda self: len(self.alive()) < 2)
    @rule(points=points)
    def a_worker_starts(self, points: int) -> None:
        worker = Worker()
        self.workers.append(worker)
        worker.go(points)

    @precondition(lambda self: self.alive())
    @rule(which=st.integers(0, 1), points=points)
    def a_worker_goes_on(self, which: int, points: int) -> None:
        self._pick(which).go(1 + points)

    @precondition(lambda self: self.alive())
    @rule(which=st.integers(0, 1), time=st.booleans())
    def a_worker_dies(self, which: int, time: bool) -> None:
        self._pick(which).order("die")
        if time:
            self.leases_run_out()

    def alive(self) -> list[Worker]:
        return [one for one in self.workers if one.at]

    def _pick(self, which: int) -> Worker:
        alive = self.alive()
        return alive[which % len(alive)]

    @rule()
    def leases_run_out(self) -> None:
        """Also of a worker that lives: it was stopped for long, as a machine is that sleeps."""
        OutgoingMail.objects.update(lease_until=F("lease_until") - dt.timedelta(hours=1))

    @rule()
    def a_day_passes(self) -> None:
        self.leases_run_out()
        sweep_leases()
        self.pauses_end()

    @rule()
    def pauses_end(self) -> None:
        OutgoingMail.objects.unsent().update(due_at=F("due_at") - dt.timedelta(days=1))

    @rule(name=names, lost=st.booleans())
    def access_is_lost_or_the_question_answered(self, name: str, lost: bool) -> None:
        """Or given again, or the answer was deleted."""
        if lost:
            self.letters.refused[f"{name}@example.com"] = "not any more"
        else:
            self.letters.refused.clear()

    @rule(name=names, at_rcpt=st.sampled_from(AT_RCPT), at_data=st.sampled_from(AT_DATA))
    def the_server_changes_its_mind(self, name: str, at_rcpt: str, at_data: str) -> None:
        self.smtp.rcpt[f"{name}@example.com"] = at_rcpt
        self.smtp.data[f"{name}@example.com"] = at_data

    @rule(name=names, again=st.booleans())
    def an_administrator_sends_it_again_or_stops_it(self, name: str, again: bool) -> None:
        for mail in OutgoingMail.objects.filter(dedupe_key=name):
            if again:
                actions.send_again(mail=mail, by=self.admin)
            else:
                actions.stop(mail=mail, by=self.admin)

    @invariant()
    def nothing_twice_but_what_was_uncertain(self) -> None:
        uncertain = set(
            MailAttempt.objects.filter(outcome="uncertain").values_list("mail__message_id", flat=True)
        )
        for message_id, copies in Counter(self.smtp.message_ids()).items():
            assert copies == 1 or message_id in uncertain

    @invariant()
    def sent_is_what_the_server_took(self) -> None:
        taken = set(self.smtp.message_ids())
        sent = set(OutgoingMail.objects.filter(state="sent").values_list("message_id", flat=True))
        assert sent <= taken
        known = {message_id_for(name) for name in NAMES}
        assert taken <= known

    @invariant()
    def what_the_server_took_is_never_taken_for_unsent(self) -> None:
        """Before it is known, it is being handed over, or was uncertain at some time."""
        taken = OutgoingMail.objects.filter(message_id__in=self.smtp.message_ids())
        unsure = taken.exclude(state__in=["sent", "handing_over"]).exclude(attempts__outcome="uncertain")
        assert not unsure.exists()


@pytest.mark.django_db(transaction=True)
def test_any_interleaving_gives_one_accepted_mail_per_key(
    letters: Letters, smtp: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "open_outlet", outlet_of_this_thread)
    Mails.letters, Mails.smtp, Mails.admin = letters, smtp, make_user(staff_role="admin")
    with override_settings(EMAIL_TIMEOUT=5):
        run_state_machine_as_test(
            Mails,
            settings=settings(
                max_examples=25,
                stateful_step_count=25,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )

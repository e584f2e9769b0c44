"""Mail workers that are really killed: nothing is lost, and nothing comes twice but what was uncertain."""

from __future__ import annotations

import datetime as dt
import random
import signal
import subprocess
import threading
from collections import Counter

import pytest
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from clients.mails import PASSWORD_CHANGED
from clients.models import User
from cxportal.notifications.mail import Draft, queue_all
from cxportal.notifications.models import OutgoingMail
from cxportal.notifications.sending import send_due
from feedback import actions, ladder
from feedback.tests.concurrent import Work, uncommitted, wait_until_blocked
from projects.models import Project
from tests.factories import make_user
from tests.smtp import SmtpServer
from tests.workers import start_run_due

pytestmark = pytest.mark.django_db(transaction=True)


def people_with_mail(number: int) -> list[User]:
    people = [make_user() for _ in range(number)]
    drafts = [
        Draft(key=f"storm:{person.pk}", to=person.email, recipient=person, data={"at": "2026-11-22T10:00Z"})
        for person in people
    ]
    with transaction.atomic():
        queue_all(PASSWORD_CHANGED, drafts)
    return people


def time_passes() -> None:
    """The leases of dead workers run out, and what waits for another try is due."""
    an_hour = dt.timedelta(hours=1)
    OutgoingMail.objects.update(lease_until=F("lease_until") - an_hour, due_at=F("due_at") - an_hour)


def kill_in(server: SmtpServer, phase: str) -> None:
    """Runs a worker and kills it when the server is about to answer in `phase` for the second mail."""
    seen: list[str] = []

    def before(now: str) -> None:
        seen.append(now)
        if seen.count(phase) == 2 and worker.poll() is None:
            worker.kill()
            worker.wait()

    server.before = before
    worker = start_run_due(server)
    output, _ = worker.communicate(timeout=60)
    assert worker.returncode == -signal.SIGKILL, output.decode()
    server.before = lambda phase: None


@pytest.mark.parametrize(
    ("phase", "state", "copies"),
    [("rcpt", "claimed", 1), ("data", "handing_over", 1), ("accepted", "handing_over", 2)],
)
def test_a_killed_worker_loses_nothing(smtp: SmtpServer, phase: str, state: str, copies: int) -> None:
    people = people_with_mail(3)
    kill_in(smtp, phase)
    states = list(OutgoingMail.objects.order_by("pk").values_list("state", flat=True))
    assert states == ["sent", state, "claimed"]
    for _ in range(2):
        time_passes()
        send_due()
    assert set(OutgoingMail.objects.values_list("state", flat=True)) == {"sent"}
    counted = Counter(smtp.recipients())
    assert [counted[person.email] for person in people] == [1, copies, 1]
    assert len(set(smtp.message_ids())) == 3


def test_a_worker_killed_while_it_checks_loses_nothing(
    house: Project, owner: User, specialist: User, smtp: SmtpServer
) -> None:
    """It waits for the lock of a clock, inside the transaction of the check, and is killed there."""
    start = timezone.now() - dt.timedelta(hours=13)
    thread = actions.start_thread(
        by=owner, client=house.client, project=house, subject="?", body="Where?", now=start
    )
    OutgoingMail.objects.all().delete()
    ladder.remind_due()
    people_with_mail(2)
    with uncommitted(lambda: list(thread.clocks.select_for_update())):
        worker = start_run_due(smtp)
        wait_until_blocked(Work(worker.wait))
        worker.kill()
        worker.wait()
    assert set(OutgoingMail.objects.values_list("state", flat=True)) == {"claimed"}
    for _ in range(2):
        time_passes()
        send_due()
    assert len(smtp.accepted) == len(set(smtp.message_ids())) == 3


def test_a_worker_told_to_end_leaves_nothing_uncertain(smtp: SmtpServer) -> None:
    people_with_mail(30)
    seen: list[str] = []

    def before(phase: str) -> None:
        seen.append(phase)
        if seen.count("data") == 3 and phase == "data":
            worker.terminate()

    smtp.before = before
    worker = start_run_due(smtp)
    output, _ = worker.communicate(timeout=60)
    assert worker.returncode == -signal.SIGTERM, output.decode()
    assert Counter(OutgoingMail.objects.values_list("state", flat=True)) == {"sent": 3, "queued": 27}
    smtp.before = lambda phase: None
    assert send_due() == 27
    assert len(smtp.accepted) == len(set(smtp.message_ids())) == 30


def test_a_storm_of_kills(smtp: SmtpServer) -> None:
    """Four times two workers over 150 mails, each killed at a moment chosen by chance."""
    people = people_with_mail(150)
    chance = random.Random(20261122)
    workers: list[subprocess.Popen[bytes]] = []
    left_to_live: list[int] = []

    counting = threading.Lock()  # the server talks to both at once

    def before(phase: str) -> None:
        with counting:
            left_to_live[0] -= 1
            if left_to_live[0] == 0:
                left_to_live[:] = left_to_live[1:] or [-1]
                victim = next(worker for worker in workers if worker.poll() is None)
                victim.kill()
                victim.wait()  # or it would be taken for alive, and killed twice

    smtp.before = before
    kills = 0
    for _ in range(4):
        workers[:] = [start_run_due(smtp) for _ in range(2)]
        left_to_live[:] = [chance.randint(5, 40), chance.randint(5, 40)]
        for worker in workers:
            worker.communicate(timeout=60)
            kills += worker.returncode == -signal.SIGKILL
        time_passes()
    assert kills >= 6
    smtp.before = lambda phase: None
    while send_due():
        time_passes()
    assert set(OutgoingMail.objects.values_list("state", flat=True)) == {"sent"}, "0 lost"
    copies = Counter(smtp.message_ids())
    assert len(copies) == len(people)
    twice = {message_id for message_id, number in copies.items() if number > 1}
    uncertain = OutgoingMail.objects.filter(attempts__outcome="uncertain").distinct()
    assert twice <= set(uncertain.values_list("message_id", flat=True))
    assert uncertain.count() <= kills

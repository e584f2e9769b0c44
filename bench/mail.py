"""Weekly boards through one worker into a mail server, against the bare SMTP conversation on one connection.

Ours is all of it: finding whose slot has come, gathering each person's board, rendering it in their language, the
ledger, and handing over. The floor is `smtplib` with a mail of the same size, made beforehand, on one connection to
the same server. They take turns, batch by batch.
"""

from __future__ import annotations

import datetime as dt
import smtplib
import statistics
import time

from django.db import connection
from django.test import override_settings
from django.utils import timezone

from bench.data import add_tasks, person, project
from bench.measure import Result
from bench.sink import sink
from bench.telling import progress
from clients.models import Client, Membership, User
from cxportal.notifications.message import Letter
from cxportal.notifications.models import OutgoingMail
from cxportal.notifications.sending import send_due
from cxportal.portal.models import BoardSchedule
from cxportal.portal.weekly.schedules import queue_due_boards
from projects.models import Project

PEOPLE_OF_A_COMPANY, PROJECTS_OF_A_COMPANY, TASKS_OF_A_PROJECT = 10, 2, 40
ROUNDS = 10


def measure(*, quick: bool) -> list[Result]:
    recipients = 100 if quick else 2000
    now = timezone.now()
    # What other parts queued is not to be sent in between.
    OutgoingMail.objects.filter(state=OutgoingMail.State.QUEUED).update(state=OutgoingMail.State.SUPPRESSED)
    _companies(recipients // PEOPLE_OF_A_COMPANY, now)
    with (
        sink() as port,
        override_settings(
            EMAIL_BACKEND="django.core.mail.backends.smtp.EmailBackend",
            EMAIL_HOST="127.0.0.1",
            EMAIL_PORT=port,
            EMAIL_HOST_USER="",
            EMAIL_USE_TLS=False,
            EMAIL_USE_SSL=False,
        ),
    ):
        ours, sending, floor, size = _in_turns(recipients, port, now)
    words = f"{recipients:,} recipients"
    return [
        Result(f"weekly boards, {words}", ours, "mails/s", 0.4, floor, "SMTP alone", at_least=True),
        Result("weekly boards, of it rendering and sending", sending, "mails/s", None, floor, "SMTP alone"),
        Result("weekly board, size of a mail", size / 1000, "kB"),
    ]


def _in_turns(recipients: int, port: int, now: dt.datetime) -> tuple[float, float, float, int]:
    """Mails per second of ours, of sending alone, and of the floor (medians), and bytes of a mail."""
    batch = recipients // ROUNDS
    ours, sending, floor, sizes = [], [], [], []
    for number in range(ROUNDS):
        progress("weekly boards", number * batch, recipients)
        started = time.perf_counter()
        queued = queue_due_boards(now, limit=batch)
        queued_at = time.perf_counter()
        sent = send_due(limit=batch)
        ended = time.perf_counter()
        if queued != batch or sent != batch:
            raise RuntimeError(f"Of {batch} boards {queued} were queued and {sent} sent.")
        ours.append(batch / (ended - started))
        sending.append(batch / (ended - queued_at))
        text = _last_mail()
        sizes.append(len(text))
        floor.append(batch / _seconds_of_smtp_alone(text, batch, port))
    progress("weekly boards", recipients, recipients)
    return (
        statistics.median(ours),
        statistics.median(sending),
        statistics.median(floor),
        int(statistics.median(sizes)),
    )


def _last_mail() -> bytes:
    mail = OutgoingMail.objects.filter(state=OutgoingMail.State.SENT).latest("sent_at", "pk")
    return Letter(mail.headers or {}, mail.text, mail.html).as_bytes()


def _seconds_of_smtp_alone(text: bytes, count: int, port: int) -> float:
    with smtplib.SMTP("127.0.0.1", port) as server:
        started = time.perf_counter()
        for number in range(count):
            server.sendmail("portal@load.example", [f"person{number}@load.example"], text)
        return time.perf_counter() - started


def _companies(count: int, now: dt.datetime) -> None:
    """Each with its people, every other one of them reading Russian, and with projects that all of them see."""
    manager = person("Wanda Weekly", "manager")
    team = [person(f"Weekly staff {number}", "specialist") for number in range(4)]
    for number in range(count):
        progress("companies", number, count)
        client = Client.objects.create(name=f"Weekly {number}", manager=manager)
        projects = [project(client, f"W{number}P{place}", team) for place in range(PROJECTS_OF_A_COMPANY)]
        for one in projects:
            add_tasks(one, TASKS_OF_A_PROJECT, team)
        _people(client, projects, number, now)
    progress("companies", count, count)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _people(client: Client, projects: list[Project], company: int, now: dt.datetime) -> None:
    people = User.objects.bulk_create(
        User(
            email=f"reader{number}.of{company}@load.example",
            name=f"Reader {number} of {company}",
            language="en" if number % 2 else "ru",
        )
        for number in range(PEOPLE_OF_A_COMPANY)
    )
    members = Membership.objects.bulk_create(
        Membership(client=client, user=user, role=Membership.Role.MEMBER) for user in people
    )
    for membership in members:
        membership.projects.set(projects)
    slot = now.replace(minute=0, second=0, microsecond=0)
    BoardSchedule.objects.bulk_create(
        BoardSchedule(user=user, time_zone="UTC", weekday=slot.weekday(), hour=slot.hour, next_slot_at=slot)
        for user in people
    )

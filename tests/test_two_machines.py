"""Two machines that share PostgreSQL, Redis and object storage and nothing else; then one of them loses its power."""

from __future__ import annotations

import datetime as dt
import shutil
import threading
from collections import Counter
from collections.abc import Iterator

import pytest
from celery import Celery
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from clients.mails import PASSWORD_CHANGED
from clients.models import Client, User
from cxportal.lib.env import celery_broker_url
from cxportal.notifications.mail import Draft, queue_all
from cxportal.notifications.models import MailAttempt, OutgoingMail
from cxportal.portal.models import BoardSchedule
from feedback.models import Message, MessageFile
from projects.models import Project
from tests.factories import make_contact, make_thread, make_user
from tests.machines import Machine, Person
from tests.object_storage import ObjectServer, files_below, object_server
from tests.portal_process import new_place, wait_for
from tests.smtp import SmtpServer
from tests.workers import OwnRedis, own_redis

__all__ = ["object_server", "own_redis"]

pytestmark = pytest.mark.django_db(transaction=True)

PASSWORD = "a-long-Password-7"
BOARDS, MAILS = 20, 160
DRAWING = b"%PDF-1.7 " + bytes(range(256)) * 2000


@pytest.fixture
def machines(
    transactional_db: None, own_redis: OwnRedis, object_server: ObjectServer, smtp_server: SmtpServer
) -> Iterator[tuple[Machine, Machine]]:
    place = new_place()
    shared = {
        "REDIS_URL": own_redis.url,
        "STORAGE_URL": object_server.url,
        "EMAIL_URL": smtp_server.url,
        "PRODUCTION": "1",
    }
    both = Machine(place / "a", **shared), Machine(place / "b", **shared)
    try:
        preparing = [machine.begin_prepare() for machine in both]  # at once, over one database
        for process in preparing:
            said, _ = process.communicate(timeout=120)
            assert process.returncode == 0, said.decode()
        for machine in both:
            machine.start("web")
        for machine in both:
            machine.wait_until_it_answers()
        yield both
    finally:
        for machine in both:
            machine.end()
        shutil.rmtree(place)


def with_password(user: User) -> User:
    user.set_password(PASSWORD)
    user.save()
    return user


def boards_are_due(client: Client, project: Project) -> list[User]:
    """So many owners whose weekly board was due at the full hour."""
    people = [make_contact(client, "owner", email=f"board-{n}@example.com") for n in range(BOARDS)]
    slot = timezone.now().replace(minute=0, second=0, microsecond=0)
    for person in people:
        BoardSchedule.objects.update_or_create(
            user=person,
            defaults={
                "is_on": True,
                "weekday": slot.weekday(),
                "hour": slot.hour,
                "time_zone": "UTC",
                "next_slot_at": slot,
            },
        )
    return people


def queue_mails() -> None:
    people = [make_user() for _ in range(MAILS)]
    drafts = [
        Draft(key=f"two:{person.pk}", to=person.email, recipient=person, data={"at": "2026-11-22T10:00Z"})
        for person in people
    ]
    with transaction.atomic():
        queue_all(PASSWORD_CHANGED, drafts)


def time_passes() -> None:
    """The leases of the dead run out, and what waits for another try is due."""
    hours = dt.timedelta(hours=9)
    OutgoingMail.objects.exclude(state="sent").update(
        lease_until=F("lease_until") - hours, due_at=F("due_at") - hours
    )


def test_one_machine_dies_while_both_work(
    machines: tuple[Machine, Machine],
    own_redis: OwnRedis,
    object_server: ObjectServer,
    smtp_server: SmtpServer,
    owner: User,
    manager: User,
    house: Project,
) -> None:
    a, b = machines
    thread = make_thread(house.client, author=owner, project=house)
    client, ours = Person(a.port), Person(a.port)
    client.sign_in(with_password(owner).email, PASSWORD)
    ours.sign_in(with_password(manager).email, PASSWORD)
    ask_for_work = Celery(broker=celery_broker_url(own_redis.url))

    # One session on both, a file in through one and out through the other, nothing of it on either disk.
    assert client.at(b.port).get(f"/questions/{thread.uid}/").status == 200
    answer = client.post(
        f"/questions/{thread.uid}/write/", {"body": "The drawing"}, files={"files": ("d.pdf", DRAWING)}
    )
    assert answer.status == 302, answer.text
    path = f"/questions/files/{MessageFile.objects.get().uid}/"
    assert ours.at(b.port).get(path).body == DRAWING
    assert object_server.content(object_server.names()[0]) == DRAWING
    assert not files_below(a.home / "media") + files_below(b.home / "media")

    # Two beats find the boards due at the same time: one mail each.
    readers = boards_are_due(house.client, house)
    for machine in machines:
        machine.start("worker", "beat")
    assert wait_for(lambda: boards_sent(smtp_server) >= BOARDS, 90), a.said() + b.said()
    assert wait_for(lambda: waiting_workers(own_redis) >= 2, 60), a.said() + b.said()

    # Work for both; A goes in the middle of it.
    smtp_server.delay = 0.02
    dead: list[int] = []
    accepted_before = len(smtp_server.accepted)
    once = threading.Lock()

    def before(phase: str) -> None:
        if (
            phase == "rcpt"
            and len(smtp_server.accepted) >= accepted_before + 30
            and once.acquire(blocking=False)
        ):
            dead.append(a.end())

    smtp_server.before = before
    queue_mails()
    for _ in range(4):
        ask_for_work.send_task("cxportal.notifications.tasks.send_due_mail", retry=False, ignore_result=True)
    assert wait_for(
        lambda: dead and not OutgoingMail.objects.filter(state="queued", attempt_count=0).exists(), 90
    )
    assert dead[0] >= 6, "web, worker and beat with their children"
    assert wait_for(lambda: len(smtp_server.accepted) > accepted_before + 60, 60), b.said()

    # The other goes on: the same session, the same file, new words.
    left, our_side = client.at(b.port), ours.at(b.port)
    assert our_side.get(path).body == DRAWING
    assert left.post(f"/questions/{thread.uid}/write/", {"body": "Are you there?"}).status == 302
    assert Message.objects.latest("pk").body == "Are you there?"

    def all_is_sent() -> bool:
        time_passes()
        ask_for_work.send_task("cxportal.notifications.tasks.send_due_mail", retry=False, ignore_result=True)
        return wait_for(lambda: not OutgoingMail.objects.exclude(state="sent").exists(), 2)

    assert wait_for(all_is_sent, 120), Counter(OutgoingMail.objects.values_list("state", "kind"))
    copies = Counter(smtp_server.message_ids())
    assert set(copies) == set(OutgoingMail.objects.values_list("message_id", flat=True)), "nothing lost"
    uncertain = set(
        MailAttempt.objects.filter(outcome="uncertain").values_list("mail__message_id", flat=True)
    )
    twice = {message_id for message_id, number in copies.items() if number > 1}
    assert twice <= uncertain, "nothing twice but what was in the hands of the dead"
    assert len(uncertain) <= 2, "one for each process of the dead worker"
    boards = Counter(OutgoingMail.objects.filter(kind="weekly_board").values_list("to", flat=True))
    assert {boards[person.email] for person in readers} == {1}


def boards_sent(server: SmtpServer) -> int:
    return sum(recipient.startswith("board-") for recipient in server.recipients())


def waiting_workers(redis: OwnRedis) -> int:
    return sum(client["cmd"] == "brpop" for client in redis.client.client_list())

"""The page *System*: what it says, to whom, and at what cost."""

from __future__ import annotations

import datetime as dt
import shutil
from collections import namedtuple
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clients.models import User
from conftest import SignedIn
from cxportal.notifications.heartbeats import beat
from cxportal.notifications.models import Heartbeat, OutgoingMail
from cxportal.portal.due import PARTS
from cxportal.portal.health.system import Line, size, system
from feedback.models import AnswerClock
from tests.factories import make_thread
from tests.workers import OwnRedis, own_redis
from tests.world import FOREIGN_CANARY, INTERNAL_CANARY, World

__all__ = ["own_redis"]

pytestmark = pytest.mark.django_db

PAGE = "/admin/system/"


def line(title: str) -> Line:
    return next(one for section in system().sections for one in section.lines if one.title == title)


def text_of(user: User) -> str:
    answer = SignedIn(user).get(PAGE)
    assert answer.status_code == 200
    return answer.content.decode()


def a_mail(**more: Any) -> OutgoingMail:
    number = OutgoingMail.objects.count()
    return OutgoingMail.objects.create(
        kind="x", dedupe_key=f"k{number}", message_id=f"<{number}@x>", to="someone@example.com", **more
    )


def a_clock(client: Any, author: User, due_at: dt.datetime) -> AnswerClock:
    thread = make_thread(client, author=author)
    return AnswerClock.objects.create(
        thread=thread, message=thread.messages.get(), policy={}, started_at=due_at, due_at=due_at, first_due_at=due_at
    )  # fmt: skip


def test_it_is_for_administrators(world: World) -> None:
    for who, person in world.people.items():
        answer = SignedIn(person).get(PAGE)
        assert answer.status_code == (200 if who == "admin" else 302), who
    assert SignedIn(world.people["admin"]).post(PAGE).status_code == 405


def test_it_names_nobody_and_nothing_that_was_written(world: World) -> None:
    a_mail(state=OutgoingMail.State.FAILED, reason=f"550 {INTERNAL_CANARY}")
    beat("reminders", done=0, error=f"ValueError: {FOREIGN_CANARY}")
    page = text_of(world.people["admin"])
    for word in (INTERNAL_CANARY, FOREIGN_CANARY, "someone@example.com", world.client.name):
        assert word not in page


def test_what_is_bad_says_what_to_do(admin_user: User, own_redis: OwnRedis, settings: Any) -> None:
    settings.REDIS_URL = own_redis.url  # what other tests put into the queue of theirs waits there
    page = text_of(admin_user)
    assert "things need somebody" in page
    assert "Make one: script/manage backup." in page
    for name in ("worker:a:1", "beat:a:2", "tick", *PARTS, "mail"):
        beat(name)
    beat("backup", bytes=5_000_000, verified=True)
    free = line("Disk").state  # of the machine this runs on
    assert system().bad == (free == "bad")


def test_it_counts_mails_and_clocks(owner: User, admin_user: User) -> None:
    State = OutgoingMail.State
    for state in (State.QUEUED, State.QUEUED, State.UNCERTAIN, State.SENT, State.FAILED):
        a_mail(state=state)
    assert line("Not sent yet").value == "waiting: 2, uncertain, will be sent again: 1"
    assert "sent: 1, failed: 1" in line("The latest 10000").value
    assert (line("Failed since yesterday").value, line("Failed since yesterday").state) == ("1", "bad")
    client = owner.memberships.get().client
    now = timezone.now()
    a_clock(client, owner, now + dt.timedelta(hours=1))
    assert line("Answers that are late").state == "good"
    a_clock(client, owner, now - dt.timedelta(hours=1))
    assert line("Questions that wait for an answer").value == "2"
    assert (line("Answers that are late").value, line("Answers that are late").state) == ("1", "bad")


@pytest.mark.parametrize(
    ("data", "hours", "state"),
    [({"verified": True}, 25, "good"), ({"verified": True}, 27, "bad"), ({}, 1, "bad"),
     ({"verified": True, "missing": 2}, 1, "bad")],
)  # fmt: skip
def test_a_backup_is_good_while_it_is_fresh_and_right(data: dict[str, Any], hours: int, state: str) -> None:
    beat("backup", bytes=3 * 1024**2, **data)
    Heartbeat.objects.update(at=Now() - dt.timedelta(hours=hours))
    assert line("Last backup").state == state
    assert "3 MB" in line("Last backup").value


def test_a_disk_that_fills_up(monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(100 * 1024**3, 95 * 1024**3, 5 * 1024**3))
    assert (line("Disk").value, line("Disk").state) == ("5 GB of 100 GB free", "bad")


def test_it_works_without_redis(admin_user: User, own_redis: OwnRedis, settings: Any) -> None:
    settings.REDIS_URL = own_redis.url
    assert line("Redis").state == "good"
    own_redis.client.rpush("celery", *range(150))
    assert (line("Tasks in the queue").value, line("Tasks in the queue").state) == (
        "150 wait, 0 in hand",
        "bad",
    )
    with own_redis.frozen():
        assert "unknown while Redis is away" in text_of(admin_user)
    own_redis.kill()
    assert "unknown while Redis is away" in text_of(admin_user)


def test_it_asks_as_much_for_much_as_for_little(admin_user: User, owner: User) -> None:
    browser = SignedIn(admin_user)
    numbers = []
    for round in range(2):
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(PAGE).status_code == 200
        numbers.append(len(queries))
        for number in range(20):
            a_mail(state="failed" if number % 2 else "queued")
            a_clock(owner.memberships.get().client, owner, timezone.now())
            beat(f"worker:a:{round}{number}")
    assert numbers == [17, 17]


def test_it_is_found_from_every_page_of_the_admin(admin_user: User) -> None:
    assert f'href="{PAGE}"' in SignedIn(admin_user).get("/admin/").content.decode()


def test_sizes_read_well() -> None:
    assert [size(number) for number in (0, 900, 12_300_000, 5 * 1024**4)] == [
        "0 B",
        "900 B",
        "12 MB",
        "5.0 TB",
    ]

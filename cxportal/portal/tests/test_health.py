"""/healthz and /readyz: what they say when all is well, what when something is away, and to whom."""

from __future__ import annotations

import datetime as dt
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.db.models.functions import Now
from django.test import Client as Browser
from django.utils import timezone

from clients.models import User
from conftest import SignedIn
from cxportal.lib import asking, signs
from cxportal.notifications.heartbeats import beat
from cxportal.notifications.models import Heartbeat, MailAttempt, OutgoingMail
from cxportal.portal.health import facts as facts_module
from cxportal.portal.health.checks import look
from cxportal.portal.models import BoardSchedule
from feedback.models import AnswerClock
from tests.factories import make_thread
from tests.workers import OwnRedis, own_redis

__all__ = ["own_redis"]

pytestmark = pytest.mark.django_db(transaction=True)

PASSES = ("tick", "reminders", "weekly boards", "mail")


@pytest.fixture
def well() -> None:
    """Everything has just shown that it is alive."""
    for name in ("worker:a:1", "beat:a:2", *PASSES):
        beat(name)


def failing() -> dict[str, str]:
    return {check.name: check.reason for check in look() if not check.is_ok}


def silent_for(name: str, **span: float) -> None:
    Heartbeat.objects.filter(name=name).update(at=Now() - dt.timedelta(**span))


def ask(**headers: str) -> Any:
    return Browser(raise_request_exception=False).get("/readyz", headers=headers)


def test_all_is_well(well: None) -> None:
    answer = ask()
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ok",
        "checks": dict.fromkeys(
            ["database", "redis", "migrations", "workers", "beat", "mail", "reminders", "weekly_boards"], "ok"
        ),
    }
    assert "no-store" in answer.headers["Cache-Control"]


def test_a_new_installation_in_which_nothing_runs_yet_is_not_ready() -> None:
    answer = ask()
    assert answer.status_code == 503
    assert {name for name, state in answer.json()["checks"].items() if state == "failing"} == {
        "workers", "beat", "mail", "reminders", "weekly_boards"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "check", "minutes"),
    [("worker:a:1", "workers", 2), ("beat:a:2", "beat", 3), ("mail", "mail", 10),
     ("reminders", "reminders", 10), ("weekly boards", "weekly_boards", 10)],
)  # fmt: skip
def test_who_is_silent_for_too_long_is_missed(well: None, name: str, check: str, minutes: int) -> None:
    silent_for(name, minutes=minutes, seconds=-20)
    assert failing() == {}
    silent_for(name, minutes=minutes, seconds=20)
    assert list(failing()) == [check]


def test_one_worker_of_two_is_enough(well: None) -> None:
    beat("worker:b:9")
    silent_for("worker:a:1", hours=2)
    assert failing() == {}


def test_a_pass_that_failed_is_told_without_its_words(well: None) -> None:
    beat("reminders", done=0, error="ValueError: olga@example.com wrote")
    assert failing() == {"reminders": "the last pass failed"}


def mail(due: dt.timedelta, first: dt.timedelta | None = None, **more: Any) -> OutgoingMail:
    number = OutgoingMail.objects.count()
    now = timezone.now()
    return OutgoingMail.objects.create(
        kind="x", dedupe_key=f"k{number}", message_id=f"<{number}@x>", to="a@example.com",
        due_at=now + due, first_due_at=now + (due if first is None else first), **more,
    )  # fmt: skip


def minutes(number: float) -> dt.timedelta:
    return dt.timedelta(minutes=number)


def test_mail_nobody_takes(well: None) -> None:
    mail(minutes(-4))
    mail(minutes(60))
    assert failing() == {}
    mail(minutes(-6))
    assert failing() == {"mail": "the oldest has been due for 6 min"}


def test_a_mail_server_that_accepts_nothing(well: None) -> None:
    waiting = mail(minutes(20), first=minutes(-40))
    waiting.attempts.create(outcome=MailAttempt.Outcome.TEMPORARY)
    assert "accepted none of the last tries" in failing()["mail"]
    mail(minutes(-1), state=OutgoingMail.State.SENT).attempts.create(outcome=MailAttempt.Outcome.SENT)
    assert failing() == {}, "one full mailbox is no fault of ours"
    OutgoingMail.objects.filter(pk=waiting.pk).update(first_due_at=timezone.now() - minutes(1450))
    assert failing() == {"mail": "the oldest has been waiting for 1 d"}


def test_a_reminder_that_is_late(well: None, owner: User) -> None:
    thread = make_thread(owner.memberships.get().client, author=owner)
    now = timezone.now()
    clock = AnswerClock.objects.create(
        thread=thread, message=thread.messages.get(), policy={}, started_at=now, due_at=now,
        first_due_at=now, next_rung_at=now - minutes(9),
    )  # fmt: skip
    assert failing() == {}
    AnswerClock.objects.update(next_rung_at=timezone.now() - minutes(11))
    assert failing() == {"reminders": "the oldest has been due for 11 min"}
    AnswerClock.objects.filter(pk=clock.pk).update(ended_at=timezone.now(), ending="answered")
    assert failing() == {}


def test_a_weekly_board_that_is_late(well: None, owner: User) -> None:
    schedule = BoardSchedule.objects.get(user=owner)
    assert failing() == {}
    BoardSchedule.objects.filter(pk=schedule.pk).update(next_slot_at=timezone.now() - minutes(11))
    assert failing() == {"weekly_boards": "the oldest has been due for 11 min"}
    BoardSchedule.objects.filter(pk=schedule.pk).update(is_on=False)
    assert failing() == {}


def test_a_migration_that_is_missing(well: None) -> None:
    rows = MigrationRecorder.Migration.objects.filter(app="projects", name="0001_initial")
    kept = rows.get()
    rows.delete()
    try:
        assert failing() == {"migrations": "1 is not applied"}
    finally:
        kept.save(force_insert=True)


def test_it_asks_as_much_for_much_as_for_little(well: None, monkeypatch: pytest.MonkeyPatch) -> None:
    statements: list[str] = []
    real = facts_module.gather

    def counting(ask: asking.Ask) -> Any:
        def counted(sql: str, values: Any = ()) -> Any:
            statements.append(sql)
            return ask(sql, values)

        return real(counted)

    monkeypatch.setattr(facts_module, "gather", counting)
    look()
    few, statements[:] = len(statements), []
    for number in range(30):
        mail(minutes(-1))
        beat(f"worker:b:{number}")
    look()
    assert len(statements) == few == 10


@pytest.mark.parametrize("rows", ["waiting", "clocks", "boards"])
def test_what_is_due_is_found_by_an_index(rows: str) -> None:
    """With the tables as small as they are here, the planner is told not to read them whole."""
    seen: list[str] = []

    def explaining(sql: str, values: Any = ()) -> Any:
        with connection.cursor() as cursor:
            cursor.execute("SET enable_seqscan = off")
            if "notifications_outgoingmail" in sql or "next_" in sql:
                cursor.execute(f"EXPLAIN {sql}", values)
                seen.append("\n".join(row[0] for row in cursor.fetchall()))
            cursor.execute("RESET enable_seqscan")
            cursor.execute(sql, values)
            return cursor.fetchall()

    facts_module.gather(explaining)
    index = {"waiting": "mail_due", "clocks": "clock_rung_due", "boards": "board_slot_due"}[rows]
    assert any(index in plan for plan in seen), seen
    assert not any("Seq Scan" in plan for plan in seen)


# What is away.


def seconds_of_readyz() -> tuple[float, Any]:
    started = time.monotonic()
    answer = ask()
    return time.monotonic() - started, answer


@pytest.mark.parametrize("fault", ["frozen", "killed"])
def test_redis_away(well: None, own_redis: OwnRedis, settings: Any, fault: str) -> None:
    settings.REDIS_URL = own_redis.url
    assert ask().status_code == 200
    if fault == "killed":
        own_redis.kill()
        seconds, answer = seconds_of_readyz()
    else:
        with own_redis.frozen():
            seconds, answer = seconds_of_readyz()
    assert seconds < 2
    assert answer.status_code == 503
    assert {name for name, state in answer.json()["checks"].items() if state == "failing"} == {"redis"}


@pytest.fixture
def silent_postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a socket that takes connections and never says a word, like a server that is frozen."""
    folder = tmp_path_factory.mktemp("pg")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / ".s.PGSQL.5432"))
        listener.listen(5)
        yield folder


@pytest.mark.parametrize("fault", ["stopped", "frozen"])
def test_the_database_away(
    well: None,
    owner: User,
    browser_of: type[SignedIn],
    silent_postgresql: Path,
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
) -> None:
    browser = browser_of(owner)  # whose session could not be read
    if fault == "stopped":
        (silent_postgresql / ".s.PGSQL.5432").unlink()
    connection.close()
    monkeypatch.setitem(settings.DATABASES["default"], "HOST", str(silent_postgresql))
    monkeypatch.setitem(settings.DATABASES["default"], "PORT", "5432")
    started = time.monotonic()
    answer = browser.get("/readyz")
    assert time.monotonic() - started < 2
    assert answer.status_code == 503
    assert set(answer.json()["checks"].items()) == {
        (name, "ok" if name == "redis" else "failing") for name in answer.json()["checks"]
    }
    assert browser.get("/healthz").content == b"ok\n"


# Who may know what.


def test_a_stranger_reads_names_and_states_and_nothing_else(owner: User) -> None:
    beat("worker:secret-host.example:4711", version="18.9")
    text = ask().content.decode()
    for word in ("host", "4711", "18.9", " min", "ago", "reason"):
        assert word not in text


def test_reasons_are_for_who_has_the_token(settings: Any) -> None:
    settings.MONITOR_TOKEN = "let-me-see"
    assert "reason" not in ask(authorization="Bearer wrong").content.decode()
    answer = ask(authorization="Bearer let-me-see").json()
    assert answer["checks"]["beat"] == {"state": "failing", "reason": "no sign of life yet"}
    settings.MONITOR_TOKEN = ""
    assert "reason" not in ask(authorization="Bearer ").content.decode()


def test_monitors_are_not_sent_to_https(settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert Browser().get("/healthz").status_code == 200
    assert ask().status_code == 503
    assert Browser().get("/").status_code == 301


# Signs of life of processes.


def test_a_process_signs_is_seen_and_forgotten() -> None:
    database = settings.DATABASES["default"]
    signs.say_alive(database, "worker:a:1")
    signs.say_alive(database, "worker:a:1", more=1)
    assert [check.is_ok for check in look() if check.name == "workers"] == [True]
    beat("tick")
    silent_for("tick", hours=30)
    silent_for("worker:a:1", hours=30)
    signs.say_alive(database, "worker:b:2")
    assert set(Heartbeat.objects.values_list("name", flat=True)) == {"tick", "worker:b:2"}
    signs.say_goodbye(database, "worker:b:2")
    assert set(Heartbeat.objects.values_list("name", flat=True)) == {"tick"}

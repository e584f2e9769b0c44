from __future__ import annotations

import datetime as dt
import stat
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from clients.models import Client, User
from cxportal.notifications.models import OutgoingMail
from cxportal.portal.demo.actions import load_demo, remove_demo
from feedback.models import AnswerClock, Message, Thread
from projects.models import DateChange, Project, Task
from projects.progress import health_of, progress_of
from tests.factories import make_project

NOW = dt.datetime(2026, 11, 25, 9, 30, tzinfo=dt.UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture
def demo(time_machine: Any) -> None:
    time_machine.move_to(NOW, tick=False)
    load_demo(password="a long demo password")


def person(login: str) -> User:
    return User.objects.get(email=f"{login}@demo.example")


@pytest.mark.parametrize("weekday", range(7))
def test_today_lies_in_the_middle_whatever_the_weekday(time_machine: Any, weekday: int) -> None:
    now = NOW + dt.timedelta(days=weekday)
    time_machine.move_to(now, tick=False)
    load_demo(password="a long demo password")
    house = Project.objects.get(code="HOUSE")
    assert house.starts_on
    assert house.due_on
    assert house.starts_on.weekday() == 0
    assert 0.4 < (now.date() - house.starts_on) / (house.due_on - house.starts_on) < 0.6
    planned = house.tasks.exclude(starts_on=None)
    assert not planned.filter(due_on__lt=now.date()).exclude(column__kind="done").exists()
    assert not planned.filter(starts_on__gt=now.date()).exclude(column__kind="todo").exists()


def test_the_clients_project_is_on_track_with_something_waiting(demo: None) -> None:
    owner, house = person("client"), Project.objects.get(code="HOUSE")
    progress = progress_of([house], owner)[house.pk]
    assert progress.waiting == 1
    assert progress.done >= 5
    assert health_of([house], owner, NOW.date())[house.pk].status == "on_track"
    assert not Task.objects.visible_to(owner).filter(is_internal=True).exists()


def test_the_slip_has_its_reason(demo: None) -> None:
    changes = DateChange.objects.visible_to(person("client"))
    assert changes.filter(milestone__name="Moving in").get().reason.startswith("Night frost")


def test_a_conversation_goes_on(demo: None) -> None:
    open_clock = AnswerClock.objects.running().get()
    assert open_clock.message.author == person("irina")
    assert open_clock.due_at == NOW + dt.timedelta(hours=19)
    answered = AnswerClock.objects.exclude(ended_at=None).get()
    assert answered.answered_in == dt.timedelta(hours=2, minutes=10)
    assert Message.objects.filter(is_note=True).count() == 2


def test_mails_of_the_past_are_not_sent(demo: None) -> None:
    assert not OutgoingMail.objects.unsent().exists()


def test_the_companies_know_nothing_of_each_other(demo: None) -> None:
    assert [p.code for p in Project.objects.visible_to(person("other"))] == ["NORD"]
    assert [p.code for p in Project.objects.visible_to(person("member"))] == ["HOUSE"]


def test_it_is_loaded_once_and_removed_whole(settings: Any, tmp_path: Any, house: Project) -> None:
    settings.PORTAL_HOME = tmp_path / "home"
    settings.DEMO_PASSWORD = "chosen by the operator"
    Project.objects.filter(pk=house.pk).update(code="OURS")
    for _ in range(2):
        call_command("seed_demo", verbosity=0)
    logins = settings.PORTAL_HOME / "demo-logins.txt"
    assert "chosen by the operator" in logins.read_text()
    assert stat.S_IMODE(logins.stat().st_mode) == 0o600
    assert Client.objects.filter(is_demo=True).count() == 2
    assert person("viewer").check_password("chosen by the operator")
    call_command("remove_demo", verbosity=0)
    assert not logins.exists()
    assert not User.objects.filter(email__endswith="@demo.example").exists()
    assert list(Project.objects.all()) == [house]
    assert not Thread.objects.exists()


def test_it_is_not_removed_from_under_somebody(demo: None) -> None:
    client = Client.objects.create(name="Real company", manager=person("manager"))
    make_project(client, code="REAL")
    with pytest.raises(Exception, match="Real company"):
        remove_demo()
    assert Client.objects.filter(is_demo=True).count() == 2


def test_production_refuses_it(settings: Any) -> None:
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="production"):
        call_command("seed_demo")

from __future__ import annotations

import datetime as dt
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from clients.actions import set_password
from clients.models import User
from cxportal.notifications.claims import database_time
from cxportal.notifications.models import Heartbeat, OutgoingMail
from cxportal.portal import due
from tests.smtp import SmtpServer

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("run_due", *arguments, stdout=out)
    return out.getvalue()


def test_one_pass_sends_what_waits_and_says_so(owner: User, smtp: SmtpServer) -> None:
    set_password(user=owner, password="a good long one")
    assert "mail: 1\n" in run()
    assert smtp.recipients() == [owner.email]
    assert "mail: 0\n" in run()


def test_without_a_mail_server_the_mail_is_in_the_folder(
    owner: User, settings: Settings, tmp_path: Path
) -> None:
    settings.EMAIL_BACKEND = "cxportal.notifications.backends.FolderBackend"
    settings.MAIL_DIR = tmp_path / "mail"
    set_password(user=owner, password="a good long one")
    run()
    (file,) = (tmp_path / "mail").iterdir()
    assert owner.email in file.name


def test_at_treats_the_instant_as_now(owner: User, smtp: SmtpServer) -> None:
    set_password(user=owner, password="a good long one")
    later = database_time() + dt.timedelta(days=3)
    OutgoingMail.objects.update(due_at=later)
    run("--at", (later - dt.timedelta(minutes=1)).isoformat())
    assert smtp.accepted == []
    run("--at", later.isoformat())
    assert len(smtp.accepted) == 1


@pytest.mark.parametrize("text", ["friday", "2026-13-01T10:00Z", "2026-11-27", "2026-11-27T16:00", ""])
def test_an_instant_that_is_none_is_refused_by_name(text: str) -> None:
    with pytest.raises(CommandError, match=f"--at {text}"):
        run("--at", text)


def test_a_production_installation_refuses_another_now(settings: Settings) -> None:
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="--force"):
        run("--at", "2026-11-27T16:00Z")
    assert "mail: 0" in run("--at", "2026-11-27T16:00Z", "--force")
    assert "mail: 0" in run()


def test_each_part_leaves_a_sign_of_life() -> None:
    run()
    assert {"mail", "tick"} <= set(Heartbeat.objects.values_list("name", flat=True))
    assert Heartbeat.objects.get(name="mail").data["error"] == ""


def test_a_part_that_fails_does_not_stop_the_others(
    owner: User, smtp: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(now: dt.datetime | None) -> int:
        raise RuntimeError("out of luck")

    monkeypatch.setattr(due, "PARTS", {"luck": fail, **due.PARTS})
    set_password(user=owner, password="a good long one")
    with pytest.raises(CommandError):
        run()
    assert len(smtp.accepted) == 1
    assert Heartbeat.objects.get(name="luck").data["error"] == "RuntimeError: out of luck"

"""Loads the demo agency, and takes it away again."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

from django.db import transaction
from django.db.models import ProtectedError
from django.utils import timezone

from clients.models import Client, User
from cxportal.notifications.models import OutgoingMail
from cxportal.portal.demo.house import make_house
from cxportal.portal.demo.people import DOMAIN, LOGINS, make_agency, open_to
from cxportal.portal.demo.talks import make_talks
from cxportal.portal.demo.warehouse import make_warehouse
from feedback.models import AnswerClock, Thread
from projects.models import Project, Task


class DemoStays(Exception):
    """Something of people who are no demo hangs on it; says what."""


def is_loaded() -> bool:
    return Client.objects.filter(is_demo=True).exists()


@transaction.atomic
def load_demo(*, password: str, now: dt.datetime | None = None) -> None:
    """Makes the agency as it stands at `now` (aware). Its mails of the past are not sent."""
    now = now or timezone.now()
    agency = make_agency(password)
    house = make_house(agency, now)
    make_warehouse(agency, now)
    open_to(agency, house)
    make_talks(agency, house, now)
    OutgoingMail.objects.filter(to__endswith=f"@{DOMAIN}").unsent().update(
        state=OutgoingMail.State.SUPPRESSED, reason="part of the demonstration"
    )


@transaction.atomic
def remove_demo() -> None:
    """Takes away the demo's companies, projects and people. Raises DemoStays where others' things hang on them."""
    projects = Project.objects.filter(client__is_demo=True)
    AnswerClock.objects.filter(thread__client__is_demo=True).delete()
    Thread.objects.filter(client__is_demo=True).delete()
    Task.objects.filter(project__in=projects).delete()
    projects.delete()
    people = User.objects.filter(email__endswith=f"@{DOMAIN}")
    OutgoingMail.objects.filter(to__endswith=f"@{DOMAIN}").delete()
    try:
        Client.objects.filter(is_demo=True).delete()
        people.delete()
    except ProtectedError as error:
        held = ", ".join(sorted(str(thing) for thing in error.protected_objects))
        raise DemoStays(held) from error


def write_logins(path: Path, password: str) -> None:
    """The logins as lines of text, readable by the owner alone from the moment the file exists."""
    width = max(len(login) for login in LOGINS) + len(DOMAIN) + 1
    lines = [f"{f'{login}@{DOMAIN}':<{width}}  {role}" for login, role in LOGINS.items()]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write("\n".join([*lines, f"password of all of them: {password}", ""]))

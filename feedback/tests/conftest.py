"""What the tests of conversations begin with: a client, a team, and a question asked at a fixed moment."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from clients.models import User
from feedback import actions
from feedback.models import AnswerClock, Thread
from projects.models import Project
from tests.factories import make_user

# A Tuesday.
NOW = dt.datetime(2026, 11, 24, 9, 0, tzinfo=dt.UTC)
HOUR, MINUTE, DAY = dt.timedelta(hours=1), dt.timedelta(minutes=1), dt.timedelta(days=1)


def at(hours: float) -> dt.datetime:
    """So many hours after NOW."""
    return NOW + hours * HOUR


Ask = Callable[..., Thread]


@pytest.fixture
def ask(owner: User, house: Project) -> Ask:
    """Asks as the owner, about the house, at NOW; arguments of `start_thread` change that."""

    def ask(**details: Any) -> Thread:
        arguments: dict[str, Any] = {
            "by": owner,
            "client": house.client,
            "project": house,
            "subject": "Socket",
            "body": "Can we move the socket?",
            "now": NOW,
        } | details
        return actions.start_thread(**arguments)

    return ask


@pytest.fixture
def anna(house: Project) -> User:
    """A specialist of the house; Boris is her backup and on the team as well."""
    anna = make_user("Anna Answer", email="anna@example.com", staff_role="specialist")
    boris = make_user("Boris Backup", email="boris@example.com", staff_role="specialist")
    anna.staff_profile.backup = boris
    anna.staff_profile.save()
    house.team.add(anna, boris)
    return anna


@pytest.fixture
def boris(anna: User) -> User:
    backup = anna.staff_profile.backup
    assert backup is not None
    return backup


def clock_of(thread: Thread) -> AnswerClock:
    """The only clock, as it is in the table."""
    return thread.clocks.get()

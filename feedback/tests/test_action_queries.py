"""How many queries writing costs: the budget of a post is 15, two or three of them before the action."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clients.models import User
from feedback import actions
from feedback.models import Message, Thread
from feedback.tests.conftest import NOW, Ask, at
from tests.factories import make_contact


def statements(work: Callable[[], object]) -> int:
    """Queries but savepoints, which are there for the tests' own transaction."""
    with CaptureQueriesContext(connection) as captured:
        work()
    return sum("SAVEPOINT" not in query["sql"] for query in captured)


@pytest.fixture
def thread(ask: Ask, anna: User, manager: User) -> Thread:
    thread = ask()
    actions.assign(thread=thread, by=manager, assignee=anna, now=NOW)
    return thread


def post(thread: Thread, by: User, hours: float) -> Callable[[], Message]:
    return lambda: actions.post_message(thread=thread, by=by, body="Hello?", now=at(hours))


def test_a_clients_message_that_joins_a_clock(thread: Thread, owner: User) -> None:
    assert statements(post(thread, owner, 1)) <= 10


def test_a_clients_message_that_starts_a_clock(thread: Thread, owner: User, anna: User) -> None:
    actions.post_message(thread=thread, by=anna, body="Yes.", now=at(1))
    assert statements(post(thread, owner, 2)) <= 12


def test_an_answer(thread: Thread, anna: User) -> None:
    assert statements(post(thread, anna, 1)) <= 9


def test_an_answer_costs_the_same_for_twice_as_many_messages_and_followers(
    thread: Thread, owner: User, anna: User
) -> None:
    counts = []
    for hour in (1, 2):
        for _number in range(5):
            actions.post_message(thread=thread, by=owner, body="Hello?", now=at(hour))
            thread.followers.add(make_contact(thread.client, "owner"))
        counts.append(statements(post(thread, anna, hour + 0.5)))
    assert counts[0] == counts[1]

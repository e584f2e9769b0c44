"""The sweep costs by what is due, not by what is open."""

from __future__ import annotations

import json

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from clients.models import User
from feedback import actions, ladder
from feedback.models import AnswerClock, Thread
from feedback.tests.conftest import DAY, Ask, at

OPEN = 5000


@pytest.fixture
def many_open(ask: Ask, anna: User, manager: User) -> Thread:
    """Thousands of open clocks of which nothing is due at `at(12)`, and a conversation of Anna's to copy."""
    thread = ask()
    actions.assign(thread=thread, by=manager, assignee=anna, now=at(0))
    clock = thread.clocks.get()
    threads = Thread.objects.bulk_create(
        [
            Thread(client=thread.client, project=thread.project, subject=str(n), assignee=anna)
            for n in range(OPEN)
        ],
        batch_size=1000,
    )
    AnswerClock.objects.bulk_create(
        [
            AnswerClock(
                thread=one,
                message=clock.message,
                policy=clock.policy,
                started_at=clock.started_at + 9 * DAY,
                due_at=clock.due_at + 9 * DAY,
                first_due_at=clock.due_at + 9 * DAY,
                next_rung_at=at(12) + 9 * DAY,
            )
            for one in threads
        ],
        batch_size=1000,
    )
    clock.delete()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE feedback_answerclock")
    return thread


def make_due(count: int) -> None:
    clocks = AnswerClock.objects.filter(rung=0).values_list("pk", flat=True)[:count]
    AnswerClock.objects.filter(pk__in=list(clocks)).update(
        started_at=at(0), due_at=at(24), first_due_at=at(24), next_rung_at=at(12)
    )


def test_the_clocks_that_are_due_are_found_by_the_index_of_running_ones(many_open: Thread) -> None:
    due = AnswerClock.objects.with_rung_due(at(12)).order_by("next_rung_at")[:100]
    (plan,) = json.loads(due.explain(format="json", analyze=True))
    text = json.dumps(plan)
    assert "clock_rung_due" in text
    assert "Seq Scan" not in text
    assert plan["Plan"]["Actual Rows"] == 0


def test_a_pass_takes_as_many_queries_for_twice_as_many_due(
    many_open: Thread, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for count in (10, 20):
        make_due(count)
        with django_assert_num_queries(11):
            assert ladder.remind_due(at(12)) == count
    with django_assert_num_queries(3):  # and the savepoint around them
        assert ladder.remind_due(at(12)) == 0

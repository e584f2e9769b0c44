"""A pass of what is due costs by what is due: nothing reads what is stored."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet
from pytest_django import DjangoAssertNumQueries

from cxportal.notifications.models import OutgoingMail
from cxportal.notifications.sending import send_due
from cxportal.portal.load import seed_load
from cxportal.portal.models import BoardSchedule
from cxportal.portal.weekly.schedules import queue_due_boards
from feedback.ladder import remind_due
from feedback.models import AnswerClock

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 11, 26, 15, 0, tzinfo=dt.UTC)
MANY = 3000
State = OutgoingMail.State


@pytest.fixture
def much() -> None:
    """Thousands of clocks, boards and mails, of which nothing is due at NOW."""
    seed_load(clients=2, projects=4, tasks=0, threads=MANY, people=MANY, now=NOW)
    OutgoingMail.objects.bulk_create(
        OutgoingMail(
            kind="reminder",
            dedupe_key=str(number),
            message_id=f"<{number}@load.example>",
            to="somebody@load.example",
            state=State.SENT if number % 2 else State.QUEUED,
            due_at=NOW + dt.timedelta(days=-1 if number % 2 else 1),
        )
        for number in range(MANY)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE notifications_outgoingmail")


@pytest.mark.parametrize(
    ("due", "index"),
    [
        (lambda: AnswerClock.objects.with_rung_due(NOW).order_by("next_rung_at"), "clock_rung_due"),
        (lambda: BoardSchedule.objects.due(NOW).order_by("next_slot_at", "pk"), "board_slot_due"),
        (lambda: OutgoingMail.objects.due(NOW).order_by("due_at", "pk"), "mail_due"),
        (
            lambda: OutgoingMail.objects.filter(state__in=OutgoingMail.UNDER_WAY, lease_until__lt=NOW),
            "mail_leased",
        ),
    ],
)
def test_what_is_due_is_found_by_its_partial_index(much: None, due: Any, index: str) -> None:
    rows: QuerySet[Any] = due()[:100]
    (plan,) = json.loads(rows.explain(format="json", analyze=True))
    assert index in json.dumps(plan)
    assert "Seq Scan" not in json.dumps(plan)
    assert plan["Plan"]["Actual Rows"] == 0


def test_with_nothing_due_a_pass_is_a_handful_of_queries(
    much: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    # Each is one query in a transaction, here a savepoint; of mails the leases that ran out, and the claim.
    with django_assert_num_queries(3):
        assert remind_due(NOW) == 0
    with django_assert_num_queries(3):
        assert queue_due_boards(NOW) == 0
    with django_assert_num_queries(6):
        assert send_due(NOW) == 0


def test_a_pass_takes_as_many_queries_among_ten_times_as_many_open(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    numbers: dict[str, Any] = {"clients": 3, "projects": 6, "tasks": 0, "people": 40}
    none: dict[str, Any] = dict.fromkeys(numbers, 0)
    seed_load(threads=60, due=20, now=NOW, **numbers)
    with django_assert_num_queries(11):
        assert remind_due(NOW) == 20
    seed_load(threads=540, due=20, now=NOW, **none)
    with django_assert_num_queries(11):
        assert remind_due(NOW) == 20

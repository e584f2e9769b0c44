"""A clock explained in words."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone, translation
from pytest_django import DjangoAssertNumQueries

from clients.models import User
from feedback import actions, ladder
from feedback.facts import ClockFacts, clock_facts, policy_words
from feedback.models import AnswerClock, Thread
from feedback.policy import Policy, Span, WorkingTime
from feedback.tests.conftest import NOW, Ask, at


def facts_of(thread: Thread, hours: float) -> ClockFacts:
    return clock_facts(AnswerClock.objects.with_ledger().get(thread=thread), at(hours))


@pytest.fixture
def thread(ask: Ask, anna: User, manager: User) -> Thread:
    thread = ask()
    actions.assign(thread=thread, by=manager, assignee=anna, now=NOW)
    return thread


def test_a_running_clock_says_why_it_is_due_then_and_how_much_time_is_used(thread: Thread) -> None:
    facts = facts_of(thread, 6)
    assert facts.policy == "an answer within 24 h, day and night"
    assert facts.share == 0.25
    assert not facts.is_late
    assert (facts.late_words, facts.answered_words) == ("", "")


def test_once_late_the_client_reads_who_was_told(thread: Thread) -> None:
    ladder.remind_due(at(24.5))
    facts = facts_of(thread, 25)
    assert facts.late_words == "We are late. Anna, Boris and Maria were told at 09:30."
    assert [person.name for person in facts.told] == ["Anna Answer", "Boris Backup", "Maria Manager"]
    assert facts_of(thread, 49).late_words == (
        "We are late. Anna, Boris and Maria were told yesterday 09:30."
    )


def test_one_person_told_is_said_of_one(ask: Ask, manager: User) -> None:
    thread = ask()
    ladder.remind_due(at(24.5))
    assert facts_of(thread, 25).late_words == "We are late. Maria was told at 09:30."


def test_late_before_anybody_was_told(thread: Thread) -> None:
    ladder.remind_due(at(18))
    assert facts_of(thread, 24.1).late_words == "We are late."


def test_the_times_are_the_readers(thread: Thread) -> None:
    ladder.remind_due(at(24.5))
    with timezone.override("Europe/Moscow"), translation.override("ru"):
        facts = facts_of(thread, 25)
        assert facts.late_words == (
            "Мы опаздываем с ответом. В 12:30 об этом оповещены: Anna, Boris и Maria."
        )


def test_answered_in_elapsed_time(thread: Thread, anna: User) -> None:
    actions.post_message(thread=thread, by=anna, body="Yes.", now=at(2))
    facts = facts_of(thread, 100)
    assert facts.answered_words == "2 h"
    assert facts.worked_in is None


def test_with_a_policy_of_working_time_the_working_time_stands_beside_it(thread: Thread, anna: User) -> None:
    policy = {
        "kind": "working",
        "minutes": 480,
        "zone": "Europe/Berlin",
        "spans": [[day, "09:00", "17:00"] for day in range(5)],
    }
    AnswerClock.objects.update(policy=policy)
    actions.post_message(thread=thread, by=anna, body="Yes.", now=at(24))
    facts = facts_of(thread, 100)
    assert facts.answered_in == dt.timedelta(hours=24)
    assert facts.worked_in == dt.timedelta(hours=8)
    assert facts.answered_words == "24 h (8 h of working time)"
    assert facts.policy == "an answer within 8 h of working time: Mon–Fri 09:00–17:00 (Europe/Berlin)"


def test_late_once_is_late_for_good(thread: Thread, anna: User) -> None:
    ladder.remind_due(at(24.5))
    actions.post_message(thread=thread, by=anna, body="Sorry.", now=at(25))
    facts = facts_of(thread, 25)
    assert facts.late_words.startswith("We were late. Anna, Boris")


def test_the_ledger_says_who_was_reminded_when_and_what_was_left_out_and_why(
    thread: Thread, anna: User
) -> None:
    ladder.remind_due(at(18))
    anna.is_active = False
    anna.save()
    ladder.remind_due(at(21.6))
    lines = [
        (line.rung, str(line.person or ""), line.outcome, line.reason) for line in facts_of(thread, 22).ledger
    ]
    assert lines == [
        ("50 %", "", "not reminded", "reminded together with a later one"),
        ("75 %", "Anna Answer", "reminded", ""),
        ("75 %", "Boris Backup", "reminded", ""),
        ("90 %", "Boris Backup", "reminded", ""),
        ("90 %", "Maria Manager", "reminded", ""),
        ("90 %", "Anna Answer", "not reminded", "may not sign in"),
    ]


def test_a_moved_due_time_comes_with_its_reason(thread: Thread, manager: User) -> None:
    actions.move_due(clock=thread.clocks.get(), by=manager, due_at=at(48), reason="Tiler is away", now=at(1))
    facts = facts_of(thread, 12)
    assert [change.reason for change in facts.due_changes] == ["Tiler is away"]
    assert facts.share == 0.25


def test_a_page_never_fails_for_a_clock_that_cannot_be_computed(thread: Thread) -> None:
    AnswerClock.objects.update(policy={"kind": "nonsense"})
    assert facts_of(thread, 25).share == 1.0


def test_no_queries_for_a_clock_fetched_with_its_ledger(
    thread: Thread, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    ladder.remind_due(at(25))
    clock = AnswerClock.objects.with_ledger().get(thread=thread)
    with django_assert_num_queries(0):
        facts = clock_facts(clock, at(26))
        assert facts.late_words
        assert all(line.mail is not None for line in facts.ledger if line.is_told)


def test_a_week_of_different_days_in_words() -> None:
    spans = (
        Span.of(0, "09:00", "13:00"),
        Span.of(0, "14:00", "18:00"),
        Span.of(1, "09:00", "13:00"),
        Span.of(1, "14:00", "18:00"),
        Span.of(5, "22:00", "24:00"),
    )
    working = WorkingTime(zone="UTC", spans=spans, country="DE")
    assert policy_words(Policy(90, working)) == (
        "an answer within 1 h 30 min of working time: "
        "Mon–Tue 09:00–13:00, 14:00–18:00; Sat 22:00–24:00, but no holidays (UTC)"
    )

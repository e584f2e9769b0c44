"""Any order of what people may do in a conversation keeps the rules of its clock.

What is to hold is worked out here from the messages alone, as rules.md words it, and compared with the clocks.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from feedback import actions, ladder
from feedback.errors import ActionRefused
from feedback.models import AnswerClock, Message, Reminder, Thread
from feedback.tests.conftest import NOW
from tests.factories import make_client, make_contact, make_project, make_user

seconds = st.sampled_from([1, 5, 9, 30, 400, 599, 3 * 3600, 13 * 3600, 30 * 3600])


class Conversation(RuleBasedStateMachine):
    """One conversation, two client people, two of ours; time only goes forward."""

    def __init__(self) -> None:
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.manager = make_user(staff_role="manager")
        self.anna = make_user(staff_role="specialist")
        client = make_client(manager=self.manager)
        project = make_project(client, team=[self.anna])
        self.owner = make_contact(client, "owner")
        self.member = make_contact(client, "member", projects=[project])
        self.now = NOW
        self.thread = actions.start_thread(
            by=self.owner, client=client, project=project, subject="Socket", body="Where?", now=self.now
        )
        self.excused: set[int] = set()
        self.breaches: dict[int, dt.datetime] = {}

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)

    def messages(self, *, by_client: bool) -> list[Message]:
        public = self.thread.messages.public()
        return list(public.filter(by_client=by_client).order_by("pk"))

    def attempt(self, action: Any, **arguments: Any) -> Any:
        """What is refused must change nothing: the invariants see to it."""
        try:
            return action(now=self.now, **arguments)
        except (ActionRefused, PermissionDenied):
            return None

    @rule(passed=seconds)
    def time_passes(self, passed: int) -> None:
        self.now += dt.timedelta(seconds=passed)

    @rule(owner=st.booleans(), late=st.sampled_from([0, 0, 0, 2, 20]))
    def client_writes(self, owner: bool, late: int) -> None:
        by = self.owner if owner else self.member
        details: dict[str, Any] = {}
        if late:
            details = {"via": "email", "received_at": self.now - dt.timedelta(hours=late)}
        actions.post_message(thread=self.thread, by=by, body="Well?", now=self.now, **details)

    @rule(manager=st.booleans(), late=st.sampled_from([0, 0, 0, 1, 10]))
    def we_answer(self, manager: bool, late: int) -> None:
        details: dict[str, Any] = {}
        if late:
            details = {"via": "email", "received_at": self.now - dt.timedelta(hours=late)}
        by = self.manager if manager else self.anna
        actions.post_message(thread=self.thread, by=by, body="So.", now=self.now, **details)

    @rule()
    def we_call(self) -> None:
        actions.record_call(thread=self.thread, by=self.anna, body="Said so", now=self.now)

    @rule()
    def we_note(self) -> None:
        actions.write_note(thread=self.thread, by=self.anna, body="Hm", now=self.now)

    @rule(index=st.integers(0, 9), by_client=st.booleans())
    def take_back(self, index: int, by_client: bool) -> None:
        found = self.messages(by_client=by_client)[-(index % 3) - 1 :]
        if found and found[0].author:
            self.attempt(actions.take_back, message=found[0], by=found[0].author)

    @rule(index=st.integers(0, 9))
    def delete_words_of_ours(self, index: int) -> None:
        found = self.messages(by_client=False)
        if found:
            self.attempt(actions.delete_answer, message=found[index % len(found)], by=self.manager)

    @rule(ask_before=st.booleans())
    def delete_what_answered_last(self, ask_before: bool) -> None:
        answered = self.thread.clocks.filter(answer__isnull=False).order_by("ended_at", "pk").last()
        if answered is not None:
            if ask_before:
                self.client_writes(owner=True, late=0)
            self.attempt(actions.delete_answer, message=answered.answer, by=self.manager)

    @rule()
    def excuse(self) -> None:
        waiting = self.unanswered()
        if self.attempt(actions.no_reply_needed, thread=self.thread, by=self.anna, reason="Thanks only"):
            self.excused |= {message.pk for message in waiting}

    @precondition(lambda self: self.running() is not None)
    @rule(hours=st.integers(1, 60))
    def move_due(self, hours: int) -> None:
        due_at = self.now + dt.timedelta(hours=hours)
        self.attempt(
            actions.move_due, clock=self.running(), by=self.manager, due_at=due_at, reason="Tiler is away"
        )

    @rule()
    def close(self) -> None:
        self.attempt(actions.close_thread, thread=self.thread, by=self.anna)

    @rule(who=st.sampled_from(["anna", "manager", None]))
    def assign(self, who: str | None) -> None:
        assignee = getattr(self, who) if who else None
        self.attempt(actions.assign, thread=self.thread, by=self.manager, assignee=assignee)

    @rule()
    def remind(self) -> None:
        ladder.remind_due(self.now)

    def running(self) -> AnswerClock | None:
        return self.thread.clocks.running().first()

    def unanswered(self) -> list[Message]:
        """Public words of the client that no public words of ours, written after they were stored, follow."""
        ours = self.messages(by_client=False)

        def is_answered(words: Message) -> bool:
            return any(
                answer.pk > words.pk and (answer.via != "email" or answer.received_at >= words.stored_at)
                for answer in ours
            )

        return [
            words
            for words in self.messages(by_client=True)
            if words.pk not in self.excused and not is_answered(words)
        ]

    @invariant()
    def a_clock_runs_exactly_while_somebody_waits(self) -> None:
        waiting = self.unanswered()
        clock = self.running()
        assert (clock is not None) == bool(waiting)
        assert self.thread.clocks.running().count() <= 1
        if clock is not None:
            oldest = min(waiting, key=lambda words: (words.received_at, words.pk))
            assert (clock.message, clock.started_at) == (oldest, oldest.received_at)
            assert set(clock.messages.public()) == set(waiting)

    @invariant()
    def a_running_clock_is_due_after_its_policys_time_unless_a_manager_moved_it(self) -> None:
        clock = self.running()
        if clock is not None:
            assert clock.first_due_at == clock.started_at + dt.timedelta(hours=24)
            assert clock.due_at == clock.first_due_at or clock.due_changes.exists()
            assert clock.next_rung_at is not None

    @invariant()
    def breaches_are_never_erased(self) -> None:
        rows = dict(self.thread.clocks.values_list("pk", "late_since"))
        for pk, since in self.breaches.items():
            assert rows[pk] == since
        self.breaches |= {pk: since for pk, since in rows.items() if since is not None}

    @invariant()
    def an_ended_clock_says_how_and_what_answered_it_is_there(self) -> None:
        for clock in self.thread.clocks.exclude(ended_at=None).select_related("answer"):
            assert clock.ending
            assert clock.ended_at is not None
            assert clock.ended_at >= clock.started_at
            if clock.ending in {"answered", "by_phone"}:
                assert clock.answer is not None
                assert clock.answer.withdrawn_at is None
                assert (clock.late_since is not None) or clock.ended_at <= clock.due_at

    @invariant()
    def a_closed_conversation_hides_nobody_who_waits(self) -> None:
        thread = Thread.objects.get(pk=self.thread.pk)
        assert thread.is_open or self.running() is None

    @invariant()
    def each_rung_once_per_clock_and_person(self) -> None:
        lines = list(Reminder.objects.values_list("clock", "rung", "user"))
        assert len(lines) == len(set(lines))
        mails = list(Reminder.objects.exclude(mail=None).values_list("mail", flat=True))
        assert len(mails) == len(set(mails))


@pytest.mark.django_db
def test_any_order_of_actions_keeps_the_rules_of_the_clock() -> None:
    run_state_machine_as_test(
        Conversation,
        settings=settings(
            max_examples=30, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )

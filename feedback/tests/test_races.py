"""Two things at the same moment end as one after the other: real connections, real locks."""

from __future__ import annotations

import datetime as dt
import random
import threading
import uuid
from functools import partial

import pytest
from django.db import transaction
from django.utils import timezone

from clients.models import User
from cxportal.notifications.mail import kind_of
from cxportal.notifications.models import OutgoingMail
from feedback import actions, ladder
from feedback.errors import ActionRefused
from feedback.models import AnswerClock, Message, Reminder, Thread
from feedback.tests.concurrent import Work, uncommitted, wait_until_blocked
from feedback.tests.conftest import Ask, at, clock_of

pytestmark = pytest.mark.django_db(transaction=True)


def why_not(mail: OutgoingMail) -> str:
    with transaction.atomic():
        return kind_of(mail).why_not(mail)


def test_two_sweepers_at_once_remind_of_everything_once(ask: Ask) -> None:
    for _number in range(130):
        ask()
    start = threading.Barrier(2)

    def sweep() -> int:
        start.wait()
        return ladder.remind_due(at(12))

    sweepers = [Work(sweep), Work(sweep)]
    assert sum(sweeper.result() for sweeper in sweepers) == 130
    assert Reminder.objects.filter(outcome="queued").count() == 130
    assert OutgoingMail.objects.filter(kind="reminder").count() == 130


def test_a_second_sweeper_passes_over_what_the_first_one_holds(ask: Ask) -> None:
    for _number in range(3):
        ask()
    with uncommitted(lambda: ladder.remind_due(at(12), limit=2)):
        assert Work(lambda: ladder.remind_due(at(12))).result() == 1
    assert OutgoingMail.objects.filter(kind="reminder").count() == 3


def test_a_reminder_passes_over_a_clock_that_is_being_answered(ask: Ask, manager: User) -> None:
    thread = ask()
    with uncommitted(lambda: actions.post_message(thread=thread, by=manager, body="Yes.")):
        assert Work(lambda: ladder.remind_due(at(12))).result() == 0
    assert ladder.remind_due(at(12)) == 0
    assert not Reminder.objects.exists()


def test_an_answer_waits_for_a_reminder_that_is_being_claimed_and_then_stops_its_mail(
    ask: Ask, manager: User
) -> None:
    thread = ask()
    with uncommitted(lambda: ladder.remind_due(at(12))):
        answer = Work(lambda: actions.post_message(thread=thread, by=manager, body="Yes."))
        wait_until_blocked(answer)
    answer.result()
    clock = clock_of(thread)
    assert (clock.ending, clock.rung) == ("answered", 50)
    assert why_not(OutgoingMail.objects.get(kind="reminder")) == "the clock had ended"
    assert Reminder.objects.get(user=manager).outcome == "suppressed"


def test_a_reminder_about_to_be_sent_waits_for_an_answer_that_is_being_written(
    ask: Ask, manager: User
) -> None:
    thread = ask()
    ladder.remind_due(at(12))
    mail = OutgoingMail.objects.get(kind="reminder")
    with uncommitted(lambda: actions.post_message(thread=thread, by=manager, body="Yes.")):
        asked = Work(lambda: why_not(mail))
        wait_until_blocked(asked)
    assert asked.result() == "the clock had ended"


def test_a_second_message_that_comes_first_is_answered_too(ask: Ask, owner: User, manager: User) -> None:
    thread = ask()
    with uncommitted(lambda: actions.post_message(thread=thread, by=owner, body="And the door?")):
        answer = Work(lambda: actions.post_message(thread=thread, by=manager, body="Yes."))
        wait_until_blocked(answer)
    message = answer.result()
    clock = clock_of(thread)
    assert clock.answer == message
    assert clock.messages.count() == 2


def test_a_second_message_that_comes_after_the_answer_opens_a_new_clock(
    ask: Ask, owner: User, manager: User
) -> None:
    thread = ask()
    with uncommitted(lambda: actions.post_message(thread=thread, by=manager, body="Yes.")):
        question = Work(lambda: actions.post_message(thread=thread, by=owner, body="And the door?"))
        wait_until_blocked(question)
    message = question.result()
    running = thread.clocks.running().get()
    assert (running.message, running.started_at) == (message, message.stored_at)
    answered = thread.clocks.exclude(pk=running.pk).get()
    assert answered.ended_at is not None
    assert answered.ended_at <= message.stored_at


def test_two_answers_at_once_the_first_one_counts(ask: Ask, manager: User, specialist: User) -> None:
    thread = ask()
    with uncommitted(lambda: actions.post_message(thread=thread, by=manager, body="Yes.")):
        second = Work(lambda: actions.post_message(thread=thread, by=specialist, body="No."))
        wait_until_blocked(second)
    second.result()
    assert clock_of(thread).ended_by == manager
    assert thread.messages.count() == 3


def test_closing_waits_for_a_question_and_is_refused(ask: Ask, owner: User, manager: User) -> None:
    thread = ask()
    actions.post_message(thread=thread, by=manager, body="Yes.")
    with uncommitted(lambda: actions.post_message(thread=thread, by=owner, body="When?")):
        closing = Work(lambda: actions.close_thread(thread=thread, by=manager))
        wait_until_blocked(closing)
    with pytest.raises(ActionRefused):
        closing.result()


def test_an_answer_taken_back_while_its_mail_is_about_to_leave(ask: Ask, manager: User) -> None:
    thread = ask()
    answer = actions.post_message(thread=thread, by=manager, body="Yes.")
    mail = OutgoingMail.objects.get(kind="thread.answer")
    with uncommitted(lambda: actions.take_back(message=answer, by=manager)):
        asked = Work(lambda: why_not(mail))
        wait_until_blocked(asked)
    assert asked.result() == "the message was taken back"
    assert clock_of(thread).is_running


def test_the_same_form_twice_at_once_is_one_conversation(ask: Ask, owner: User) -> None:
    form_key = uuid.uuid4()
    with uncommitted(lambda: ask(form_key=form_key)):
        again = Work(lambda: ask(form_key=form_key))
        wait_until_blocked(again)
    assert Thread.objects.get() == again.result()
    assert AnswerClock.objects.count() == Message.objects.count() == 1


def test_the_same_words_twice_at_once_are_one_message(ask: Ask, owner: User) -> None:
    thread, form_key = ask(), uuid.uuid4()

    def post() -> Message:
        return actions.post_message(thread=thread, by=owner, body="Hello?", form_key=form_key)

    with uncommitted(post):
        again = Work(post)
        wait_until_blocked(again)
    assert again.result() == thread.messages.order_by("pk")[1]
    assert thread.messages.count() == 2


def test_everything_at_once_never_blocks_for_good(
    ask: Ask, owner: User, member: User, manager: User, specialist: User
) -> None:
    """Six workers over two conversations: whatever order the locks come in, no deadlock, and one clock each."""
    threads = [ask(now=timezone.now()), ask(by=member, now=timezone.now())]
    people = {"client": [owner, member], "ours": [manager, specialist]}

    def act(seed: int) -> None:
        dice = random.Random(seed)
        mine: list[Message] = []
        for _turn in range(15):
            thread = dice.choice(threads)
            try:
                match dice.randrange(8):
                    case 0 | 1:
                        actions.post_message(thread=thread, by=dice.choice(people["client"]), body="Hello?")
                    case 2 | 3:
                        mine.append(
                            actions.post_message(thread=thread, by=manager, body=f"Yes {dice.random()}")
                        )
                    case 4 if mine:
                        actions.delete_answer(message=mine.pop(), by=manager)
                    case 5:
                        actions.assign(thread=thread, by=manager, assignee=dice.choice(people["ours"]))
                    case 6:
                        ladder.remind_due(timezone.now() + dt.timedelta(hours=dice.randrange(48)))
                    case _:
                        for mail in OutgoingMail.objects.order_by("?")[:3]:
                            why_not(mail)
            except ActionRefused:
                pass

    for worker in [Work(partial(act, seed)) for seed in range(6)]:
        worker.result()
    for thread in threads:
        assert thread.clocks.running().count() <= 1

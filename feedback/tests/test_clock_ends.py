"""rules.md, Answer clock: what stops a clock, what does not, how else it ends, and when it runs again."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied

from clients.models import Client, User
from feedback import actions
from feedback.errors import (
    AlreadyAnswered,
    ClockRuns,
    DueTimeRefused,
    NothingToAnswer,
    NotSeenByClient,
    TextRefused,
    TooLateToTakeBack,
)
from feedback.models import AnswerClock, Message, Thread
from feedback.tests.conftest import DAY, MINUTE, NOW, Ask, at, clock_of
from projects.models import Project
from tests.factories import make_task, make_user

SECOND = dt.timedelta(seconds=1)
Ending = AnswerClock.Ending


def answer(thread: Thread, by: User, hours: float, body: str = "Yes.") -> Message:
    return actions.post_message(thread=thread, by=by, body=body, now=at(hours))


def test_the_first_public_message_of_ours_stops_it(ask: Ask, owner: User, specialist: User) -> None:
    thread = ask()
    actions.post_message(thread=thread, by=owner, body="Hello?", now=at(1))
    first = answer(thread, specialist, 2)
    answer(thread, specialist, 3, "By the way")
    clock = clock_of(thread)
    assert (clock.ending, clock.answer, clock.ended_by) == (Ending.ANSWERED, first, specialist)
    assert clock.ended_at == at(2)
    assert clock.answered_in == dt.timedelta(hours=2)
    assert not clock.is_late(at(100))


def test_an_answer_at_the_due_time_is_in_time_and_a_second_later_late(ask: Ask, manager: User) -> None:
    in_time, late = ask(), ask()
    actions.post_message(thread=in_time, by=manager, body="Yes.", now=at(24))
    actions.post_message(thread=late, by=manager, body="Yes.", now=at(24) + SECOND)
    assert clock_of(in_time).late_since is None
    assert clock_of(late).late_since == at(24)


def test_notes_assignments_and_closing_do_not_stop_it(ask: Ask, specialist: User, manager: User) -> None:
    thread = ask()
    actions.write_note(thread=thread, by=specialist, body="I look into it", now=at(1))
    actions.assign(thread=thread, by=manager, assignee=specialist, now=at(2))
    with pytest.raises(ClockRuns):
        actions.close_thread(thread=thread, by=manager, now=at(3))
    assert clock_of(thread).is_running


def test_words_the_client_cannot_see_are_no_answer(
    ask: Ask, house: Project, owner: User, manager: User
) -> None:
    task = make_task(house, "Roof")
    thread = ask(task=task)
    task.is_internal = True
    task.save()
    with pytest.raises(NotSeenByClient):
        answer(thread, manager, 1)
    assert clock_of(thread).is_running
    assert thread.messages.count() == 1


def test_words_to_a_company_that_is_switched_off_are_no_answer(ask: Ask, manager: User) -> None:
    thread = ask()
    Client.objects.update(is_active=False)
    with pytest.raises(NotSeenByClient):
        answer(thread, manager, 1)


def test_a_call_that_was_held_stops_it_with_what_was_said(ask: Ask, specialist: User, owner: User) -> None:
    thread = ask()
    said = actions.record_call(thread=thread, by=specialist, body="30 cm to the left", now=at(1))
    clock = clock_of(thread)
    assert (clock.ending, clock.answer, clock.answered_in) == (Ending.BY_PHONE, said, dt.timedelta(hours=1))
    assert said in Message.objects.visible_to(owner)
    assert said.via == "phone"


def test_an_answer_covers_only_what_was_stored_before_it_was_written(
    ask: Ask, owner: User, manager: User
) -> None:
    thread = ask()
    later = actions.post_message(thread=thread, by=owner, body="And the door?", now=at(2))
    mail = actions.post_message(
        thread=thread, by=manager, body="Yes.", via="email", received_at=at(1), now=at(3)
    )
    first, second = thread.clocks.order_by("started_at")
    assert (first.answer, first.ended_at) == (mail, at(1))
    assert second.is_running
    assert (second.message, second.started_at) == (later, at(2))


def test_a_mail_fetched_late_is_not_covered_by_an_answer_written_before_it_was_stored(
    ask: Ask, owner: User, manager: User
) -> None:
    """Received at -1, stored after the answer of +1: it waits, and has waited since -1."""
    thread = ask()
    answer(thread, manager, 1)
    late = actions.post_message(
        thread=thread, by=owner, body="Hello?", via="email", received_at=at(-1), now=at(2)
    )
    clock = thread.clocks.running().get()
    assert (clock.message, clock.started_at, clock.due_at) == (late, at(-1), at(23))


def test_a_mailed_answer_ends_what_it_covers_though_the_oldest_words_came_late(
    ask: Ask, owner: User, manager: User
) -> None:
    thread = ask()
    late = actions.post_message(
        thread=thread, by=owner, body="Hello?", via="email", received_at=at(-1), now=at(2)
    )
    actions.post_message(thread=thread, by=manager, body="Yes.", via="email", received_at=at(1), now=at(3))
    running = thread.clocks.running().get()
    assert (running.message, running.started_at) == (late, at(-1))
    ended = thread.clocks.exclude(pk=running.pk).get()
    assert (ended.started_at, ended.ended_at, ended.ending) == (NOW, at(1), Ending.ANSWERED)


def test_an_answer_written_before_all_that_waits_stops_nothing(ask: Ask, manager: User) -> None:
    thread = ask()
    actions.post_message(thread=thread, by=manager, body="News", via="email", received_at=at(-1), now=at(1))
    assert clock_of(thread).is_running


def test_an_answer_taken_back_in_its_ten_seconds_opens_the_same_clock_again(
    ask: Ask, manager: User, owner: User
) -> None:
    thread = ask()
    yes = answer(thread, manager, 1)
    actions.take_back(message=yes, by=manager, now=at(1) + 9 * SECOND)
    clock = clock_of(thread)
    assert clock.is_running
    assert (clock.started_at, clock.due_at, clock.answer, clock.ended_by) == (NOW, at(24), None, None)
    assert clock.next_rung_at == at(12)
    assert yes not in Message.objects.visible_to(owner)
    assert Message.objects.get(pk=yes.pk).body == "Yes."


def test_after_ten_seconds_an_answer_cannot_be_taken_back(ask: Ask, manager: User) -> None:
    thread = ask()
    yes = answer(thread, manager, 1)
    with pytest.raises(TooLateToTakeBack):
        actions.take_back(message=yes, by=manager, now=at(1) + 10 * SECOND)
    assert not clock_of(thread).is_running


def test_an_answer_deleted_opens_the_same_clock_again_perhaps_late_at_once(
    ask: Ask, manager: User, owner: User
) -> None:
    thread = ask()
    yes = answer(thread, manager, 1)
    actions.delete_answer(message=yes, by=manager, now=at(30))
    clock = clock_of(thread)
    assert clock.is_running
    assert (clock.started_at, clock.due_at, clock.late_since) == (NOW, at(24), at(24))


def test_a_later_answer_takes_the_place_of_a_deleted_one(ask: Ask, manager: User, specialist: User) -> None:
    thread = ask()
    first = answer(thread, manager, 1)
    second = answer(thread, specialist, 25, "More")
    actions.delete_answer(message=first, by=manager, now=at(26))
    clock = clock_of(thread)
    assert (clock.answer, clock.ended_at, clock.ended_by) == (second, at(25), specialist)
    assert clock.late_since == at(24)


def test_a_call_takes_the_place_of_a_deleted_answer(ask: Ask, manager: User) -> None:
    thread = ask()
    first = answer(thread, manager, 1)
    actions.record_call(thread=thread, by=manager, body="Said so", now=at(2))
    actions.delete_answer(message=first, by=manager, now=at(3))
    assert clock_of(thread).ending == Ending.BY_PHONE


def test_when_an_answer_is_deleted_newer_questions_join_the_earlier_clock(
    ask: Ask, owner: User, manager: User
) -> None:
    thread = ask()
    yes = answer(thread, manager, 1)
    actions.post_message(thread=thread, by=owner, body="When?", now=at(2))
    actions.delete_answer(message=yes, by=manager, now=at(3))
    running = thread.clocks.running().get()
    assert running.started_at == NOW
    assert running.messages.count() == 2
    joined = thread.clocks.exclude(pk=running.pk).get()
    assert (joined.ending, joined.ended_at, joined.answered_in) == (Ending.JOINED, at(3), None)


def test_a_closed_conversation_opens_when_its_answer_is_deleted(ask: Ask, manager: User) -> None:
    thread = ask()
    yes = answer(thread, manager, 1)
    actions.close_thread(thread=thread, by=manager, now=at(2))
    actions.delete_answer(message=yes, by=manager, now=at(3))
    thread.refresh_from_db()
    assert thread.is_open


def test_only_its_author_or_a_manager_deletes_an_answer(
    ask: Ask, owner: User, specialist: User, manager: User
) -> None:
    thread = ask()
    yes = answer(thread, manager, 1)
    for person in (specialist, owner):
        with pytest.raises(PermissionDenied):
            actions.delete_answer(message=yes, by=person, now=at(2))
    with pytest.raises(PermissionDenied):
        actions.delete_answer(message=thread.messages.from_client().get(), by=manager, now=at(2))


def test_no_reply_needed_ends_it_with_reason_and_person(ask: Ask, specialist: User) -> None:
    thread = ask(body="Thanks!")
    actions.no_reply_needed(thread=thread, by=specialist, reason=" Only  thanks\n", now=at(1))
    clock = clock_of(thread)
    assert (clock.ending, clock.ended_by, clock.end_reason) == (
        Ending.NO_REPLY_NEEDED,
        specialist,
        "Only thanks",
    )
    assert clock.answered_in is None


def test_no_reply_needed_asks_for_a_reason_a_clock_and_our_staff(
    ask: Ask, owner: User, manager: User
) -> None:
    thread = ask()
    with pytest.raises(TextRefused):
        actions.no_reply_needed(thread=thread, by=manager, reason=" ")
    with pytest.raises(PermissionDenied):
        actions.no_reply_needed(thread=thread, by=owner, reason="Never mind")
    actions.no_reply_needed(thread=thread, by=manager, reason="Only thanks", now=at(1))
    with pytest.raises(NothingToAnswer):
        actions.no_reply_needed(thread=thread, by=manager, reason="Only thanks", now=at(2))


def test_an_author_who_takes_back_the_only_open_message_withdraws_it(
    ask: Ask, owner: User, member: User
) -> None:
    thread = ask()
    question = thread.messages.get()
    actions.take_back(message=question, by=owner, now=NOW + 9 * MINUTE)
    clock = clock_of(thread)
    assert (clock.ending, clock.ended_by) == (Ending.WITHDRAWN, owner)
    assert question not in Message.objects.visible_to(member)
    assert Message.objects.get(pk=question.pk).body  # the text stays for audit


def test_after_ten_minutes_a_question_cannot_be_taken_back(ask: Ask, owner: User) -> None:
    thread = ask()
    with pytest.raises(TooLateToTakeBack):
        actions.take_back(message=thread.messages.get(), by=owner, now=NOW + 10 * MINUTE)


def test_the_clock_goes_on_from_the_next_oldest_when_its_message_is_taken_back(
    ask: Ask, owner: User, member: User
) -> None:
    thread = ask()
    second = actions.post_message(thread=thread, by=member, body="And the door?", now=NOW + 5 * MINUTE)
    actions.take_back(message=thread.messages.order_by("pk")[0], by=owner, now=NOW + 6 * MINUTE)
    clock = clock_of(thread)
    assert clock.is_running
    assert (clock.message, clock.started_at) == (second, NOW + 5 * MINUTE)
    assert clock.due_at == NOW + 5 * MINUTE + DAY


def test_a_joined_message_taken_back_changes_no_clock(ask: Ask, owner: User) -> None:
    thread = ask()
    second = actions.post_message(thread=thread, by=owner, body="Hello?", now=NOW + MINUTE)
    actions.take_back(message=second, by=owner, now=NOW + 2 * MINUTE)
    clock = clock_of(thread)
    assert clock.is_running
    assert clock.started_at == NOW


def test_what_was_answered_cannot_be_taken_back(ask: Ask, owner: User, manager: User) -> None:
    thread = ask()
    actions.post_message(thread=thread, by=manager, body="Yes.", now=NOW + MINUTE)
    with pytest.raises(AlreadyAnswered):
        actions.take_back(message=thread.messages.order_by("pk")[0], by=owner, now=NOW + 2 * MINUTE)


def test_nobody_takes_back_the_words_of_another(ask: Ask, member: User, manager: User) -> None:
    thread = ask()
    for person in (member, manager):
        with pytest.raises(PermissionDenied):
            actions.take_back(message=thread.messages.get(), by=person, now=NOW + MINUTE)


def test_taking_back_twice_changes_nothing_more(ask: Ask, owner: User) -> None:
    thread = ask()
    question = thread.messages.get()
    actions.take_back(message=question, by=owner, now=NOW + MINUTE)
    again = actions.take_back(message=question, by=owner, now=NOW + 2 * MINUTE)
    assert again.withdrawn_at == NOW + MINUTE


def test_a_breach_is_never_erased(ask: Ask, owner: User, manager: User) -> None:
    thread = ask()
    actions.move_due(clock=clock_of(thread), by=manager, due_at=at(48), reason="Tiler is away", now=at(25))
    assert clock_of(thread).late_since == at(24)
    yes = answer(thread, manager, 26)
    actions.take_back(message=yes, by=manager, now=at(26) + SECOND)
    actions.no_reply_needed(thread=thread, by=manager, reason="Said by letter", now=at(27))
    clock = clock_of(thread)
    assert clock.late_since == at(24)
    assert clock.is_late(at(27))


def test_a_manager_moves_the_due_time_with_a_reason_the_client_sees(
    ask: Ask, owner: User, manager: User
) -> None:
    thread = ask()
    change = actions.move_due(
        clock=clock_of(thread), by=manager, due_at=at(48), reason="The tiler is back on Thursday", now=at(1)
    )
    clock = clock_of(thread)
    assert (clock.due_at, clock.first_due_at) == (at(48), at(24))
    assert clock.next_rung_at == at(24)  # half of the new time
    assert (change.old, change.new, change.actor) == (at(24), at(48), manager)
    assert (
        AnswerClock.objects.visible_to(owner).get().due_changes.get().reason
        == "The tiler is back on Thursday"
    )


def test_only_managers_move_due_times_ahead_and_with_a_reason(
    ask: Ask, specialist: User, manager: User, owner: User
) -> None:
    clock = clock_of(ask())
    for person in (specialist, owner):
        with pytest.raises(PermissionDenied):
            actions.move_due(clock=clock, by=person, due_at=at(48), reason="Later", now=at(1))
    with pytest.raises(TextRefused):
        actions.move_due(clock=clock, by=manager, due_at=at(48), reason="", now=at(1))
    for impossible in (at(1), at(0.5), at(24 * 400)):
        with pytest.raises(DueTimeRefused):
            actions.move_due(clock=clock, by=manager, due_at=impossible, reason="Later", now=at(1))


def test_the_due_time_of_an_ended_clock_is_not_moved(ask: Ask, manager: User) -> None:
    thread = ask()
    clock = clock_of(thread)
    answer(thread, manager, 1)
    with pytest.raises(NothingToAnswer):
        actions.move_due(clock=clock, by=manager, due_at=at(48), reason="Later", now=at(2))


def test_a_clock_that_runs_again_keeps_the_due_time_the_client_was_told(ask: Ask, manager: User) -> None:
    thread = ask()
    actions.move_due(clock=clock_of(thread), by=manager, due_at=at(48), reason="Later", now=at(1))
    yes = answer(thread, manager, 2)
    actions.delete_answer(message=yes, by=manager, now=at(30))
    clock = clock_of(thread)
    assert clock.due_at == at(48)
    assert clock.late_since is None


def test_closing_is_refused_until_an_answer(ask: Ask, owner: User, manager: User) -> None:
    thread = ask()
    for person in (owner, manager):
        with pytest.raises(ClockRuns):
            actions.close_thread(thread=thread, by=person, now=at(1))
    answer(thread, manager, 2)
    closed = actions.close_thread(thread=thread, by=owner, now=at(3))
    assert (closed.status, closed.closed_at) == (Thread.Status.CLOSED, at(3))
    assert actions.reopen_thread(thread=thread, by=manager, now=at(4)).is_open
    assert clock_of(thread).ended_at == at(2)


def test_a_contact_closes_only_what_they_began(ask: Ask, member: User, manager: User) -> None:
    thread = ask()
    answer(thread, manager, 1)
    with pytest.raises(PermissionDenied):
        actions.close_thread(thread=thread, by=member, now=at(2))


def test_an_author_who_was_locked_out_is_still_owed_an_answer(
    ask: Ask, owner: User, manager: User, member: User
) -> None:
    thread = ask()
    owner.is_active = False
    owner.save()
    assert clock_of(thread).is_running
    yes = answer(thread, manager, 1)
    assert not clock_of(thread).is_running
    assert yes in Message.objects.visible_to(member)


def test_a_specialist_who_sees_the_project_answers(ask: Ask, house: Project, outsider: User) -> None:
    thread = ask()
    with pytest.raises(PermissionDenied):
        answer(thread, outsider, 1)
    house.team.add(outsider)
    answer(thread, outsider, 2)
    assert not clock_of(thread).is_running


def test_a_specialist_of_another_project_who_is_put_on_it_answers(ask: Ask, manager: User) -> None:
    thread, helper = ask(), make_user(staff_role="specialist")
    actions.assign(thread=thread, by=manager, assignee=helper, now=at(1))
    answer(thread, helper, 2)
    assert clock_of(thread).ended_by == helper


def test_a_mailed_answer_takes_the_place_of_a_deleted_one_for_what_it_covers(
    ask: Ask, owner: User, manager: User
) -> None:
    thread = ask()
    later = actions.post_message(thread=thread, by=owner, body="And the door?", now=at(2))
    yes = answer(thread, manager, 3)
    mail = actions.post_message(
        thread=thread, by=manager, body="Yes.", via="email", received_at=at(1), now=at(4)
    )
    actions.delete_answer(message=yes, by=manager, now=at(5))
    first, second = thread.clocks.order_by("started_at")
    assert (first.answer, first.ended_at, first.messages.count()) == (mail, at(1), 1)
    assert second.is_running
    assert (second.message, second.started_at) == (later, at(2))

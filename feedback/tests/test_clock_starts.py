"""rules.md, Answer clock: when a clock starts, and that there is one."""

from __future__ import annotations

import datetime as dt
import logging
import uuid

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from clients.models import AnswerPolicy, FreeDay, User, WorkingSpan
from feedback import actions
from feedback.models import AnswerClock, Message, Thread
from feedback.policies import policy_of
from feedback.policy import PolicyError
from feedback.tests.conftest import HOUR, NOW, Ask, at, clock_of
from projects.models import Project
from tests.factories import make_contact, make_project, make_task


def test_a_clients_message_starts_a_clock_at_the_moment_it_was_stored(ask: Ask) -> None:
    thread = ask()
    clock, message = clock_of(thread), thread.messages.get()
    assert clock.is_running
    assert clock.started_at == message.stored_at == NOW
    assert clock.message == message
    assert message.clock == clock


def test_a_mail_counts_from_the_moment_the_mail_server_received_it(ask: Ask) -> None:
    clock = clock_of(ask(via="email", received_at=at(-2)))
    assert clock.started_at == at(-2)
    assert clock.message.stored_at == NOW


def test_a_mail_server_whose_clock_is_ahead_gives_us_no_more_time(ask: Ask) -> None:
    assert clock_of(ask(via="email", received_at=at(5))).started_at == NOW


def test_by_default_an_answer_is_due_after_24_elapsed_hours(ask: Ask) -> None:
    clock = clock_of(ask())
    assert clock.due_at == clock.first_due_at == at(24)


def test_the_default_holds_over_a_clock_change(ask: Ask) -> None:
    before_winter_time = dt.datetime(2026, 10, 24, 20, 0, tzinfo=dt.UTC)
    assert clock_of(ask(now=before_winter_time)).due_at == before_winter_time + 24 * HOUR


def test_thanks_starts_a_clock_as_any_words_do(ask: Ask, owner: User, manager: User) -> None:
    thread = ask()
    actions.post_message(thread=thread, by=manager, body="Yes.", now=at(1))
    actions.post_message(thread=thread, by=owner, body="Thanks!", now=at(2))
    assert thread.clocks.running().get().started_at == at(2)


def test_words_of_ours_start_none(house: Project, manager: User, ask: Ask) -> None:
    thread = ask(by=manager)
    actions.write_note(thread=thread, by=manager, body="They will worry.", now=at(1))
    assert not thread.clocks.exists()


def test_later_messages_join_the_clock_and_never_restart_it(ask: Ask, owner: User, member: User) -> None:
    thread = ask()
    actions.post_message(thread=thread, by=owner, body="And the door?", now=at(3))
    actions.post_message(thread=thread, by=member, body="And the wall?", now=at(4))
    clock = clock_of(thread)
    assert (clock.started_at, clock.due_at) == (NOW, at(24))
    assert clock.messages.count() == 3


def test_a_mail_fetched_late_moves_the_start_back(ask: Ask, owner: User) -> None:
    thread = ask()
    late = actions.post_message(
        thread=thread, by=owner, body="Hello?", via="email", received_at=at(-5), now=at(1)
    )
    clock = clock_of(thread)
    assert clock.message == late
    assert (clock.started_at, clock.due_at, clock.first_due_at) == (at(-5), at(19), at(19))


def test_a_mail_fetched_late_moves_no_due_time_that_the_client_was_told_of(
    ask: Ask, owner: User, manager: User
) -> None:
    thread = ask()
    actions.move_due(clock=clock_of(thread), by=manager, due_at=at(30), reason="Tiler is back", now=at(1))
    actions.post_message(thread=thread, by=owner, body="Hi", via="email", received_at=at(-5), now=at(2))
    clock = clock_of(thread)
    assert (clock.due_at, clock.first_due_at) == (at(30), at(19))


def test_one_running_clock_per_thread_is_kept_by_the_database(ask: Ask) -> None:
    thread = ask()
    clock = clock_of(thread)
    clock.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        clock.save()


def test_a_new_message_after_an_answer_opens_a_new_clock(ask: Ask, owner: User, manager: User) -> None:
    thread = ask()
    actions.post_message(thread=thread, by=manager, body="Yes.", now=at(1))
    actions.post_message(thread=thread, by=owner, body="When?", now=at(2))
    assert [clock.started_at for clock in thread.clocks.order_by("pk")] == [NOW, at(2)]
    assert thread.clocks.running().count() == 1


def test_a_clients_message_opens_a_closed_conversation(ask: Ask, owner: User, manager: User) -> None:
    thread = ask()
    actions.post_message(thread=thread, by=manager, body="Yes.", now=at(1))
    actions.close_thread(thread=thread, by=manager, now=at(2))
    actions.post_message(thread=thread, by=owner, body="Wait", now=at(3))
    thread.refresh_from_db()
    assert thread.is_open
    assert thread.closed_at is None


def test_a_policy_of_other_hours_is_copied_into_the_clock(ask: Ask, house: Project) -> None:
    house.client.answer_policy = AnswerPolicy.objects.create(name="Fast", minutes=240)
    house.client.save()
    clock = clock_of(ask())
    assert clock.due_at == at(4)
    assert clock.policy == {"kind": "elapsed", "minutes": 240}


@pytest.fixture
def working(house: Project) -> AnswerPolicy:
    """Eight working hours, Monday to Friday 09:00 to 18:00 in Berlin with a break, and Saturday night."""
    policy = AnswerPolicy.objects.create(
        name="Working", kind="working", minutes=480, time_zone="Europe/Berlin", holidays_country="de"
    )
    for weekday in range(5):
        WorkingSpan.objects.create(policy=policy, weekday=weekday, starts_at="09:00", ends_at="13:00")
        WorkingSpan.objects.create(policy=policy, weekday=weekday, starts_at="14:00", ends_at="18:00")
    WorkingSpan.objects.create(policy=policy, weekday=5, starts_at="22:00", ends_at="00:00")
    house.client.answer_policy = policy
    house.client.save()
    return policy


def test_a_policy_of_working_time_counts_only_that(ask: Ask, working: AnswerPolicy) -> None:
    # Tuesday 10:00 in Berlin: seven hours that day, the eighth on Wednesday.
    assert clock_of(ask()).due_at == dt.datetime(2026, 11, 25, 9, 0, tzinfo=dt.UTC)


def test_days_of_ones_own_and_public_holidays_are_free(ask: Ask, working: AnswerPolicy) -> None:
    FreeDay.objects.create(policy=working, day=dt.date(2026, 11, 25))
    assert clock_of(ask()).due_at == dt.datetime(2026, 11, 26, 9, 0, tzinfo=dt.UTC)
    # The afternoon before Christmas: until Monday nobody works but on Saturday night, and that is a holiday too.
    christmas = ask(now=dt.datetime(2026, 12, 24, 16, 0, tzinfo=dt.UTC))
    assert clock_of(christmas).due_at == dt.datetime(2026, 12, 28, 16, 0, tzinfo=dt.UTC)


def test_a_policy_without_working_time_is_refused(working: AnswerPolicy) -> None:
    working.spans.all().delete()
    with pytest.raises(PolicyError) as refusal:
        policy_of(working)
    assert refusal.value.code == "no_working_time"


def test_a_policy_that_cannot_work_never_costs_a_client_their_message(
    ask: Ask, working: AnswerPolicy, caplog: pytest.LogCaptureFixture
) -> None:
    working.spans.all().delete()
    with caplog.at_level(logging.ERROR):
        assert clock_of(ask()).due_at == at(24)
    assert "Working" in caplog.text


def test_a_later_change_of_policy_moves_no_open_clock(ask: Ask, owner: User, working: AnswerPolicy) -> None:
    thread = ask()
    due = clock_of(thread).due_at
    working.kind, working.minutes = "elapsed", 60
    working.save()
    actions.post_message(thread=thread, by=owner, body="Hello?", now=at(1))
    assert clock_of(thread).due_at == due


def test_a_conversation_without_a_project_belongs_to_the_company(
    owner: User, house: Project, ask: Ask
) -> None:
    thread = ask(project=None)
    assert (thread.client, thread.project) == (house.client, None)
    assert clock_of(thread).is_running


def test_a_tasks_conversation_is_one_thread(owner: User, member: User, house: Project, ask: Ask) -> None:
    task = make_task(house, "Roof")
    first = ask(task=task, subject="Tiles")
    again = ask(by=member, task=task, subject="Other", now=at(1))
    third = actions.post_on_task(task=task, by=owner, body="Well?", now=at(2))
    assert first == again == third.thread
    assert (first.task, first.subject, first.messages.count()) == (task, "Tiles", 3)
    assert clock_of(first).started_at == NOW


def test_the_same_form_sent_twice_finds_the_first(ask: Ask, owner: User) -> None:
    form_key = uuid.uuid4()
    thread = ask(form_key=form_key)
    assert ask(form_key=form_key, now=at(1)) == thread
    first = actions.post_message(thread=thread, by=owner, body="Hello?", form_key=form_key, now=at(1))
    again = actions.post_message(thread=thread, by=owner, body="Hello?", form_key=form_key, now=at(2))
    assert first == again
    assert Thread.objects.count() == 1
    assert thread.messages.count() == 2


def test_other_words_in_a_form_that_was_gone_back_to_are_not_lost(ask: Ask, owner: User) -> None:
    form_key, thread = uuid.uuid4(), ask()
    actions.post_message(thread=thread, by=owner, body="Hello?", form_key=form_key, now=at(1))
    actions.post_message(thread=thread, by=owner, body="And the door?", form_key=form_key, now=at(2))
    assert thread.messages.count() == 3


def test_the_form_of_another_person_finds_nothing(ask: Ask, member: User) -> None:
    form_key = uuid.uuid4()
    thread = ask(form_key=form_key)
    assert ask(by=member, form_key=form_key) != thread


def test_a_viewer_may_not_write(ask: Ask, viewer: User) -> None:
    thread = ask()
    with pytest.raises(PermissionDenied):
        ask(by=viewer)
    with pytest.raises(PermissionDenied):
        actions.post_message(thread=thread, by=viewer, body="Hello")
    assert thread.messages.count() == 1


def test_strangers_and_people_who_were_removed_may_not_write(
    ask: Ask, owner: User, stranger: User, outsider: User
) -> None:
    thread = ask()
    owner.memberships.all().delete()
    for person in (stranger, outsider, owner):
        with pytest.raises(PermissionDenied):
            actions.post_message(thread=thread, by=person, body="Hello")
        with pytest.raises(PermissionDenied):
            ask(by=person)


def test_someone_who_was_locked_out_may_not_write(ask: Ask, owner: User, specialist: User) -> None:
    thread = ask()
    for person in (owner, specialist):
        person.is_active = False
        person.save()
        with pytest.raises(PermissionDenied):
            actions.post_message(thread=thread, by=person, body="Hello")


def test_a_project_of_another_company_is_refused(
    ask: Ask, house: Project, other_project: Project, manager: User
) -> None:
    with pytest.raises(PermissionDenied):
        ask(project=other_project)
    with pytest.raises(PermissionDenied):
        ask(by=manager, project=other_project)
    with pytest.raises(PermissionDenied):
        ask(task=make_task(other_project))


def test_a_member_cannot_ask_about_a_project_that_is_not_open_to_them(house: Project, ask: Ask) -> None:
    newcomer = make_contact(house.client, "member")
    with pytest.raises(PermissionDenied):
        ask(by=newcomer)
    assert ask(by=newcomer, project=None).author == newcomer


def test_an_internal_task_has_no_conversation_for_a_client(house: Project, owner: User, ask: Ask) -> None:
    task = make_task(house, is_internal=True)
    with pytest.raises(PermissionDenied):
        actions.post_on_task(task=task, by=owner, body="Hello")
    assert not Thread.objects.exists()


def test_an_archived_projects_threads_keep_their_clocks(ask: Ask, house: Project, owner: User) -> None:
    thread = ask()
    house.status = Project.Status.ARCHIVED
    house.save()
    actions.post_message(thread=thread, by=owner, body="Still there?", now=at(1))
    clock = clock_of(thread)
    assert clock.is_running
    assert clock.due_at == at(24)


def test_a_draft_project_is_no_place_for_a_question(house: Project, owner: User, ask: Ask) -> None:
    draft = make_project(house.client, status="draft")
    with pytest.raises(PermissionDenied):
        ask(project=draft)


def test_each_action_writes_one_event(ask: Ask, owner: User, manager: User) -> None:
    thread = ask()
    actions.post_message(thread=thread, by=owner, body="Hello?", now=at(1))
    note = actions.write_note(thread=thread, by=manager, body="Careful", now=at(2))
    events = list(thread.events.order_by("pk").values_list("kind", "is_internal"))
    assert events == [("thread.started", False), ("message.posted", False), ("note.written", True)]
    assert note.is_note
    event = thread.events.order_by("pk").first()
    assert event is not None
    assert (event.client, event.project, event.actor) == (thread.client, thread.project, owner)


def test_a_note_does_not_move_the_conversation_up_for_the_client(ask: Ask, manager: User) -> None:
    thread = ask()
    actions.write_note(thread=thread, by=manager, body="Careful", now=at(2))
    thread.refresh_from_db()
    assert thread.last_message_at == NOW


def test_a_contact_writes_no_notes(ask: Ask, owner: User) -> None:
    thread = ask()
    with pytest.raises(PermissionDenied):
        actions.write_note(thread=thread, by=owner, body="Hm")
    with pytest.raises(PermissionDenied):
        actions.record_call(thread=thread, by=owner, body="Hm")
    assert Message.objects.count() == 1
    assert AnswerClock.objects.count() == 1

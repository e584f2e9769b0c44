"""rules.md, Answer clock: merged, split, moved; and who sees a conversation."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied

from clients.models import User
from feedback import actions
from feedback.errors import AudienceRefused, MoveRefused, NotSeenByClient
from feedback.models import Message, Thread
from feedback.tests.conftest import NOW, Ask, at, clock_of
from projects.models import Project
from tests.factories import make_contact, make_project, make_task


def test_merged_the_earlier_start_stays(ask: Ask, owner: User, member: User, manager: User) -> None:
    first, second = ask(), ask(by=member, now=at(2))
    merged = actions.merge_threads(thread=first, into=second, by=manager, now=at(3))
    assert merged == second
    clock = second.clocks.running().get()
    assert (clock.started_at, clock.due_at, clock.messages.count()) == (NOW, at(24), 2)
    joined = second.clocks.exclude(pk=clock.pk).get()
    assert (joined.ending, joined.answered_in) == ("joined", None)
    assert second.messages.count() == 2
    assert set(second.followers.all()) == {owner, member}


def test_merged_an_answered_one_brings_its_record_along(ask: Ask, manager: User) -> None:
    first, second = ask(), ask(now=at(2))
    actions.post_message(thread=first, by=manager, body="Yes.", now=at(3))
    actions.merge_threads(thread=first, into=second, by=manager, now=at(4))
    assert [clock.ending for clock in second.clocks.order_by("started_at")] == ["answered", ""]


def test_a_waiting_one_merged_into_a_closed_one_opens_it(ask: Ask, manager: User) -> None:
    done, waiting = ask(), ask(now=at(2))
    actions.post_message(thread=done, by=manager, body="Yes.", now=at(3))
    actions.close_thread(thread=done, by=manager, now=at(4))
    assert actions.merge_threads(thread=waiting, into=done, by=manager, now=at(5)).is_open
    assert done.clocks.running().get().started_at == at(2)


def test_what_was_merged_is_nowhere_but_there(ask: Ask, owner: User, manager: User) -> None:
    first, second = ask(), ask(now=at(2))
    actions.merge_threads(thread=first, into=second, by=manager, now=at(3))
    for person in (owner, manager):
        assert list(Thread.objects.visible_to(person)) == [second]
    with pytest.raises(PermissionDenied):
        actions.post_message(thread=first, by=owner, body="Hello?")
    first.refresh_from_db()
    assert first.merged_into == second


def test_words_for_a_few_are_not_merged_into_what_more_people_read(
    ask: Ask, member: User, manager: User
) -> None:
    private, open_to_all = ask(audience="author"), ask()
    with pytest.raises(MoveRefused):
        actions.merge_threads(thread=private, into=open_to_all, by=manager)
    with pytest.raises(MoveRefused):
        actions.merge_threads(thread=private, into=ask(by=member, audience="author"), by=manager)
    actions.merge_threads(thread=open_to_all, into=private, by=manager)


def test_what_cannot_be_merged(
    ask: Ask, house: Project, other_project: Project, stranger: User, owner: User, manager: User
) -> None:
    thread = ask()
    foreign = ask(by=stranger, client=other_project.client, project=other_project)
    of_task = ask(task=make_task(house))
    for source, into in ((thread, foreign), (of_task, thread), (thread, thread)):
        with pytest.raises(MoveRefused):
            actions.merge_threads(thread=source, into=into, by=manager)
    Thread.objects.filter(pk=of_task.pk).update(task=make_task(house, is_internal=True))
    with pytest.raises(NotSeenByClient):
        actions.merge_threads(thread=thread, into=of_task, by=manager)
    with pytest.raises(PermissionDenied):
        actions.merge_threads(thread=thread, into=ask(), by=owner)


def test_split_each_part_has_the_clock_of_its_own_oldest_unanswered_message(
    ask: Ask, owner: User, manager: User
) -> None:
    thread = ask()
    door = actions.post_message(thread=thread, by=owner, body="And the door?", now=at(2))
    wall = actions.post_message(thread=thread, by=owner, body="It is the front door", now=at(3))
    apart = actions.split_thread(thread=thread, by=manager, messages=[door, wall], subject="Door", now=at(4))
    assert clock_of(thread).started_at == NOW
    clock = clock_of(apart)
    assert (clock.message, clock.started_at, clock.due_at) == (door, at(2), at(26))
    assert clock.messages.count() == 2
    assert (apart.subject, apart.client, apart.project, apart.author) == (
        "Door",
        thread.client,
        thread.project,
        owner,
    )


def test_split_the_clock_goes_with_its_oldest_message(ask: Ask, owner: User, manager: User) -> None:
    thread = ask()
    socket = thread.messages.get()
    actions.post_message(thread=thread, by=owner, body="And the door?", now=at(2))
    clock = clock_of(thread)
    apart = actions.split_thread(thread=thread, by=manager, messages=[socket], subject="Socket", now=at(4))
    assert clock_of(apart) == clock
    assert clock_of(thread).started_at == at(2)


def test_split_off_words_that_wait_for_nothing_leave_the_clock(ask: Ask, owner: User, manager: User) -> None:
    thread = ask()
    yes = actions.post_message(thread=thread, by=manager, body="Yes.", now=at(1))
    actions.post_message(thread=thread, by=owner, body="And the door?", now=at(2))
    question = thread.messages.order_by("pk")[0]
    apart = actions.split_thread(
        thread=thread, by=manager, messages=[question, yes], subject="Socket", now=at(4)
    )
    assert clock_of(apart).ending == "answered"
    assert clock_of(thread).started_at == at(2)


def test_a_part_split_off_long_after_is_late_at_once(ask: Ask, owner: User, manager: User) -> None:
    thread = ask()
    door = actions.post_message(thread=thread, by=owner, body="And the door?", now=at(2))
    apart = actions.split_thread(thread=thread, by=manager, messages=[door], subject="Door", now=at(30))
    assert clock_of(apart).late_since == at(26)


def test_some_messages_go_and_some_stay(ask: Ask, owner: User, manager: User) -> None:
    thread = ask()
    for messages in ([], list(thread.messages.all()), list(Message.objects.none())):
        with pytest.raises(MoveRefused):
            actions.split_thread(thread=thread, by=manager, messages=messages, subject="Door")
    with pytest.raises(PermissionDenied):
        actions.split_thread(thread=thread, by=owner, messages=thread.messages.all(), subject="Door")


def test_nothing_is_split_off_the_conversation_of_an_internal_task(
    ask: Ask, house: Project, owner: User, manager: User
) -> None:
    task = make_task(house)
    thread = ask(task=task)
    second = actions.post_message(thread=thread, by=owner, body="Well?", now=at(1))
    task.is_internal = True
    task.save()
    with pytest.raises(NotSeenByClient):
        actions.split_thread(thread=thread, by=manager, messages=[second], subject="Door")


def test_moved_to_another_project_the_clock_is_unchanged(ask: Ask, house: Project, manager: User) -> None:
    thread = ask()
    before = clock_of(thread)
    garage = make_project(house.client)
    for project in (garage, None):
        moved = actions.move_thread(thread=thread, by=manager, project=project, now=at(2))
        assert moved.project == project
        after = clock_of(thread)
        assert (after.started_at, after.due_at, after.next_rung_at) == (
            before.started_at,
            before.due_at,
            before.next_rung_at,
        )


def test_where_a_conversation_cannot_go(
    ask: Ask, house: Project, other_project: Project, owner: User, manager: User, specialist: User
) -> None:
    thread, garage = ask(), make_project(house.client)
    with pytest.raises(MoveRefused):
        actions.move_thread(thread=thread, by=manager, project=other_project)
    with pytest.raises(MoveRefused):
        actions.move_thread(thread=ask(task=make_task(house)), by=manager, project=garage)
    with pytest.raises(NotSeenByClient):
        actions.move_thread(thread=thread, by=manager, project=make_project(house.client, status="draft"))
    for person in (owner, specialist):
        with pytest.raises(PermissionDenied):
            actions.move_thread(thread=thread, by=person, project=garage)


def test_all_of_the_company_who_see_its_project_see_it(
    ask: Ask, house: Project, owner: User, member: User, viewer: User, stranger: User
) -> None:
    thread, newcomer = ask(), make_contact(house.client, "member")
    for person, sees in ((owner, 1), (member, 1), (viewer, 1), (newcomer, 0), (stranger, 0)):
        assert Thread.objects.visible_to(person).filter(pk=thread.pk).count() == sees


def test_one_without_a_project_is_seen_by_the_whole_company(
    ask: Ask, house: Project, viewer: User, stranger: User, outsider: User
) -> None:
    thread, newcomer = ask(project=None), make_contact(house.client, "member")
    for person, sees in ((viewer, 1), (newcomer, 1), (stranger, 0), (outsider, 0)):
        assert Thread.objects.visible_to(person).filter(pk=thread.pk).count() == sees


def test_the_author_may_narrow_it_to_owners_or_to_themself(
    ask: Ask, owner: User, member: User, viewer: User, specialist: User
) -> None:
    thread = ask(by=member)
    actions.narrow_audience(thread=thread, by=member, audience="owners", now=at(1))
    for person, sees in ((owner, 1), (member, 1), (viewer, 0), (specialist, 1)):
        assert Thread.objects.visible_to(person).filter(pk=thread.pk).count() == sees
    actions.narrow_audience(thread=thread, by=member, audience="author", now=at(2))
    for person, sees in ((owner, 0), (member, 1), (viewer, 0), (specialist, 1)):
        assert Thread.objects.visible_to(person).filter(pk=thread.pk).count() == sees


def test_nobody_else_narrows_it_and_nobody_widens_it(
    ask: Ask, house: Project, owner: User, member: User, manager: User
) -> None:
    thread = ask(audience="owners")
    with pytest.raises(PermissionDenied):
        actions.narrow_audience(thread=thread, by=manager, audience="author")
    with pytest.raises(AudienceRefused):
        actions.narrow_audience(thread=thread, by=owner, audience="company")
    with pytest.raises(AudienceRefused):
        actions.narrow_audience(thread=ask(task=make_task(house)), by=owner, audience="author")
    with pytest.raises(AudienceRefused):
        ask(task=make_task(house), audience="author")
    with pytest.raises(AudienceRefused):
        ask(by=manager, audience="author")
    assert member != owner

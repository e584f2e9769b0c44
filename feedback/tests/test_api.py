from __future__ import annotations

import threading

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clients.models import Client, User
from cxportal.notifications.models import OutgoingMail
from feedback.actions import post_message, start_thread
from feedback.models import AnswerClock, Message, Thread
from tests.api_support import Program
from tests.factories import make_thread
from tests.world import FOREIGN_CANARY, INTERNAL_CANARY, PRIVATE_CANARY, World

pytestmark = pytest.mark.django_db


def messages_of(thread: Thread) -> str:
    return f"/api/v1/threads/{thread.uid}/messages/"


def notes_of(thread: Thread) -> str:
    return f"/api/v1/threads/{thread.uid}/notes/"


@pytest.fixture
def question(owner: User, client_company: Client) -> Thread:
    return start_thread(by=owner, client=client_company, subject="Socket", body="Can we move it?")


def test_a_question_tells_when_its_answer_is_due_and_then_in_how_long_it_came(
    question: Thread, owner: User, manager: User
) -> None:
    asked = Program(owner).get(f"/api/v1/threads/{question.uid}/").json()
    clock = AnswerClock.objects.get()
    due = clock.due_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert (asked["answer"]["state"], asked["answer"]["due_at"]) == ("due", due)
    assert asked["latest_messages"][0]["answer_due_at"] == due
    post_message(thread=question, by=manager, body="Yes.")
    answered = Program(owner).get(f"/api/v1/threads/{question.uid}/").json()
    assert (answered["answer"]["state"], answered["answer"]["due_at"]) == ("answered", None)
    assert answered["answer"]["answered_by"] == {"name": manager.name, "is_ours": True}
    assert answered["latest_messages"][-1]["answered_in"] == answered["answer"]["seconds"] >= 0


def test_an_answer_by_the_api_stops_the_clock_and_is_mailed_like_one_from_the_page(
    question: Thread, manager: User, owner: User
) -> None:
    given = Program(manager).send(messages_of(question), {"body": "Yes, on Monday."})
    assert given.status_code == 201
    clock = AnswerClock.objects.get()
    assert str(clock.answer.uid) == given.json()["uid"]  # type: ignore[union-attr]
    assert OutgoingMail.objects.filter(recipient=owner, kind__contains="answer").count() == 1


def test_words_of_a_client_by_the_api_start_a_clock_and_open_what_was_closed(world: World) -> None:
    Thread.objects.filter(pk=world.thread.pk).update(status="closed", closed_at=timezone.now())
    sent = Program(world.people["member"]).send(messages_of(world.thread), {"body": "One more thing"})
    assert sent.json()["answer_due_at"]
    world.thread.refresh_from_db()
    assert world.thread.is_open


def test_the_same_request_twice_posts_once(question: Thread, manager: User) -> None:
    program = Program(manager)
    for path in (messages_of(question), notes_of(question)):
        answers = [program.send(path, {"body": "Yes."}, **{"Idempotency-Key": "order-7"}) for _ in range(3)]
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.json()["uid"] for answer in answers}) == 1
    assert question.messages.filter(author=manager).count() == 2


def test_another_key_other_words_or_another_person_post_again(
    question: Thread, manager: User, owner: User
) -> None:
    path, key = messages_of(question), {"Idempotency-Key": "k"}
    program = Program(manager)
    program.send(path, {"body": "Yes."}, **key)
    program.send(path, {"body": "Yes."}, **{"Idempotency-Key": "other"})
    program.send(path, {"body": "No."}, **key)
    Program(owner).send(path, {"body": "Yes."}, **key)
    assert question.messages.count() == 5


@pytest.mark.parametrize("key", ["", "two words", "x" * 201, "ключ"])
def test_a_key_that_is_none_is_refused(key: str, question: Thread, manager: User) -> None:
    answer = Program(manager).send(messages_of(question), {"body": "Yes."}, **{"Idempotency-Key": key})
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["Idempotency-Key"])
    assert question.messages.count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_same_request_twice_at_one_moment_posts_once(question: Thread, manager: User) -> None:
    _token = Program(manager)
    start, answers = threading.Barrier(4), []

    def ask() -> None:
        try:
            program = Program.__new__(Program)
            super(Program, program).__init__(headers={"Authorization": f"Bearer {_token.secret}"})
            start.wait()
            answers.append(program.send(messages_of(question), {"body": "Yes."}, **{"Idempotency-Key": "k"}))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} == {201}
    assert question.messages.filter(author=manager).count() == 1


@pytest.mark.parametrize("who", ["member", "manager"])
def test_more_fields_change_nothing_of_a_message(who: str, world: World) -> None:
    extra = {"is_note": True, "is_internal": True, "author": world.people["owner"].pk, "by_client": who == "manager",
             "client": world.other_project.client_id, "role": "admin", "thread": str(world.foreign_thread.uid),
             "received_at": "2020-01-01T00:00:00Z", "via": "phone", "uid": str(world.note.uid),
             "form_key": str(world.note.uid), "withdrawn_at": "2020-01-01T00:00:00Z"}  # fmt: skip
    sent = Program(world.people[who]).send(messages_of(world.thread), {"body": "Hello", **extra})
    message = Message.objects.get(uid=sent.json()["uid"])
    assert (message.thread, message.author, message.is_note) == (world.thread, world.people[who], False)
    assert (message.by_client, message.via, message.withdrawn_at) == (who == "member", "portal", None)
    assert message.received_at.year > 2020
    assert message.form_key is None
    world.people[who].refresh_from_db()
    assert world.people[who].staff_role == ("" if who == "member" else "manager")


def test_more_fields_make_no_public_message_of_a_note(world: World) -> None:
    extra = {"is_note": False, "is_internal": False, "by_client": True}
    sent = Program(world.people["specialist"]).send(notes_of(world.thread), {"body": "Careful", **extra})
    assert Message.objects.get(uid=sent.json()["uid"]).is_note
    told = Program(world.people["owner"]).get(messages_of(world.thread)).content
    assert b"Careful" not in told
    assert not OutgoingMail.objects.exists()


def test_notes_are_in_no_list_count_and_search_of_a_client(world: World) -> None:
    member, ours = Program(world.people["member"]), Program(world.people["specialist"])
    assert member.get(messages_of(world.thread)).json()["count"] == 1
    assert ours.get(messages_of(world.thread)).json()["count"] == 2
    assert member.get(f"/api/v1/threads/{world.thread.uid}/").json()["message_count"] == 1
    for word in (INTERNAL_CANARY, FOREIGN_CANARY, PRIVATE_CANARY):
        assert member.get(f"/api/v1/threads/?status=all&q={word}").json()["count"] == 0
    assert ours.get(f"/api/v1/threads/?q={INTERNAL_CANARY}").json()["count"] > 0


def test_filters_tell_nothing_of_what_is_hidden(world: World) -> None:
    member = Program(world.people["member"])

    def answer(query: str) -> tuple[int, bytes]:
        found = member.get(f"/api/v1/threads/?{query}")
        return found.status_code, found.content

    assert answer("project=NORD") == answer("project=NOPE")
    internal = f"HOUSE-{world.internal_task.number}"
    assert answer(f"task={internal}") == answer("task=HOUSE-999999") == answer("task=NORD-1")
    assert answer("unassigned=true") == answer("late=true") == answer("")  # ours to ask


def test_a_note_moves_no_conversation_up_in_a_clients_list(world: World) -> None:
    make_thread(world.client, author=world.people["owner"], project=world.house, subject="Later")
    member = Program(world.people["member"])

    def order() -> list[tuple[str, str]]:
        rows = member.get("/api/v1/threads/?status=all").json()["results"]
        return [(one["uid"], one["last_message_at"]) for one in rows]

    before = order()
    Program(world.people["specialist"]).send(notes_of(world.thread), {"body": "Careful"})
    assert order() == before


def test_what_was_taken_back_is_read_by_managers_alone(world: World) -> None:
    message = world.thread.messages.earliest("pk")
    Message.objects.filter(pk=message.pk).update(withdrawn_at=timezone.now())
    path = f"/api/v1/messages/{message.uid}/"
    assert Program(world.people["member"]).get(path).status_code == 404
    assert Program(world.people["specialist"]).get(path).json()["body"] == ""
    assert Program(world.people["specialist"]).get(path).json()["files"] == []
    assert Program(world.people["manager"]).get(path).json()["body"] == message.body


def test_who_is_assigned_is_ours_to_know(world: World) -> None:
    Thread.objects.filter(pk=world.thread.pk).update(assignee=world.people["specialist"])
    path = f"/api/v1/threads/{world.thread.uid}/"
    assert Program(world.people["owner"]).get(path).json()["assignee"] is None
    assert Program(world.people["manager"]).get(path).json()["assignee"]["name"] == "Sam Specialist"


def test_public_words_nobody_would_read_are_refused(world: World) -> None:
    answer = Program(world.people["manager"]).send(messages_of(world.internal_thread), {"body": "Hello"})
    assert answer.status_code == 409


def test_a_message_may_be_long_and_in_any_alphabet_but_not_longer(world: World) -> None:
    member = Program(world.people["member"])
    assert member.send(messages_of(world.thread), {"body": "щ" * 50_000}).status_code == 201
    assert member.send(messages_of(world.thread), {"body": "щ" * 50_001}).status_code == 422
    assert member.send(messages_of(world.thread), {"body": "щ" + " " * 50_000}).status_code == 422
    assert member.send(messages_of(world.thread), {"body": "\u202e\u0007 👩‍👩‍👧 "}).status_code == 201


@pytest.mark.parametrize("who", ["member", "specialist"])
@pytest.mark.parametrize("what", ["threads", "thread", "messages"])
def test_lists_cost_the_same_for_twice_as_many_rows(who: str, what: str, world: World) -> None:
    program = Program(world.people[who])
    path = {
        "threads": "/api/v1/threads/?status=all",
        "thread": f"/api/v1/threads/{world.thread.uid}/",
        "messages": messages_of(world.thread),
    }[what]

    def more() -> None:
        for n in range(5):
            start_thread(
                by=world.people["owner"], client=world.client, project=world.house, subject=f"{n}", body="Hi"
            )
            post_message(thread=world.thread, by=world.people["owner"], body="Hi")
            post_message(thread=world.thread, by=world.people["manager"], body="Yes")

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert program.get(path).status_code == 200
        return len(queries)

    more()
    program.get(path)
    first = cost()
    more()
    assert cost() == first <= 8

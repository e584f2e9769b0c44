"""The pages of conversations: who reads what, what is posted where, and that no words are lost."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from clients.models import Client, User
from feedback.actions import merge_threads, post_message, start_thread, write_note
from feedback.models import AnswerClock, Message, Thread
from projects.models import Project
from tests.factories import make_contact, make_task

SignIn = Callable[[User], Browser]
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def question(owner: User, house: Project) -> Thread:
    """A question of the owner, asked two hours ago."""
    return start_thread(
        by=owner,
        client=house.client,
        project=house,
        subject="Can we move the socket?",
        body="It is behind the fridge.",
        now=timezone.now() - 2 * HOUR,
    )


def page(thread: Thread, verb: str = "") -> str:
    return reverse(f"thread_{verb}" if verb else "thread", args=[thread.uid])


def text_of(response: Any) -> str:
    """What stands on the page, without its marks and in single spaces."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


# --- Reading ---


def test_a_client_sees_when_the_answer_is_due(browser_of: SignIn, owner: User, question: Thread) -> None:
    said = text_of(browser_of(owner).get(page(question)))
    assert "Answer due" in said
    assert "in 22 hours" in said


def test_afterwards_the_client_sees_in_how_long_it_came(
    browser_of: SignIn, owner: User, specialist: User, question: Thread
) -> None:
    post_message(thread=question, by=specialist, body="Yes.")
    said = text_of(browser_of(owner).get(page(question)))
    assert "Sam Specialist answered in 2 h" in said
    assert "Answer due" not in said


def test_when_we_are_late_the_client_reads_who_was_told(
    browser_of: SignIn, owner: User, manager: User, question: Thread
) -> None:
    from feedback.ladder import remind_due

    now = timezone.now() + 30 * HOUR
    remind_due(now, 100)
    AnswerClock.objects.update(due_at=timezone.now() - HOUR)
    said = text_of(browser_of(owner).get(page(question)))
    assert "We are late" in said
    assert "Maria was told" in said


def test_a_moved_due_time_stands_there_with_its_reason(
    browser_of: SignIn, owner: User, manager: User, question: Thread
) -> None:
    due = (timezone.now() + 40 * HOUR).strftime("%Y-%m-%dT%H:%M")
    answer = browser_of(manager).post(
        page(question, "due"), {"due_at": due, "reason": "We ask the electrician"}
    )
    assert answer.status_code == 302
    assert "We ask the electrician" in text_of(browser_of(owner).get(page(question)))


def test_a_note_is_for_staff_alone(
    browser_of: SignIn, owner: User, manager: User, specialist: User, question: Thread
) -> None:
    write_note(thread=question, by=manager, body="kestrelnote")
    assert "kestrelnote" in text_of(browser_of(specialist).get(page(question)))
    assert "kestrelnote" not in text_of(browser_of(owner).get(page(question)))


def test_every_note_carries_the_word_internal(browser_of: SignIn, manager: User, question: Thread) -> None:
    note = write_note(thread=question, by=manager, body="Careful.")
    html = browser_of(manager).get(page(question)).content.decode()
    bubble = html[html.index(f'id="m-{note.uid}"') :].split("</article>")[0]
    assert "cx-internal" in bubble
    assert "Internal" in bubble


def test_the_form_names_who_will_see_it(
    browser_of: SignIn, owner: User, member: User, viewer: User, manager: User, question: Thread
) -> None:
    said = text_of(browser_of(manager).get(page(question)))
    assert "Who will see this: Petrov Family: Misha Member, Olga Owner, Vera Viewer." in said


def test_a_narrowed_question_names_fewer(
    browser_of: SignIn, owner: User, member: User, viewer: User, question: Thread
) -> None:
    browser_of(owner).post(page(question, "audience"), {"audience-audience": "author"})
    assert "Who will see this: Petrov Family: you." in text_of(browser_of(owner).get(page(question)))
    assert browser_of(member).get(page(question)).status_code == 404


def test_a_viewer_reads_and_is_told_that_they_only_read(
    browser_of: SignIn, viewer: User, question: Thread
) -> None:
    response = browser_of(viewer).get(page(question))
    assert "you can read everything here, but not write" in text_of(response)
    assert "<textarea" not in response.content.decode()


def test_the_ledger_is_for_staff_alone(
    browser_of: SignIn, owner: User, manager: User, question: Thread
) -> None:
    from feedback.ladder import remind_due

    remind_due(timezone.now() + 20 * HOUR, 100)
    assert "nobody is assigned" in text_of(browser_of(manager).get(page(question)))
    assert "nobody is assigned" not in text_of(browser_of(owner).get(page(question)))


def test_the_page_costs_the_same_however_long_the_conversation(
    browser_of: SignIn, owner: User, manager: User, question: Thread, django_assert_max_num_queries: Any
) -> None:
    browsers = {user: browser_of(user) for user in (manager, owner)}

    def queries(user: User) -> int:
        with django_assert_max_num_queries(24) as counted:
            assert browsers[user].get(page(question)).status_code == 200
        return len(counted)

    def talk() -> None:
        for number in range(3):
            post_message(thread=question, by=owner, body=f"Question {number}", files=[_file()])
            post_message(thread=question, by=manager, body=f"Answer {number}", files=[_file()])
            write_note(thread=question, by=manager, body=f"Note {number}")

    talk()
    few = queries(manager), queries(owner)
    talk()
    assert (queries(manager), queries(owner)) == few


def test_a_link_to_a_merged_question_leads_to_the_other(
    browser_of: SignIn, owner: User, member: User, manager: User, house: Project, question: Thread
) -> None:
    other = start_thread(by=owner, client=house.client, project=house, subject="The lamp", body="Too?")
    merge_threads(thread=question, into=other, by=manager)
    assert browser_of(owner).get(page(question))["Location"] == page(other)


def test_a_link_to_a_merged_question_tells_a_stranger_nothing(
    browser_of: SignIn, owner: User, stranger: User, manager: User, house: Project, question: Thread
) -> None:
    other = start_thread(by=owner, client=house.client, project=house, subject="The lamp", body="Too?")
    merge_threads(thread=question, into=other, by=manager)
    assert browser_of(stranger).get(page(question)).status_code == 404


# --- Writing ---


def test_staff_answer_and_the_clock_stops(browser_of: SignIn, specialist: User, question: Thread) -> None:
    response = browser_of(specialist).post(page(question, "write"), {"body": "Yes, we can."})
    message = Message.objects.get(body="Yes, we can.")
    assert response["Location"] == f"{page(question)}#m-{message.uid}"
    assert AnswerClock.objects.get().ending == "answered"


def test_the_page_after_asking_says_by_when_an_answer_comes(
    browser_of: SignIn, owner: User, question: Thread
) -> None:
    response = browser_of(owner).post(page(question, "write"), {"body": "And the lamp?"}, follow=True)
    assert "Sent. You get an answer by" in text_of(response)


def test_a_note_sent_to_the_address_of_answers_is_refused(
    browser_of: SignIn, manager: User, question: Thread
) -> None:
    """What was typed into the form of notes cannot come out as an answer, whatever address it is sent to."""
    response = browser_of(manager).post(page(question, "write"), {"note-body": "They pay too much"})
    assert response.status_code == 422
    assert not Message.objects.filter(body="They pay too much").exists()


def test_a_note_stays_a_note_whatever_else_is_sent(
    browser_of: SignIn, manager: User, owner: User, question: Thread
) -> None:
    data = {"note-body": "Careful", "is_note": "", "is_internal": "false", "by_client": "on", "body": "Hello"}
    browser_of(manager).post(page(question, "note"), data)
    note = Message.objects.latest("pk")
    assert (note.body, note.is_note) == ("Careful", True)
    assert AnswerClock.objects.get().is_running


def test_extra_fields_change_nothing(
    browser_of: SignIn, owner: User, manager: User, question: Thread
) -> None:
    data = {
        "body": "Hello?",
        "is_note": "on",
        "author": manager.pk,
        "by_client": "",
        "received_at": "2020-01-01",
    }
    browser_of(owner).post(page(question, "write"), data)
    message = Message.objects.latest("pk")
    assert (message.is_note, message.author, message.by_client) == (False, owner, True)
    assert message.received_at.year > 2020


def test_the_same_form_sent_twice_is_one_message(browser_of: SignIn, owner: User, question: Thread) -> None:
    data = {"body": "Twice?", "form_key": str(uuid.uuid4())}
    for _ in range(2):
        assert browser_of(owner).post(page(question, "write"), data).status_code == 302
    assert Message.objects.filter(body="Twice?").count() == 1


def test_the_same_new_question_sent_twice_is_one(browser_of: SignIn, owner: User, house: Project) -> None:
    data = {**ASK, "form_key": str(uuid.uuid4())}
    for _ in range(2):
        assert browser_of(owner).post(reverse("thread_new"), data).status_code == 302
    assert Thread.objects.count() == 1


def test_what_was_typed_is_kept_when_a_file_is_refused(
    browser_of: SignIn, owner: User, question: Thread
) -> None:
    empty = SimpleUploadedFile("empty.txt", b"")
    response = browser_of(owner).post(page(question, "write"), {"body": "Look at this", "files": [empty]})
    assert response.status_code == 422
    assert "Look at this</textarea>" in response.content.decode()
    assert "“empty.txt” is empty." in text_of(response)
    assert Message.objects.count() == 1


def test_an_answer_in_ten_or_more_files_is_refused(browser_of: SignIn, owner: User, question: Thread) -> None:
    files = [_file() for _ in range(11)]
    response = browser_of(owner).post(page(question, "write"), {"body": "Look", "files": files})
    assert response.status_code == 422
    assert "At most 10 files" in text_of(response)


def test_posting_an_answer_takes_few_queries(
    browser_of: SignIn, manager: User, question: Thread, django_assert_max_num_queries: Any
) -> None:
    browser = browser_of(manager)
    with django_assert_max_num_queries(15):
        assert browser.post(page(question, "write"), {"body": "Yes."}).status_code == 302


def test_words_sent_after_the_session_ended_stand_in_the_form_again(
    browser_of: SignIn, owner: User, question: Thread
) -> None:
    browser = browser_of(owner)
    html = browser.get(page(question)).content.decode()
    writer = re.search(r'name="writer" value="([^"]+)"', html)
    assert writer
    browser.logout()
    response = browser.post(page(question, "write"), {"body": "A long thought", "writer": writer[1]})
    assert response["Location"] == f"/accounts/login/?next={page(question)}"
    browser.force_login(owner, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert "A long thought</textarea>" in browser.get(page(question)).content.decode()
    assert "A long thought" not in browser.get(page(question)).content.decode()


def test_kept_words_are_not_shown_to_another_person(
    browser_of: SignIn, owner: User, member: User, question: Thread
) -> None:
    browser = browser_of(owner)
    html = browser.get(page(question)).content.decode()
    writer = re.search(r'name="writer" value="([^"]+)"', html)
    assert writer
    browser.logout()
    browser.post(page(question, "write"), {"body": "A secret thought", "writer": writer[1]})
    browser.force_login(member, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert "A secret thought" not in browser.get(page(question)).content.decode()


def test_nobody_can_fill_our_sessions_without_having_been_signed_in(question: Thread) -> None:
    browser = Browser()
    browser.post(page(question, "write"), {"body": "x" * 1000, "writer": "1:forged"})
    assert not browser.session.items()


# --- Taking back ---


def test_an_answer_can_be_taken_back_and_stands_in_the_form_again(
    browser_of: SignIn, manager: User, question: Thread
) -> None:
    browser = browser_of(manager)
    sent = browser.post(page(question, "write"), {"body": "Yse."}, follow=True)
    answer = Message.objects.get(body="Yse.")
    undo = reverse("message_take_back", args=[answer.uid])
    assert undo in sent.content.decode()
    taken = browser.post(undo, follow=True)
    assert "Yse.</textarea>" in taken.content.decode()
    assert AnswerClock.objects.get().is_running


def test_after_ten_seconds_it_is_too_late(browser_of: SignIn, manager: User, question: Thread) -> None:
    answer = post_message(
        thread=question, by=manager, body="Yes.", now=timezone.now() - dt.timedelta(seconds=11)
    )
    response = browser_of(manager).post(reverse("message_take_back", args=[answer.uid]), follow=True)
    assert "too late to take this back" in text_of(response)
    answer.refresh_from_db()
    assert answer.withdrawn_at is None


def test_a_client_takes_their_question_back(browser_of: SignIn, owner: User, house: Project) -> None:
    browser = browser_of(owner)
    browser.post(reverse("thread_new"), ASK)
    message = Message.objects.get()
    undo = reverse("message_take_back", args=[message.uid])
    assert undo in browser.get(page(message.thread)).content.decode()
    browser.post(undo)
    assert AnswerClock.objects.get().ending == "withdrawn"
    assert browser.post(undo).status_code == 302, "twice is as good as once"


def test_only_managers_still_read_what_was_taken_back(
    browser_of: SignIn, owner: User, specialist: User, manager: User, question: Thread
) -> None:
    message = post_message(thread=question, by=owner, body="ospreyword")
    browser_of(owner).post(reverse("message_take_back", args=[message.uid]))
    browser_of(owner).get(page(question))  # shows the form with the words, once
    for user, reads in {owner: False, specialist: False, manager: True}.items():
        assert ("ospreyword" in browser_of(user).get(page(question)).content.decode()) is reads


def test_a_deleted_answer_lets_the_clock_run_again(
    browser_of: SignIn, owner: User, manager: User, specialist: User, question: Thread
) -> None:
    answer = post_message(thread=question, by=specialist, body="Wrong answer", now=timezone.now() - HOUR)
    url = reverse("message_delete", args=[answer.uid])
    assert browser_of(owner).post(url).status_code == 403
    assert browser_of(manager).post(url).status_code == 302
    assert "Wrong answer" not in text_of(browser_of(owner).get(page(question)))
    assert AnswerClock.objects.get().is_running


# --- Handling ---


def test_staff_assign(browser_of: SignIn, manager: User, specialist: User, question: Thread) -> None:
    browser_of(manager).post(page(question, "assign"), {"assign-assignee": specialist.pk})
    question.refresh_from_db()
    assert question.assignee == specialist


def test_a_contact_cannot_be_assigned(
    browser_of: SignIn, manager: User, owner: User, question: Thread
) -> None:
    response = browser_of(manager).post(page(question, "assign"), {"assign-assignee": owner.pk})
    assert response.status_code == 422
    question.refresh_from_db()
    assert question.assignee is None


def test_no_reply_needs_a_reason(browser_of: SignIn, manager: User, owner: User, question: Thread) -> None:
    refused = browser_of(manager).post(page(question, "no_reply"), {"no_reply-reason": " "})
    assert refused.status_code == 422
    assert "Please say why." in text_of(refused)
    browser_of(manager).post(page(question, "no_reply"), {"no_reply-reason": "Only thanks"})
    assert AnswerClock.objects.get().ending == "no_reply"
    said = text_of(browser_of(owner).get(page(question)))
    assert "read it; no reply was needed" in said
    assert "Only thanks" not in said


def test_a_call_answers_with_what_was_said(
    browser_of: SignIn, manager: User, owner: User, question: Thread
) -> None:
    browser_of(manager).post(page(question, "call"), {"call-body": "We agreed on the left side."})
    said = text_of(browser_of(owner).get(page(question)))
    assert "Maria Manager answered by phone in 2 h" in said
    assert "We agreed on the left side." in said


def test_a_specialist_cannot_move_the_due_time(
    browser_of: SignIn, specialist: User, question: Thread
) -> None:
    assert browser_of(specialist).post(page(question, "due"), {}).status_code == 403


def test_closing_is_refused_while_the_client_waits(
    browser_of: SignIn, manager: User, question: Thread
) -> None:
    response = browser_of(manager).post(page(question, "close"), follow=True)
    assert "The client still waits for an answer." in text_of(response)
    question.refresh_from_db()
    assert question.is_open


def test_closed_and_open_again(browser_of: SignIn, manager: User, owner: User, question: Thread) -> None:
    post_message(thread=question, by=manager, body="Yes.")
    browser_of(owner).post(page(question, "close"))
    question.refresh_from_db()
    assert not question.is_open
    browser_of(owner).post(page(question, "reopen"))
    question.refresh_from_db()
    assert question.is_open


def test_mails_of_a_conversation_can_be_stopped(browser_of: SignIn, owner: User, question: Thread) -> None:
    browser_of(owner).post(page(question, "follow"), {"follow": "no"})
    assert owner not in question.followers.all()
    browser_of(owner).post(page(question, "follow"))
    assert owner in question.followers.all()


# --- Asking ---

ASK = {
    "about": "HOUSE",
    "named_for": "HOUSE",
    "subject": "Which doors?",
    "body": "We saw two kinds.",
    "kind": "question",
    "audience": "company",
}


def test_asking_leads_to_the_page_that_says_by_when(browser_of: SignIn, owner: User, house: Project) -> None:
    response = browser_of(owner).post(reverse("thread_new"), ASK, follow=True)
    thread = Thread.objects.get()
    assert response.redirect_chain[-1][0].startswith(page(thread))
    assert "Answer due" in text_of(response)
    assert "Sent. You get an answer by" in text_of(response)


def test_asking_names_who_will_see_it_for_each_choice(
    browser_of: SignIn, owner: User, member: User, viewer: User, house: Project
) -> None:
    said = text_of(browser_of(owner).get(reverse("thread_new") + "?project=HOUSE"))
    everyone, rest = said.split("Our owners and the team")
    owners, alone = rest.split("Only me and the team")
    assert "Petrov Family: Misha Member, you, Vera Viewer." in everyone
    assert "Petrov Family: you." in owners
    assert "Petrov Family: you." in alone
    assert "Sam Specialist" in alone


def test_a_question_about_something_else_names_its_readers_before_it_is_sent(
    browser_of: SignIn, owner: User, house: Project
) -> None:
    data = {**ASK, "about": f"client-{house.client.pk}"}
    response = browser_of(owner).post(reverse("thread_new"), data)
    assert response.status_code == 422
    assert "Here is who will see it" in text_of(response)
    assert "We saw two kinds.</textarea>" in response.content.decode()
    assert f'name="named_for" value="client-{house.client.pk}"' in response.content.decode()
    assert not Thread.objects.exists()


def test_another_companys_project_cannot_be_asked_about(
    browser_of: SignIn, owner: User, house: Project, other_project: Project
) -> None:
    browser = browser_of(owner)
    assert browser.get(reverse("thread_new") + "?project=NORD").status_code == 404
    response = browser.post(reverse("thread_new"), {**ASK, "about": "NORD", "named_for": "NORD"})
    assert response.status_code == 422
    assert "Nord" not in response.content.decode()
    assert not Thread.objects.exists()


def test_a_member_chooses_among_what_is_open_to_them(
    browser_of: SignIn, client_company: Client, house: Project
) -> None:
    newcomer = make_contact(client_company, "member")
    html = browser_of(newcomer).get(reverse("thread_new")).content.decode()
    assert "HOUSE" not in html
    assert f"client-{client_company.pk}" in html


def test_a_viewer_cannot_ask(browser_of: SignIn, viewer: User) -> None:
    assert browser_of(viewer).get(reverse("thread_new")).status_code == 403
    assert browser_of(viewer).post(reverse("thread_new"), ASK).status_code == 403


def test_from_a_task_one_writes_into_its_conversation(
    browser_of: SignIn, owner: User, house: Project, other_project: Project
) -> None:
    task = make_task(house, "Roof")
    foreign = make_task(other_project, "Shelves")
    browser = browser_of(owner)
    response = browser.get(reverse("thread_new") + f"?task={task.key}")
    assert response["Location"] == reverse("task_conversation", args=["HOUSE", task.number])
    assert browser.get(reverse("thread_new") + f"?task={foreign.key}").status_code == 404
    assert browser.get(reverse("thread_new") + "?task=nonsense").status_code == 404


def test_staff_write_to_a_client(browser_of: SignIn, manager: User, owner: User, house: Project) -> None:
    browser_of(manager).post(reverse("thread_new"), ASK)
    thread = Thread.objects.get()
    assert not thread.clocks.exists()
    assert "We saw two kinds." in text_of(browser_of(owner).get(page(thread)))


# --- The conversation of a task ---


def test_a_task_without_words_has_an_empty_conversation(
    browser_of: SignIn, owner: User, house: Project
) -> None:
    task = make_task(house, "Roof")
    url = reverse("task_conversation", args=["HOUSE", task.number])
    assert "Nobody has written here yet" in text_of(browser_of(owner).get(url))
    assert not Thread.objects.exists(), "looking makes nothing"


def test_writing_about_a_task_starts_its_conversation(
    browser_of: SignIn, owner: User, house: Project
) -> None:
    task = make_task(house, "Roof")
    browser_of(owner).post(
        reverse("task_conversation_write", args=["HOUSE", task.number]), {"body": "Will it be red?"}
    )
    thread = Thread.objects.get()
    assert (thread.task, thread.project, thread.subject) == (task, house, "Roof")
    assert AnswerClock.objects.get().is_running


def test_with_htmx_the_conversation_is_a_fragment(browser_of: SignIn, owner: User, house: Project) -> None:
    task = make_task(house, "Roof")
    url = reverse("task_conversation", args=["HOUSE", task.number])
    headers = {"HX-Request": "true"}
    assert "<html" not in browser_of(owner).get(url, headers=headers).content.decode()
    answer = browser_of(owner).post(f"{url}write/", {"body": "Will it be red?"}, headers=headers)
    assert answer.status_code == 200
    assert "<html" not in answer.content.decode()
    assert "Will it be red?" in text_of(answer)


def test_an_empty_message_keeps_the_fragment(browser_of: SignIn, owner: User, house: Project) -> None:
    task = make_task(house, "Roof")
    url = reverse("task_conversation_write", args=["HOUSE", task.number])
    answer = browser_of(owner).post(url, {"body": " "}, headers={"HX-Request": "true"})
    assert answer.status_code == 422
    assert "Please write something." in text_of(answer)
    assert not Thread.objects.exists()


def test_about_an_internal_task_there_are_only_notes(
    browser_of: SignIn, manager: User, owner: User, house: Project
) -> None:
    task = make_task(house, "Margin", is_internal=True)
    url = reverse("task_conversation", args=["HOUSE", task.number])
    html = browser_of(manager).get(url).content.decode()
    assert f"{url}note/" in html
    assert f"{url}write/" not in html
    assert browser_of(owner).get(url).status_code == 404
    refused = browser_of(manager).post(f"{url}write/", {"body": "Hello"})
    assert refused.status_code == 422


# --- Files ---


def _file(name: str = "plan.txt", content: bytes = b"Left side") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="text/html")


def test_a_file_is_handed_out_to_those_who_read_the_message(
    browser_of: SignIn, owner: User, stranger: User, outsider: User, manager: User, question: Thread
) -> None:
    browser_of(owner).post(page(question, "write"), {"body": "Look", "files": [_file()]})
    file = Message.objects.latest("pk").files.get()
    url = reverse("message_file", args=[file.uid])
    answer = browser_of(manager).get(url)
    assert b"".join(answer.streaming_content) == b"Left side"  # type: ignore[attr-defined]
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith("attachment")
    assert browser_of(stranger).get(url).status_code == 404
    assert browser_of(outsider).get(url).status_code == 404


def test_a_file_of_a_note_does_not_exist_for_a_client(
    browser_of: SignIn, owner: User, manager: User, question: Thread
) -> None:
    browser_of(manager).post(page(question, "note"), {"note-body": "Look", "note-files": [_file()]})
    url = reverse("message_file", args=[Message.objects.latest("pk").files.get().uid])
    assert browser_of(manager).get(url).status_code == 200
    assert browser_of(owner).get(url).status_code == 404


def test_a_file_goes_with_its_message_when_that_is_taken_back(
    browser_of: SignIn, owner: User, member: User, question: Thread
) -> None:
    message = post_message(thread=question, by=owner, body="Look", files=[_file()])
    url = reverse("message_file", args=[message.files.get().uid])
    assert browser_of(member).get(url).status_code == 200
    browser_of(owner).post(reverse("message_take_back", args=[message.uid]))
    assert browser_of(member).get(url).status_code == 404

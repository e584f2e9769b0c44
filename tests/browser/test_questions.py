"""Questions and answers as people meet them: asking, waiting, answering; and both homes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from clients.models import Client, User
from feedback.actions import assign, post_message, post_on_task, start_thread, write_note
from feedback.ladder import remind_due
from feedback.models import AnswerClock, Message, Thread
from projects.models import Project
from tests.browser.looks import inspect
from tests.factories import make_contact, make_milestone, make_task

pytestmark = pytest.mark.django_db(transaction=True)

SignIn = Callable[[Page, User], None]
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def talk(owner: User, member: User, viewer: User, specialist: User, manager: User, house: Project) -> Thread:
    """A conversation with all that one can hold, and others around it, one of them late."""
    now = timezone.now()
    thread = start_thread(
        by=owner,
        client=house.client,
        project=house,
        subject="Can we move the socket?",
        body="The socket in the kitchen is behind the fridge.\n\n- left: 30 cm\n- right: no",
        now=now - 40 * HOUR,
    )
    post_message(thread=thread, by=specialist, body="Yes, **before** plastering.", now=now - 38 * HOUR)
    write_note(thread=thread, by=manager, body="They were promised this in spring.", now=now - 37 * HOUR)
    post_message(thread=thread, by=owner, body="And the lamp above it?", now=now - 20 * HOUR)
    assign(thread=thread, by=manager, assignee=specialist, now=now - 19 * HOUR)
    late = start_thread(
        by=member,
        client=house.client,
        project=house,
        subject="Who comes tomorrow?",
        body="At what time?",
        urgency="urgent",
        now=now - 30 * HOUR,
    )
    remind_due(now, 100)
    post_on_task(task=make_task(house, "Roof", assignees=[manager]), by=owner, body="Will it be red?")
    make_task(house, "Tiles", waiting_since=now - 50 * HOUR, waiting_for="Choose the tiles")
    make_task(house, "Cellar", kind="done")
    make_milestone(house, "Roof on", due_on=timezone.localdate() + dt.timedelta(days=12))
    assert AnswerClock.objects.late(now).get().thread == late
    return thread


def test_ask_and_be_answered(
    visit: Callable[..., Any], sign_in: SignIn, owner: User, member: User, manager: User, house: Project
) -> None:
    client, ours = visit(viewport={"width": 375, "height": 740}), visit()
    sign_in(client.page, owner)
    sign_in(ours.page, manager)

    client.page.goto("/")
    client.page.get_by_role("link", name="Ask us something").click()
    client.page.get_by_label("In a few words").fill("Can we move the socket?")
    client.page.get_by_label("Your question, in your own words").fill("It is behind the fridge.")
    client.page.get_by_label("Our owners and the team").check()
    client.page.get_by_role("button", name="Send").click()
    expect(client.page.get_by_role("heading", level=1)).to_have_text("Can we move the socket?")
    expect(client.page.locator("#standing")).to_contain_text("Answer due")
    expect(client.page.locator("#standing")).to_contain_text("in 1 day")
    expect(client.page.locator("#toasts")).to_contain_text("You get an answer by")

    ours.page.goto("/")
    ours.page.get_by_role("link", name="Can we move the socket?").click()
    expect(ours.page.locator(".cx-write .cx-audience:visible")).to_contain_text("Petrov Family: Olga Owner.")
    ours.page.get_by_label("Your answer").fill("Yes, 30 cm to the left.")
    ours.page.get_by_role("button", name="Send answer").click()
    expect(ours.page.locator("#standing")).to_contain_text("Maria Manager answered in less than a minute")

    client.page.goto("/")
    client.page.get_by_role("link", name="Can we move the socket?").click()
    expect(client.page.locator("#standing")).to_contain_text("Maria Manager answered in less than a minute")
    expect(client.page.get_by_text("Yes, 30 cm to the left.")).to_be_visible()


def test_an_answer_is_taken_back_with_undo(page: Page, sign_in: SignIn, manager: User, talk: Thread) -> None:
    sign_in(page, manager)
    page.goto(talk.get_absolute_url())
    page.get_by_label("Your answer").fill("Yse, of course.")
    page.get_by_role("button", name="Send answer").click()
    expect(page.locator("#toasts [data-seconds-left]")).to_contain_text("(")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_label("Your answer")).to_have_value("Yse, of course.")
    expect(page.locator("#standing")).to_contain_text("Answer due")


def test_a_note_looks_like_one_and_has_its_own_form(
    page: Page, sign_in: SignIn, manager: User, talk: Thread
) -> None:
    sign_in(page, manager)
    page.goto(talk.get_absolute_url())
    page.get_by_label("Your answer").fill("For the client.")
    page.get_by_role("radio", name="Internal note").check()
    expect(page.get_by_label("Your answer")).to_be_hidden()
    expect(page.get_by_role("button", name="Send answer")).to_be_hidden()
    note = page.get_by_role("textbox", name="Internal note")
    expect(note).to_have_value("")
    inspect(page, "question-note-form")
    note.fill("For us alone.")
    page.get_by_role("button", name="Save note").click()
    expect(page.locator(".cx-message-note").last).to_contain_text("For us alone.")
    assert Message.objects.get(body="For us alone.").is_note
    expect(page.get_by_label("Your answer")).to_have_value("For the client.")


def test_what_was_typed_outlives_the_session(page: Page, sign_in: SignIn, owner: User, talk: Thread) -> None:
    sign_in(page, owner)
    page.goto(talk.get_absolute_url())
    page.get_by_label("Your message").fill("A long thought.")
    page.context.clear_cookies(name="session")
    page.get_by_role("button", name="Send").click()
    page.wait_for_url("**/accounts/login/**")
    sign_in(page, owner)
    page.goto(talk.get_absolute_url())
    expect(page.get_by_label("Your message")).to_have_value("A long thought.")


def test_readers_follow_what_it_is_about(
    page: Page, sign_in: SignIn, owner: User, client_company: Client, house: Project
) -> None:
    make_contact(client_company, "member", name="Nina New")
    sign_in(page, owner)
    page.goto("/questions/new/?project=HOUSE")
    expect(page.locator("#readers")).not_to_contain_text("Nina New")
    page.get_by_label("Only me and the team").check()
    page.get_by_label("About").select_option("Petrov Family")
    expect(page.locator("#readers")).to_contain_text("Nina New")
    expect(page.get_by_label("Only me and the team")).to_be_checked()


def test_the_list_is_filtered_as_one_types(page: Page, sign_in: SignIn, owner: User, talk: Thread) -> None:
    sign_in(page, owner)
    page.goto("/questions/")
    expect(page.locator(".cx-thread")).to_have_count(3)
    page.get_by_label("Search").fill("lamp")
    expect(page.locator(".cx-thread")).to_have_count(1)
    page.get_by_label("Search").fill("")
    page.get_by_role("radio", name="Closed").check()
    expect(page.locator("#threads")).to_contain_text("Nothing found")


@pytest.mark.parametrize("language", ["en", "ru"])
def test_pages_of_a_client_are_sound(
    page: Page, sign_in: SignIn, owner: User, talk: Thread, language: str
) -> None:
    owner.language = language
    owner.save()
    sign_in(page, owner)
    late = Thread.objects.get(subject="Who comes tomorrow?")
    for name, path in {
        "home-client": "/",
        "questions-client": "/questions/",
        "question-client": talk.get_absolute_url(),
        "question-late-client": late.get_absolute_url(),
        "ask": "/questions/new/?project=HOUSE",
    }.items():
        page.goto(path)
        inspect(page, f"{name}-{language}")


@pytest.mark.parametrize("language", ["en", "ru"])
def test_pages_of_staff_are_sound(
    page: Page, sign_in: SignIn, manager: User, talk: Thread, language: str
) -> None:
    manager.language = language
    manager.save()
    sign_in(page, manager)
    task = talk.project.tasks.get(title="Roof")  # type: ignore[union-attr]
    for name, path in {
        "home-staff": "/",
        "questions-staff": "/questions/",
        "question-staff": talk.get_absolute_url(),
        "task-conversation": f"/projects/HOUSE/tasks/{task.number}/conversation/",
    }.items():
        page.goto(path)
        inspect(page, f"{name}-{language}")


def test_other_pages_are_sound(
    visit: Callable[..., Any], sign_in: SignIn, viewer: User, client_company: Client, talk: Thread
) -> None:
    newcomer = make_contact(client_company, "member")
    for name, user, path in (
        ("question-viewer", viewer, talk.get_absolute_url()),
        ("home-viewer", viewer, "/"),
        ("home-nothing-yet", newcomer, "/"),
        ("questions-nothing-yet", newcomer, "/questions/"),
    ):
        page = visit().page
        sign_in(page, user)
        page.goto(path)
        inspect(page, name)


def test_on_the_page_of_a_task_one_writes_without_leaving_it(
    page: Page, sign_in: SignIn, manager: User, talk: Thread
) -> None:
    task = talk.project.tasks.get(title="Roof")  # type: ignore[union-attr]
    sign_in(page, manager)
    page.goto(task.get_absolute_url())
    page.get_by_label("Your answer").fill("Yse, red.")
    page.get_by_role("button", name="Send answer").click()
    expect(page.locator("#conversation .cx-message-ours")).to_contain_text("Yse, red.")
    expect(page.get_by_label("Your answer")).to_have_value("")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_label("Your answer")).to_have_value("Yse, red.")
    expect(page.locator(".cx-toast form")).to_have_count(0)
    page.get_by_label("Your answer").fill("Yes, red.")
    page.get_by_role("button", name="Send answer").click()
    expect(page.locator("#standing")).to_contain_text("Maria Manager answered")
    page.get_by_role("radio", name="Internal note").check()
    page.get_by_role("textbox", name="Internal note").fill("Order the paint.")
    page.get_by_role("button", name="Save note").click()
    expect(page.locator("#conversation .cx-message-note")).to_contain_text("Order the paint.")
    assert page.url.endswith(task.get_absolute_url())
    assert Message.objects.get(body="Order the paint.").is_note
    inspect(page, "task-with-conversation")


def test_a_session_that_ended_on_the_page_of_a_task_loses_no_words(
    page: Page, sign_in: SignIn, owner: User, talk: Thread
) -> None:
    task = talk.project.tasks.get(title="Roof")  # type: ignore[union-attr]
    sign_in(page, owner)
    page.goto(task.get_absolute_url())
    page.get_by_label("Your message").fill("A long thought.")
    page.context.clear_cookies(name="session")
    page.get_by_role("button", name="Send").click()
    page.wait_for_url("**/accounts/login/**")
    sign_in(page, owner)
    page.goto(task.get_absolute_url())
    expect(page.get_by_label("Your message")).to_have_value("A long thought.")


def test_it_all_works_without_scripts(
    visit: Callable[..., Any], sign_in: SignIn, owner: User, manager: User, house: Project
) -> None:
    client, ours = visit(java_script_enabled=False).page, visit(java_script_enabled=False).page
    sign_in(client, owner)
    sign_in(ours, manager)
    client.goto("/questions/new/?project=HOUSE")
    client.get_by_label("In a few words").fill("Can we move the socket?")
    client.get_by_label("Your question, in your own words").fill("It is behind the fridge.")
    client.get_by_role("button", name="Send").click()
    expect(client.locator("#standing")).to_contain_text("Answer due")
    ours.goto(Thread.objects.get().get_absolute_url())
    ours.get_by_role("radio", name="Internal note").check()
    ours.get_by_role("textbox", name="Internal note").fill("For us alone.")
    ours.get_by_role("button", name="Save note").click()
    ours.get_by_label("Your answer").fill("Yes.")
    ours.get_by_role("button", name="Send answer").click()
    ours.locator(".cx-message-ours").get_by_role("button", name="Take back").click()
    expect(ours.get_by_label("Your answer")).to_have_value("Yes.")
    ours.get_by_role("button", name="Send answer").click()
    client.reload()
    expect(client.locator("#standing")).to_contain_text("Maria Manager answered")
    expect(client.locator("body")).not_to_contain_text("For us alone.")

"""The pages of the administration beside those of its models: on a phone, in the dark, in both languages."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from clients.actions import lock_out
from clients.models import User
from cxportal.notifications.models import OutgoingMail
from feedback import actions
from feedback.models import Thread
from projects.models import Project
from tests.browser.looks import inspect
from tests.factories import make_project, make_task

pytestmark = pytest.mark.django_db(transaction=True)
SignIn = Callable[[Page, User], None]


@pytest.fixture
def thread(
    owner: User, member: User, viewer: User, manager: User, specialist: User, house: Project
) -> Thread:
    thread = actions.start_thread(
        by=owner,
        client=house.client,
        project=house,
        subject="Can we move the socket?",
        body="Behind the fridge.",
    )
    actions.assign(thread=thread, by=manager, assignee=specialist)
    actions.follow(thread=thread, by=member)
    actions.unfollow(thread=thread, by=member)
    actions.post_message(thread=thread, by=manager, body="Yes, before plastering.")
    actions.start_thread(
        by=owner, client=house.client, project=house, subject="The price", body="?", audience="author"
    )
    make_project(house.client, code="GARAGE", name="Garage")
    make_task(house, "Roof", assignees=[specialist])
    OutgoingMail.objects.filter(recipient=owner).update(state="sent", sent_at=timezone.now())
    return thread


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_pages_are_sound(
    page: Page,
    sign_in: SignIn,
    admin_user: User,
    owner: User,
    member: User,
    specialist: User,
    manager: User,
    thread: Thread,
    language: str,
) -> None:
    User.objects.filter(pk=admin_user.pk).update(language=language)
    sign_in(page, admin_user)
    clock = thread.clocks.get()
    mail = OutgoingMail.objects.filter(recipient=owner).latest("pk")
    for name, path in {
        "access-contact": f"/admin/people/{member.pk}/access/",
        "access-staff": f"/admin/people/{specialist.pk}/access/",
        "mail": f"/admin/people/{member.pk}/mail/",
        "thread": f"/admin/conversations/{thread.pk}/mail/",
        "hand-over": f"/admin/people/{specialist.pk}/hand-over/?to={manager.pk}",
        "lock-out": f"/admin/clients/user/lock-out/{owner.pk},{member.pk}/do/",
        "move": f"/admin/feedback/answerclock/{clock.pk}/move/",
        "copy": f"/admin/notifications/outgoingmail/{mail.pk}/copy/do/",
    }.items():
        page.goto(path)
        inspect(page, f"admin-{name}-{language}")


def test_from_the_search_to_the_answer_in_three_clicks(
    page: Page, sign_in: SignIn, admin_user: User, owner: User, thread: Thread
) -> None:
    sign_in(page, admin_user)
    page.goto("/admin/clients/user/?q=Olga")
    page.get_by_role("link", name="what they see and get").first.click()
    page.get_by_role("link", name="Mail", exact=True).click()
    answer = page.locator(".cx-rows li", has_text="our answer")
    expect(answer).to_contain_text("Can we move the socket?")
    expect(answer).to_contain_text("sent")
    answer.get_by_role("link", name="sent").click()
    expect(page.get_by_role("link", name="Send a copy")).to_be_visible()


def test_locking_out_asks_and_can_be_taken_back(
    page: Page, sign_in: SignIn, admin_user: User, owner: User
) -> None:
    sign_in(page, admin_user)
    page.goto(f"/admin/people/{owner.pk}/access/")
    page.get_by_role("link", name="Lock out").click()
    page.get_by_label("Why?").fill("Lost a phone")
    page.get_by_role("button", name="Lock out").click()
    expect(page.get_by_text("is locked out.")).to_be_visible()
    inspect(page, "admin-locked")
    page.get_by_role("link", name="Let in again").click()
    page.get_by_label("Why?").fill("Found")
    page.get_by_role("button", name="Let in again").click()
    expect(page.get_by_text("may sign in again.")).to_be_visible()
    assert User.objects.get(pk=owner.pk).is_active


def test_the_audit_and_people_are_sound(
    page: Page, sign_in: SignIn, admin_user: User, owner: User, specialist: User
) -> None:
    lock_out(user=owner, by=admin_user, reason="Lost a phone")
    sign_in(page, admin_user)
    page.goto("/admin/notifications/auditentry/")
    expect(page.get_by_role("cell", name="Lost a phone")).to_be_visible()
    inspect(page, "admin-audit")
    page.goto(f"/admin/clients/user/{owner.pk}/change/")
    inspect(page, "admin-person")
    page.goto(f"/admin/clients/user/{specialist.pk}/change/")
    inspect(page, "admin-colleague")
    page.goto("/admin/clients/user/?q=Olga")
    inspect(page, "admin-people")


def test_lists_and_forms_that_lead_there_are_sound(
    page: Page, sign_in: SignIn, admin_user: User, owner: User, thread: Thread
) -> None:
    sign_in(page, admin_user)
    mail = OutgoingMail.objects.filter(recipient=owner).latest("pk")
    wrong = []
    for name, path in {
        "mails": "notifications/outgoingmail/",
        "one-mail": f"notifications/outgoingmail/{mail.pk}/change/",
        "events": "notifications/event/",
        "clocks": "feedback/answerclock/",
        "one-clock": f"feedback/answerclock/{thread.clocks.get().pk}/change/",
        "one-thread": f"feedback/thread/{thread.pk}/change/",
        "company": f"clients/client/{thread.client_id}/change/",
        "boards": "portal/sentboard/",
        "password": f"clients/user/{owner.pk}/password/",
        "index": "",
    }.items():
        page.goto(f"/admin/{path}")
        try:
            inspect(page, f"admin-{name}")
        except AssertionError as error:
            wrong.append(str(error))
    assert not wrong, "\n".join(wrong)

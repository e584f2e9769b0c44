"""What an administrator needs when something is wrong: who sees what, why a mail came or did not."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from clients.actions import request_password_reset
from clients.models import Absence, User
from conftest import SignedIn
from cxportal.notifications.models import Event, OutgoingMail
from cxportal.notifications.sending import send_due
from cxportal.portal.administration.access import access_of
from cxportal.portal.models import BoardSchedule, SentBoard
from cxportal.portal.weekly.schedules import queue_due_boards
from feedback import actions
from feedback.ladder import remind_due
from feedback.models import Thread
from projects.models import Project
from tests.factories import make_project, make_thread
from tests.smtp import SmtpServer
from tests.world import World

pytestmark = pytest.mark.django_db
NAMES = ["owner", "member", "viewer", "specialist", "manager", "admin", "stranger", "outsider"]


def page_of(admin_user: User, path: str) -> str:
    answer = SignedIn(admin_user).get(path)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize("name", NAMES)
def test_access_says_what_the_pages_really_answer(name: str, world: World) -> None:
    person = world.people[name]
    make_project(world.client, code="DRAFT", status="draft")
    make_project(world.client, code="SECOND")
    make_thread(world.client, author=world.people["owner"], audience=Thread.Audience.OWNERS)
    access = access_of(person, timezone.now())
    browser = SignedIn(person)
    seen = {place.thing.pk for place in access.projects.rows}
    for project in Project.objects.all():
        answer = browser.get(project.get_absolute_url()).status_code
        assert (answer == 200) == (project.pk in seen), project.code
    unread = {place.thing.pk for place in access.unseen_threads.rows}
    opened = 0
    for thread in Thread.objects.all():
        answer = browser.get(thread.get_absolute_url()).status_code
        opened += answer == 200
        if thread.pk in unread:
            assert answer == 404, thread
    assert opened == access.threads
    assert all(place.why for place in [*access.projects.rows, *access.unseen_threads.rows])
    assert all(place.why for place in access.unseen_projects.rows)


def test_access_names_the_reasons(world: World, admin_user: User) -> None:
    make_project(world.client, code="SECOND", name="Garage")
    page = page_of(admin_user, f"/admin/people/{world.people['member'].pk}/access/")
    assert "opened to them (member)" in page
    assert "not opened to them" in page
    assert "kept it for themself and the team" in page
    page = page_of(admin_user, f"/admin/people/{world.people['owner'].pk}/access/")
    assert "owner of Petrov Family" in page
    page = page_of(admin_user, f"/admin/people/{world.people['specialist'].pk}/access/")
    assert "on the team" in page
    page = page_of(admin_user, f"/admin/people/{world.people['manager'].pk}/access/")
    assert "runs all projects" in page


def test_access_counts_the_browsers_and_says_who_is_locked_out(owner: User, admin_user: User) -> None:
    SignedIn(owner), SignedIn(owner)
    path = f"/admin/people/{owner.pk}/access/"
    assert "browsers" not in page_of(admin_user, path), "all sessions are read for it: only when asked"
    assert "in 2 browsers" in page_of(admin_user, f"{path}?sessions")
    User.objects.filter(pk=owner.pk).update(is_active=False)
    assert "No, locked out" in page_of(admin_user, path)


def test_access_costs_the_same_for_more_of_everything(world: World, admin_user: User) -> None:
    owner = world.people["owner"]
    browser = SignedIn(admin_user)
    numbers = []
    for number in range(3):
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(f"/admin/people/{owner.pk}/access/").status_code == 200
        numbers.append(len(queries))
        for code in "AB":
            project = make_project(world.client, code=f"M{number}{code}")
            make_thread(world.client, author=owner, project=project)
            make_thread(world.client, author=world.people["member"], audience="author")
    assert len(set(numbers)) == 1, numbers


# --- Why a mail came or did not -----------------------------------------------------------------


@pytest.fixture
def question(owner: User, member: User, house: Project) -> Thread:
    return actions.start_thread(
        by=owner, client=house.client, project=house, subject="Socket", body="Can we move the socket?"
    )


def in_a_minute() -> dt.datetime:
    return timezone.now() + dt.timedelta(minutes=1)


def mail_page(admin_user: User, person: User, words: str = "") -> str:
    return page_of(admin_user, f"/admin/people/{person.pk}/mail/?q={words}")


def test_an_answer_that_came_is_shown_with_the_servers_words(
    question: Thread, owner: User, manager: User, admin_user: User, smtp: SmtpServer
) -> None:
    actions.post_message(thread=question, by=manager, body="Yes, we can.")
    page = mail_page(admin_user, owner, "Socket")
    assert "our answer" in page
    assert "held for the seconds in which it can be taken back" in page
    send_due(in_a_minute())
    page = mail_page(admin_user, owner, "Socket")
    assert "250 accepted" in page
    assert "held for" not in page


def test_an_answer_the_server_refused_says_so(
    question: Thread, owner: User, manager: User, admin_user: User, smtp: SmtpServer
) -> None:
    smtp.rcpt[owner.email] = "550 no such person"
    actions.post_message(thread=question, by=manager, body="Yes, we can.")
    send_due(in_a_minute())
    page = mail_page(admin_user, owner, "Socket")
    assert "refused for good" in page
    assert "550 no such person" in page


def test_who_got_no_mail_is_told_why(
    question: Thread, owner: User, member: User, viewer: User, manager: User, admin_user: User
) -> None:
    actions.follow(thread=question, by=member)
    actions.unfollow(thread=question, by=member)
    actions.post_message(thread=question, by=manager, body="Yes, we can.")
    assert "had stopped following on" in mail_page(admin_user, member)
    assert "did not follow the conversation then" in mail_page(admin_user, viewer)
    assert "wrote it themself" in mail_page(admin_user, owner)
    assert "words of a client go to our team" in mail_page(admin_user, member)


def test_who_does_not_see_a_conversation_any_more_is_told_so(
    question: Thread, owner: User, member: User, manager: User, admin_user: User
) -> None:
    actions.follow(thread=question, by=member)
    actions.narrow_audience(thread=question, by=owner, audience="owners")
    actions.post_message(thread=question, by=manager, body="Yes, we can.")
    send_due(in_a_minute())
    page = mail_page(admin_user, member, "Socket")
    assert "does not see the conversation" in page


def test_a_conversation_tells_who_got_its_mails(
    question: Thread, owner: User, member: User, manager: User, admin_user: User
) -> None:
    actions.post_message(thread=question, by=manager, body="Yes, we can.")
    page = page_of(admin_user, f"/admin/conversations/{question.pk}/mail/")
    assert "Yes, we can." in page
    assert owner.name in page
    assert "did not follow the conversation then" in page


def test_an_event_leads_to_its_mails(question: Thread, manager: User, admin_user: User) -> None:
    message = actions.post_message(thread=question, by=manager, body="Yes, we can.")
    event = Event.objects.get(kind="message.posted", data__message=message.pk)
    mail = OutgoingMail.objects.get(dedupe_key__startswith=f"answer:{message.pk}:")
    page = page_of(admin_user, f"/admin/events/{event.pk}/mail/")
    assert f"/admin/notifications/outgoingmail/{mail.pk}/change/" in page
    other = Event.objects.create(kind="task.moved")
    assert "weekly board" in page_of(admin_user, f"/admin/events/{other.pk}/mail/")


def test_notes_are_never_part_of_the_story(world: World, admin_user: User) -> None:
    page = page_of(admin_user, f"/admin/conversations/{world.thread.pk}/mail/")
    assert world.note.body not in page
    event = Event.objects.create(
        kind="note.written", thread=world.thread, is_internal=True, data={"message": world.note.pk}
    )
    assert world.note.body not in page_of(admin_user, f"/admin/events/{event.pk}/mail/")


def test_a_skipped_weekly_board_stands_in_the_story(owner: User, house: Project, admin_user: User) -> None:
    BoardSchedule.objects.filter(user=owner).update(skip_quiet_weeks=True)
    queue_due_boards(timezone.now() + dt.timedelta(days=8))
    assert SentBoard.objects.get(user=owner).outcome == SentBoard.Outcome.QUIET
    assert "skipped: a quiet week" in mail_page(admin_user, owner)
    assert "skipped: a quiet week" in page_of(admin_user, "/admin/portal/sentboard/")


def test_the_ladder_says_who_was_left_out_and_who_waits_for_the_end_of_quiet_hours(
    question: Thread, specialist: User, manager: User, admin_user: User
) -> None:
    actions.assign(thread=question, by=manager, assignee=specialist)
    now = question.clocks.get().started_at + dt.timedelta(hours=12)
    away = Absence.objects.create(user=specialist, starts_on=now.date(), ends_on=now.date())
    remind_due(now)
    assert "is away from work" in mail_page(admin_user, specialist, "Socket")
    assert "is away from work" in page_of(admin_user, f"/admin/conversations/{question.pk}/mail/")
    away.delete()
    profile = specialist.staff_profile
    profile.quiet_from = (now - dt.timedelta(hours=1)).time()
    profile.quiet_until = (now + dt.timedelta(hours=7)).time()
    profile.save()
    actions.assign(thread=question, by=manager, assignee=None, now=now)
    actions.assign(thread=question, by=manager, assignee=specialist, now=now)
    assert "waits until their quiet hours end" in mail_page(admin_user, specialist, "Socket")


def test_a_weekly_slot_leads_to_its_mail(owner: User, house: Project, admin_user: User) -> None:
    queue_due_boards(timezone.now() + dt.timedelta(days=8))
    mail = OutgoingMail.objects.get(recipient=owner)
    assert f"/admin/notifications/outgoingmail/{mail.pk}/change/" in page_of(
        admin_user, "/admin/portal/sentboard/"
    )
    assert "weekly board" in mail_page(admin_user, owner)


def test_the_reason_is_kept_in_english_and_said_in_the_readers_language(
    question: Thread, owner: User, manager: User, admin_user: User, house: Project
) -> None:
    """The recipient reads Russian, the administrator English; then the other way round."""
    User.objects.filter(pk=owner.pk).update(language="ru")
    owner.refresh_from_db()
    actions.post_message(thread=question, by=manager, body="Да.")
    queue_due_boards(timezone.now() + dt.timedelta(days=8))
    User.objects.filter(pk=owner.pk).update(is_active=False)
    with translation.override("ru"):  # whoever was served last in this process
        send_due(timezone.now() + dt.timedelta(days=9))
    mails = OutgoingMail.objects.filter(recipient=owner)
    assert {mail.kind: mail.reason for mail in mails} == {
        "thread.answer": "may not sign in",
        "weekly_board": "may not sign in any more",
    }
    assert "may not sign in any more" in mail_page(admin_user, owner)
    User.objects.filter(pk=admin_user.pk).update(language="ru")
    admin_user.refresh_from_db()
    assert "больше не может входить" in mail_page(admin_user, owner)
    page = page_of(admin_user, "/admin/notifications/outgoingmail/")
    assert "may not sign in" not in page


def test_the_story_costs_the_same_for_more_mails(
    question: Thread, owner: User, member: User, viewer: User, manager: User, admin_user: User
) -> None:
    browser = SignedIn(admin_user)
    paths = [f"/admin/people/{owner.pk}/mail/", f"/admin/conversations/{question.pk}/mail/"]
    actions.post_message(thread=question, by=manager, body="Answer")
    numbers = []
    for _round in range(3):
        with CaptureQueriesContext(connection) as queries:
            for path in paths:
                assert browser.get(path).status_code == 200
        numbers.append(len(queries))
        actions.post_message(thread=question, by=owner, body="And now?")
        actions.post_message(thread=question, by=manager, body="Answer")
    assert len(set(numbers)) == 1, numbers


def test_secret_mails_show_no_text(owner: User, admin_user: User, smtp: SmtpServer) -> None:
    request_password_reset(email=owner.email, language="en")
    send_due()
    page = mail_page(admin_user, owner)
    assert "link for a new password" in page
    assert "/accounts/password/reset/key/" not in page


def test_three_clicks_from_the_search(question: Thread, owner: User, manager: User, admin_user: User) -> None:
    """Search for Olga, open what she sees and gets, her mail: there stands the answer to X."""
    actions.post_message(thread=question, by=manager, body="Yes, we can.")
    found = page_of(admin_user, "/admin/clients/user/?q=Olga")
    assert f'href="/admin/people/{owner.pk}/access/"' in found
    assert f'href="/admin/people/{owner.pk}/mail/"' in page_of(
        admin_user, f"/admin/people/{owner.pk}/access/"
    )
    assert question.subject in mail_page(admin_user, owner)


def paths(world: World) -> list[str]:
    owner = world.people["owner"].pk
    return [
        f"/admin/people/{owner}/access/",
        f"/admin/people/{owner}/mail/",
        f"/admin/people/{world.people['specialist'].pk}/hand-over/",
        f"/admin/conversations/{world.thread.pk}/mail/",
        f"/admin/events/{Event.objects.create(kind='task.moved').pk}/mail/",
        f"/admin/clients/user/lock-out/{owner}/do/",
        "/admin/notifications/auditentry/",
    ]


@pytest.mark.parametrize("name", [*NAMES, "nobody"])
def test_the_pages_are_for_administrators(name: str, world: World) -> None:
    browser = Browser() if name == "nobody" else SignedIn(world.people[name])
    for path in paths(world):
        status = browser.get(path).status_code
        assert status == 200 if name == "admin" else status in {302, 403}, path
        if name != "admin":
            assert browser.post(path, {"reason": "x"}).status_code in {302, 403}
    world.people["owner"].refresh_from_db()
    assert world.people["owner"].is_active


def test_what_does_not_exist_is_not_found(admin_user: User) -> None:
    browser = SignedIn(admin_user)
    for path in ("people/99999/access", "people/99999/mail", "people/99999/hand-over", "events/9/mail"):
        assert browser.get(f"/admin/{path}/").status_code == 404
    assert browser.get("/admin/clients/user/lock-out/99999/do/").status_code == 404
    assert browser.get("/admin/clients/user/dance/1/do/").status_code == 404


def test_hostile_words_stay_words(house: Project, owner: User, manager: User, admin_user: User) -> None:
    bad = "<script>alert(1)</script>"
    User.objects.filter(pk=owner.pk).update(name=bad)
    thread = actions.start_thread(by=owner, client=house.client, project=house, subject=bad, body=bad)
    actions.assign(thread=thread, by=manager, assignee=manager)
    message = actions.post_message(thread=thread, by=manager, body=bad)
    SignedIn(admin_user).post(f"/admin/clients/user/lock-out/{owner.pk}/do/", {"reason": bad})
    event = Event.objects.get(kind="message.posted", data__message=message.pk)
    for path in (
        f"people/{owner.pk}/access/",
        f"people/{owner.pk}/mail/?q=%3Cscript%3E",
        f"people/{manager.pk}/hand-over/",
        f"conversations/{thread.pk}/mail/",
        f"events/{event.pk}/mail/",
        f"clients/user/let-in/{owner.pk}/do/",
        "notifications/auditentry/",
    ):
        page = page_of(admin_user, f"/admin/{path}")
        assert bad not in page, path
        assert "&lt;script&gt;" in page, path


def test_words_and_numbers_no_browser_sends_break_nothing(
    owner: User, specialist: User, admin_user: User
) -> None:
    browser = SignedIn(admin_user)
    for words in ("%00", "%ED%A0%80", "%E2%80%AE", "x" * 5000, "%25", "%5C"):
        expected = 400 if words == "%00" else 200
        assert browser.get(f"/admin/people/{owner.pk}/mail/?q={words}").status_code == expected
        assert browser.get(f"/admin/people/{specialist.pk}/hand-over/?to={words}").status_code == expected
    for reason in ("a\0b", "x" * 301, "\n"):
        answer = browser.post(f"/admin/clients/user/lock-out/{owner.pk}/do/", {"reason": reason})
        assert answer.status_code == 200
    owner.refresh_from_db()
    assert owner.is_active
    huge = "9" * 30
    for path in (f"people/{huge}/access", f"events/{huge}/mail", f"clients/user/lock-out/{huge}/do"):
        assert browser.get(f"/admin/{path}/").status_code == 404

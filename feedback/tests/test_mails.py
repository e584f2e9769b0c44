"""What the mails of conversations say, to whom in which words, and when they are not sent after all."""

from __future__ import annotations

import datetime as dt
import re
from html.parser import HTMLParser

import pytest
from django.db import transaction
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from clients.models import Absence, Client, Membership, User
from cxportal.notifications.mail import Rendered, kind_of
from cxportal.notifications.models import OutgoingMail
from cxportal.notifications.sending import render, send_due
from feedback import actions, ladder
from feedback.models import AnswerClock, Reminder, Thread
from feedback.tests.conftest import MINUTE, NOW, Ask, at
from projects.models import Project
from tests.smtp import SmtpServer
from tests.world import INTERNAL_CANARY


def one_pass(now: dt.datetime) -> None:
    """What the beat does each minute, as far as conversations are concerned."""
    ladder.remind_due(now)
    send_due(now)


def mail_of(kind: str, to: User) -> OutgoingMail:
    return OutgoingMail.objects.select_related("recipient").get(kind=kind, to=to.email)


def why_not(mail: OutgoingMail) -> str:
    with transaction.atomic():
        return kind_of(mail).why_not(mail)


def both_parts_say(rendered: Rendered, *texts: str) -> None:
    for text in texts:
        assert text in rendered.text
        assert text in rendered.html


def elements_of(html: str) -> set[str]:
    found: set[str] = set()

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: object) -> None:
            found.add(tag)

    Reader().feed(html)
    return found


@pytest.fixture
def thread(ask: Ask, anna: User, manager: User) -> Thread:
    thread = ask(body="Can we move the socket *behind* the fridge?")
    actions.assign(thread=thread, by=manager, assignee=anna, now=NOW)
    return thread


def test_the_news_of_a_question_says_who_what_and_until_when(thread: Thread, anna: User) -> None:
    anna.time_zone = "Europe/Berlin"
    anna.save()
    rendered = render(mail_of("thread.message", anna))
    assert rendered.subject == "Petrov Family: Socket"
    both_parts_say(
        rendered,
        "Olga Owner",
        "Petrov Family",
        "House in Petrovka",
        "Wednesday 25 November 2026, 10:00 (Europe/Berlin)",
    )
    assert "behind the fridge?" in rendered.text
    assert "<em>behind</em>" in rendered.html
    both_parts_say(rendered, f"http://localhost:8000{thread.get_absolute_url()}")


def test_an_answer_comes_with_the_question(thread: Thread, owner: User, anna: User) -> None:
    actions.post_message(thread=thread, by=anna, body="Yes, **30 cm** to the left.", now=at(1))
    rendered = render(mail_of("thread.answer", owner))
    assert rendered.subject == "Anna Answer answered: Socket"
    both_parts_say(rendered, "Anna Answer", "to the left", "the fridge?", "Olga Owner asked:", "1 h")
    assert "<strong>30 cm</strong>" in rendered.html


def test_words_that_answer_nothing_come_alone(thread: Thread, owner: User, anna: User) -> None:
    actions.post_message(thread=thread, by=anna, body="Yes.", now=at(1))
    OutgoingMail.objects.all().delete()
    actions.post_message(thread=thread, by=anna, body="The tiler comes tomorrow.", now=at(2))
    rendered = render(mail_of("thread.answer", owner))
    assert rendered.subject == "Anna Answer wrote: Socket"
    assert "fridge" not in rendered.text + rendered.html


def test_a_reminder_says_how_much_time_is_used_and_who_else_knows(
    thread: Thread, anna: User, boris: User
) -> None:
    ladder.remind_due(at(18))
    rendered = render(mail_of("reminder", anna))
    assert rendered.subject == "Please answer Petrov Family: Socket"
    both_parts_say(
        rendered, "75 % of the time to answer", "Boris Backup", "Wednesday 25 November 2026, 09:00 (UTC)"
    )


def test_a_late_reminder_says_late(thread: Thread, anna: User) -> None:
    ladder.remind_due(at(25))
    rendered = render(mail_of("reminder", anna))
    assert rendered.subject == "Late: Petrov Family, Socket"
    both_parts_say(rendered, "They read that we are late")


def test_mails_are_in_the_recipients_language(thread: Thread, owner: User, anna: User) -> None:
    for person in (owner, anna):
        person.language = "ru"
        person.save()
    OutgoingMail.objects.all().delete()
    actions.post_message(thread=thread, by=owner, body="Алло?", now=at(1))
    ladder.remind_due(at(18))
    actions.post_message(thread=thread, by=anna, body="Да.", now=at(19))
    for kind, person in (("thread.message", anna), ("reminder", anna), ("thread.answer", owner)):
        rendered = render(mail_of(kind, person))
        both_parts_say(rendered, "Вы получили это письмо")
        assert 'lang="ru"' in rendered.html


def test_mails_of_one_conversation_are_kept_together(thread: Thread, owner: User, anna: User) -> None:
    actions.post_message(thread=thread, by=anna, body="Yes.", now=at(1))
    first = render(mail_of("thread.message", anna)).headers["References"]
    assert render(mail_of("thread.answer", owner)).headers["References"] == first


def test_nothing_a_person_writes_becomes_html_or_another_header(
    ask: Ask, house: Project, owner: User, manager: User
) -> None:
    house.name = house.client.name = owner.name = "<script>alert(1)</script>"
    for row in (house, house.client, owner):
        row.save()
    ask(subject="<b>Hi</b>\r\nBcc: all@example.com", body="<img src=x onerror=alert(1)>")
    rendered = render(mail_of("thread.message", manager))
    assert not {"script", "img", "b"} & elements_of(rendered.html)
    assert "\n" not in rendered.subject


def test_links_lead_to_base_url_alone(thread: Thread, anna: User, settings: Settings) -> None:
    settings.BASE_URL = "https://portal.example"
    rendered = render(mail_of("thread.message", anna))
    links = re.findall(r"https?://[^/\s\"<]+", rendered.text + rendered.html)
    assert set(links) - {"http://www.w3.org"} == {"https://portal.example"}


def test_notes_are_in_no_mail(thread: Thread, owner: User, anna: User, manager: User) -> None:
    actions.write_note(thread=thread, by=anna, body=INTERNAL_CANARY, now=at(1))
    actions.follow(thread=thread, by=manager)
    actions.post_message(thread=thread, by=anna, body="Yes.", now=at(2))
    actions.write_note(thread=thread, by=anna, body=INTERNAL_CANARY, now=at(3))
    for mail in OutgoingMail.objects.select_related("recipient"):
        rendered = render(mail)
        assert INTERNAL_CANARY not in rendered.subject + rendered.text + rendered.html
        assert INTERNAL_CANARY not in str(mail.data)


def test_an_answer_that_was_taken_back_is_not_sent(thread: Thread, owner: User, anna: User) -> None:
    answer = actions.post_message(thread=thread, by=anna, body="Yes.", now=at(1))
    mail = mail_of("thread.answer", owner)
    assert mail.due_at == at(1) + dt.timedelta(seconds=10)
    assert why_not(mail) == ""
    actions.take_back(message=answer, by=anna, now=at(1))
    assert why_not(mail) == "the message was taken back"


def test_news_of_a_question_taken_back_is_not_sent(thread: Thread, owner: User, anna: User) -> None:
    actions.take_back(message=thread.messages.get(), by=owner, now=NOW + MINUTE)
    assert why_not(mail_of("thread.message", anna)) == "the message was taken back"


@pytest.mark.parametrize("lost", ["membership", "sign_in", "company", "audience", "task"])
def test_an_answer_is_not_sent_to_someone_who_may_not_read_it_any_more(
    lost: str, ask: Ask, owner: User, member: User, manager: User
) -> None:
    thread = ask()
    actions.follow(thread=thread, by=member)
    actions.post_message(thread=thread, by=manager, body="Yes.", now=at(1))
    mail = mail_of("thread.answer", member)
    assert why_not(mail) == ""
    match lost:
        case "membership":
            Membership.objects.filter(user=member).delete()
        case "sign_in":
            User.objects.filter(pk=member.pk).update(is_active=False)
        case "company":
            Client.objects.update(is_active=False)
        case "audience":
            actions.narrow_audience(thread=thread, by=owner, audience=Thread.Audience.AUTHOR)
        case "task":
            member.memberships.get().projects.clear()
    assert why_not(mail) != ""


def test_news_for_someone_locked_out_goes_to_whoever_stands_in(
    thread: Thread, anna: User, boris: User
) -> None:
    mail = mail_of("thread.message", anna)
    User.objects.filter(pk=anna.pk).update(is_active=False)
    assert why_not(mail) == "may not sign in"
    assert mail_of("thread.message", boris)


def test_a_reminder_of_an_answered_clock_is_not_sent_and_the_ledger_says_so(
    thread: Thread, anna: User, specialist: User
) -> None:
    ladder.remind_due(at(12))
    mail = mail_of("reminder", anna)
    assert why_not(mail) == ""
    actions.post_message(thread=thread, by=specialist, body="Yes.", now=at(13))
    assert why_not(mail) == "the clock had ended"
    line = Reminder.objects.get()
    assert (line.outcome, line.reason) == ("suppressed", "answered")


def test_a_reminder_for_someone_who_is_not_on_it_any_more_is_not_sent(
    thread: Thread, anna: User, manager: User, specialist: User
) -> None:
    ladder.remind_due(at(12))
    actions.assign(thread=thread, by=manager, assignee=specialist, now=at(13))
    assert why_not(mail_of("reminder", anna)) == "was not in charge any more"
    assert why_not(mail_of("reminder", specialist)) == ""


def test_a_reminder_for_someone_locked_out_goes_to_whoever_stands_in(
    thread: Thread, anna: User, boris: User
) -> None:
    ladder.remind_due(at(12))
    User.objects.filter(pk=anna.pk).update(is_active=False)
    assert why_not(mail_of("reminder", anna)) == "may not sign in"
    assert Reminder.objects.get(user=boris).rung == "50"
    assert mail_of("reminder", boris)


def test_a_reminder_held_for_quiet_hours_gives_way_to_a_later_one(
    thread: Thread, anna: User, house: Project
) -> None:
    anna.staff_profile.quiet_from, anna.staff_profile.quiet_until = dt.time(20), dt.time(8)
    anna.staff_profile.save()
    ladder.remind_due(at(12))
    held = mail_of("reminder", anna)
    ladder.remind_due(at(21.6))
    assert why_not(held) == "a later reminder was sent"
    latest = Reminder.objects.get(user=anna, rung="90").mail
    assert latest is not None
    assert why_not(latest) == ""


def test_what_is_gone_sends_nothing(thread: Thread, anna: User) -> None:
    ladder.remind_due(at(12))
    mails = list(OutgoingMail.objects.all())
    AnswerClock.objects.all().delete()
    assert {why_not(mail) for mail in mails if mail.kind == "reminder"} == {
        "the conversation does not exist any more"
    }


def test_everything_is_asked_again_in_a_fixed_number_of_queries(
    thread: Thread, anna: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    ladder.remind_due(at(12))
    mail = mail_of("reminder", anna)
    with django_assert_max_num_queries(12):
        assert why_not(mail) == ""


def test_when_the_assignee_is_back_they_are_reminded_and_not_the_stand_in(
    thread: Thread, anna: User, boris: User
) -> None:
    later = timezone.now().date() + dt.timedelta(days=30)
    absence = Absence.objects.create(user=anna, starts_on=at(12).date(), ends_on=later)
    ladder.remind_due(at(12))
    mail = mail_of("reminder", boris)
    absence.delete()
    assert why_not(mail) == "was not in charge any more"
    assert Reminder.objects.get(user=anna).outcome == "queued"
    assert why_not(mail_of("reminder", anna)) == ""


def test_from_the_question_to_the_answer_by_a_real_mail_server(
    ask: Ask, owner: User, manager: User, smtp: SmtpServer
) -> None:
    start = timezone.now()
    thread = ask(now=start)
    one_pass(start + MINUTE)
    assert smtp.recipients() == [manager.email]
    one_pass(start + dt.timedelta(hours=12))
    assert smtp.recipients() == [manager.email] * 2
    actions.post_message(thread=thread, by=manager, body="Yes.", now=start + dt.timedelta(hours=13))
    one_pass(start + dt.timedelta(hours=13))
    assert len(smtp.accepted) == 2  # held for as long as it can be taken back
    one_pass(start + dt.timedelta(hours=24))
    assert smtp.recipients() == [manager.email, manager.email, owner.email]

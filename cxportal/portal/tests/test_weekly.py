"""The weekly board, from the slot to the mail in the outgoing table."""

from __future__ import annotations

import datetime as dt
import re
import uuid

import pytest
from django.urls import reverse
from django.utils import timezone, translation

from clients.models import Client, User
from cxportal.notifications.mail import kind_of
from cxportal.notifications.models import OutgoingMail
from cxportal.portal.models import BoardSchedule, SentBoard
from cxportal.portal.weekly.actions import send_now, write_introduction
from cxportal.portal.weekly.links import stop_token
from cxportal.portal.weekly.schedules import change_schedule, queue_due_boards
from projects.models import DateChange, Project
from tests.factories import make_contact, make_milestone, make_project, make_task
from tests.mail_support import unsupported

# A Friday 16:00 in Berlin, winter time, and what is around it.
FRIDAY = dt.datetime(2026, 11, 27, 15, 0, tzinfo=dt.UTC)
BEFORE = FRIDAY - dt.timedelta(days=3)
DAY = dt.timedelta(days=1)


@pytest.fixture
def berlin(client_company: Client, time_machine) -> Client:
    """The company of `house` in Berlin; it is Tuesday."""
    time_machine.move_to(BEFORE, tick=False)
    client_company.time_zone = "Europe/Berlin"
    client_company.save()
    return client_company


def mails() -> list[OutgoingMail]:
    return list(OutgoingMail.objects.filter(kind="weekly_board").order_by("pk"))


def run(time_machine, instant: dt.datetime) -> int:
    time_machine.move_to(instant, tick=False)
    return queue_due_boards(instant)


def rendered(mail: OutgoingMail):
    return kind_of(mail).render(mail)


def test_friday_16_00_in_the_companys_zone_is_the_first_slot(berlin, house, owner) -> None:
    assert owner.board_schedule.next_slot_at == FRIDAY


def test_nothing_leaves_before_the_slot(berlin, house, owner, time_machine) -> None:
    assert run(time_machine, FRIDAY - dt.timedelta(seconds=1)) == 0


def test_one_mail_per_recipient_and_slot_however_often_it_runs(
    berlin, house, owner, member, time_machine
) -> None:
    assert run(time_machine, FRIDAY) == 2
    assert run(time_machine, FRIDAY) == 0
    assert {mail.recipient for mail in mails()} == {owner, member}
    assert {s.next_slot_at for s in BoardSchedule.objects.all()} == {FRIDAY + 7 * DAY}


def test_a_viewer_gets_none_unless_they_ask(berlin, house, viewer, time_machine) -> None:
    assert run(time_machine, FRIDAY) == 0
    assert not viewer.board_schedule.is_on


def test_a_member_without_an_open_project_gets_none(berlin, house, time_machine) -> None:
    make_contact(berlin, "member")
    assert run(time_machine, FRIDAY) == 0
    assert SentBoard.objects.get().outcome == SentBoard.Outcome.NOBODY


@pytest.mark.parametrize("status", ["draft", "archived"])
def test_drafts_and_archived_projects_tell_nobody(berlin, house, owner, time_machine, status) -> None:
    Project.objects.update(status=status)
    assert run(time_machine, FRIDAY) == 0


def test_a_paused_project_is_one_line(berlin, house, owner, time_machine) -> None:
    make_task(house, "Roof", kind="doing")
    Project.objects.update(status="paused")
    run(time_machine, FRIDAY)
    text = rendered(mails()[0]).text
    assert "The project is paused" in text
    assert "Roof" not in text


def test_a_finished_project_sends_a_last_one_and_stops(berlin, house, owner, time_machine) -> None:
    make_task(house, "Roof", kind="done", done_at=BEFORE)
    Project.objects.update(status="finished", finished_at=BEFORE)
    assert run(time_machine, FRIDAY) == 1
    mail = rendered(mails()[0])
    assert "The project is finished" in mail.text
    assert "Roof" in mail.text
    assert run(time_machine, FRIDAY + 7 * DAY) == 0


def test_one_mail_carries_all_projects_the_worrying_one_first(berlin, house, owner, time_machine) -> None:
    second = make_project(berlin, code="BARN", name="Barn")
    make_milestone(second, "Gate", due_on=dt.date(2026, 11, 20))
    assert run(time_machine, FRIDAY) == 1
    text = rendered(mails()[0]).text
    assert text.index("== Barn ==") < text.index(f"== {house.name} ==")


def test_the_window_reaches_from_the_last_sent_slot_to_this_one(berlin, house, owner, time_machine) -> None:
    run(time_machine, FRIDAY)
    evening = make_task(house, "Late on Friday", kind="done", done_at=FRIDAY + dt.timedelta(hours=2))
    run(time_machine, FRIDAY + 7 * DAY)
    first, second = mails()
    assert evening.title not in rendered(first).text
    assert evening.title in rendered(second).text


def test_a_slot_missed_by_a_day_is_sent_when_it_runs_again(berlin, house, owner, time_machine) -> None:
    assert run(time_machine, FRIDAY + DAY) == 1
    assert SentBoard.objects.get().slot_at == FRIDAY


def test_a_slot_missed_until_shortly_before_the_next_joins_it(berlin, house, owner, time_machine) -> None:
    task = make_task(house, "Foundation", kind="done", done_at=FRIDAY - dt.timedelta(hours=1))
    assert run(time_machine, FRIDAY + 6 * DAY) == 0
    assert run(time_machine, FRIDAY + 7 * DAY) == 1
    assert task.title in rendered(mails()[0]).text
    assert {s.outcome for s in SentBoard.objects.all()} == {"joined", "queued"}


def test_after_weeks_of_standstill_one_mail_only(berlin, house, owner, time_machine) -> None:
    assert run(time_machine, FRIDAY + 22 * DAY) == 1
    assert run(time_machine, FRIDAY + 23 * DAY) == 0


def test_internal_things_are_nowhere(berlin, house, owner, time_machine) -> None:
    make_task(house, "Secret margin", kind="doing", is_internal=True)
    make_milestone(house, "Secret gate", is_internal=True, due_on=dt.date(2026, 12, 1))
    run(time_machine, FRIDAY)
    mail = rendered(mails()[0])
    assert "Secret" not in mail.text + mail.html + mail.subject
    assert "0 in progress" in mail.subject


def test_a_task_that_became_internal_after_queueing_is_nowhere(berlin, house, owner, time_machine) -> None:
    task = make_task(house, "Roof", kind="doing")
    run(time_machine, FRIDAY)
    task.is_internal = True
    task.save()
    assert "Roof" not in rendered(mails()[0]).text


def test_access_revoked_between_queue_and_send_stops_the_mail(
    berlin, house, owner, member, time_machine
) -> None:
    run(time_machine, FRIDAY)
    of_member = next(mail for mail in mails() if mail.recipient == member)
    assert kind_of(of_member).why_not(of_member) == ""
    member.memberships.all().delete()
    assert kind_of(of_member).why_not(of_member) != ""


def test_a_reopened_task_says_so(berlin, house, owner, time_machine) -> None:
    make_task(house, "Walls", kind="doing", reopened_at=FRIDAY - DAY)
    run(time_machine, FRIDAY)
    assert re.search(r"Walls \(HOUSE-\d+\) · reopened", rendered(mails()[0]).text)


def test_a_moved_milestone_says_from_when_and_why(berlin, house, owner, manager, time_machine) -> None:
    milestone = make_milestone(house, "Roof on", due_on=dt.date(2026, 12, 18))
    DateChange.objects.create(
        project=house,
        milestone=milestone,
        field="due_on",
        old=dt.date(2026, 12, 4),
        new=dt.date(2026, 12, 18),
        reason="The timber came late.",
        actor=manager,
        at=FRIDAY - DAY,
    )
    run(time_machine, FRIDAY)
    text = rendered(mails()[0]).text
    assert "moved from 4 December to 18 December. The timber came late." in text


def test_a_quiet_week_is_one_line(berlin, house, owner, time_machine) -> None:
    run(time_machine, FRIDAY)
    assert "A quiet week" in rendered(mails()[0]).text


def test_a_quiet_week_is_skipped_for_who_wishes_but_not_while_something_waits(
    berlin, house, owner, time_machine
) -> None:
    BoardSchedule.objects.update(skip_quiet_weeks=True)
    assert run(time_machine, FRIDAY) == 0
    make_task(house, "Choose the tiles", waiting_since=FRIDAY, waiting_for="A colour")
    assert run(time_machine, FRIDAY + 7 * DAY) == 1


def test_still_to_do_names_five_and_counts_the_rest(berlin, house, owner, time_machine) -> None:
    for number in range(1, 9):
        make_task(house, f"Step {number}", due_on=dt.date(2026, 12, number))
    run(time_machine, FRIDAY)
    text = rendered(mails()[0]).text
    assert "Still to do · 8" in text
    assert [f"Step {n}" in text for n in range(1, 9)] == [True] * 5 + [False] * 3
    assert "and 3 more" in text


def test_html_and_text_say_the_same_item_by_item(berlin, house, owner, time_machine) -> None:
    make_task(house, "Foundation", kind="done", done_at=FRIDAY - DAY)
    make_task(house, "Ground <floor> & walls", kind="doing", due_on=dt.date(2026, 11, 20))
    make_task(house, "Tiles", waiting_since=FRIDAY - 2 * DAY, waiting_for="Which colour?")
    make_task(house, "Roof", due_on=dt.date(2026, 12, 4))
    make_milestone(house, "Roof on", due_on=dt.date(2026, 12, 4))
    run(time_machine, FRIDAY)
    mail = rendered(mails()[0])
    shown = _words(re.sub(r"<style.*?</style>|<!--.*?-->", " ", mail.html, flags=re.S))
    for line in mail.text.splitlines():
        line = line.strip("*= \t")
        if line and not line.startswith(("http", "--")):
            assert _plain(line) in shown, line
    assert set(re.findall(r"https?://\S+", mail.text)) == set(re.findall(r'href="([^"]+)"', mail.html))


def _words(html: str) -> str:
    import html as entities

    return _plain(entities.unescape(re.sub(r"<[^>]+>", " ", html)))


def _plain(text: str) -> str:
    return re.sub(r"[\s():·,]+", " ", re.sub(r"https?://\S+", "", text)).strip()


def test_the_managers_words_stand_on_top_once(berlin, house, owner, manager, time_machine) -> None:
    write_introduction(project=house, by=manager, text="A good week!", language="en")
    run(time_machine, FRIDAY)
    run(time_machine, FRIDAY + 7 * DAY)
    first, second = mails()
    assert "A good week!" in rendered(first).text
    assert "A good week!" not in rendered(second).text


def test_send_now_is_an_extra_mail_and_moves_no_slot(berlin, house, owner, manager, time_machine) -> None:
    key = uuid.uuid4()
    assert send_now(project=house, by=manager, users=[owner], form_key=key) == 1
    assert send_now(project=house, by=manager, users=[owner], form_key=key) == 0
    assert "sent in between" in rendered(mails()[0]).subject
    assert owner.board_schedule.next_slot_at == FRIDAY
    assert run(time_machine, FRIDAY) == 1


def test_send_now_reaches_nobody_who_does_not_see_the_project(berlin, house, stranger, manager) -> None:
    assert send_now(project=house, by=manager, users=[stranger], form_key=uuid.uuid4()) == 0


def test_words_read_in_an_extra_mail_are_not_repeated(berlin, house, owner, manager, time_machine) -> None:
    write_introduction(project=house, by=manager, text="A good week!", language="en")
    send_now(project=house, by=manager, users=[owner], form_key=uuid.uuid4())
    run(time_machine, FRIDAY)
    extra, weekly = mails()
    assert "A good week!" in rendered(extra).text
    assert "A good week!" not in rendered(weekly).text


def test_a_changed_schedule_begins_strictly_in_the_future(berlin, house, owner, time_machine) -> None:
    change_schedule(
        user=owner,
        is_on=True,
        weekday=1,
        hour=16,
        time_zone="Europe/Berlin",
        skip_quiet_weeks=False,
        left_out=[],
        now=BEFORE,  # Tuesday 16:00 in Berlin, this very moment
    )
    owner.board_schedule.refresh_from_db()
    assert owner.board_schedule.next_slot_at == BEFORE + 7 * DAY


def test_a_mail_carries_the_one_click_headers(berlin, house, owner, time_machine) -> None:
    run(time_machine, FRIDAY)
    headers = rendered(mails()[0]).headers
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert stop_token(owner) in headers["List-Unsubscribe"]


def test_one_post_stops_the_board_without_signing_in(berlin, house, owner, client) -> None:
    url = reverse("weekly_stop", args=[stop_token(owner)])
    assert client.get(url).status_code == 200
    assert BoardSchedule.objects.get(user=owner).is_on, "a mail scanner that follows the link stops nothing"
    assert client.post(url, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert not BoardSchedule.objects.get(user=owner).is_on
    client.post(reverse("weekly_again", args=[stop_token(owner)]))
    assert BoardSchedule.objects.get(user=owner).is_on


def test_a_forged_link_does_not_exist(client, owner) -> None:
    assert client.post(reverse("weekly_stop", args=[stop_token(owner) + "x"])).status_code == 404


def test_the_mail_is_in_the_recipients_language(berlin, house, owner, time_machine) -> None:
    User.objects.filter(pk=owner.pk).update(language="ru")
    make_task(house, "Крыша", kind="doing")
    run(time_machine, FRIDAY)
    mail = rendered(mails()[0])
    assert "В работе" in mail.text
    assert "Крыша" in mail.subject or "в работе" in mail.subject
    with translation.override("en"):
        assert "В работе" in rendered(mails()[0]).html


def test_queries_of_a_board_do_not_grow_with_projects(
    berlin, house, owner, time_machine, django_assert_num_queries
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def count() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            rendered(mails()[0])
        return len(queries)

    make_task(house, kind="doing")
    make_project(berlin, code="TWO")
    run(time_machine, FRIDAY)
    few = count()
    sent = SentBoard.objects.get()
    for code in ("THREE", "FOUR", "FIVE"):
        project = make_project(berlin, code=code)
        make_task(project, kind="doing")
        make_task(project)
        make_milestone(project, due_on=timezone.localdate())
        sent.projects.add(project)
    assert count() == few


def test_the_managers_page_previews_and_sends(berlin, house, owner, manager, browser_of) -> None:
    browser = browser_of(manager)
    page = browser.get(reverse("weekly", args=[house.code])).content.decode()
    assert owner.name in page
    preview = browser.get(reverse("weekly_preview", args=[house.code, owner.pk]))
    assert house.name in preview.content.decode()
    frame = browser.get(reverse("weekly_preview", args=[house.code, owner.pk]) + "?part=html")
    assert "script-src" not in frame.headers["Content-Security-Policy"]
    assert "sandbox" in frame.headers["Content-Security-Policy"]
    [key] = re.findall(r'name="form_key" value="([^"]+)"', page)
    for _ in range(2):
        browser.post(reverse("weekly_send", args=[house.code]), {"users": [owner.pk], "form_key": key})
    assert len(mails()) == 1


def test_a_contact_sets_their_own_board(berlin, house, owner, browser_of) -> None:
    browser = browser_of(owner)
    assert browser.get(reverse("my_weekly")).status_code == 200
    browser.post(
        reverse("my_weekly"),
        {"is_on": "on", "weekday": "0", "hour": "9", "time_zone": "Asia/Tokyo", "projects": []},
    )
    schedule = BoardSchedule.objects.get(user=owner)
    assert (schedule.weekday, schedule.hour, schedule.time_zone) == (0, 9, "Asia/Tokyo")
    assert list(schedule.left_out.all()) == [house]


def test_mail_programs_know_everything_the_mail_stands_on(berlin, house, owner, time_machine) -> None:
    make_task(house, "Foundation", kind="done", done_at=FRIDAY - DAY)
    make_task(house, "Tiles", waiting_since=FRIDAY - 2 * DAY, waiting_for="Which colour?")
    make_milestone(house, "Roof on", due_on=dt.date(2026, 12, 4))
    run(time_machine, FRIDAY)
    html = rendered(mails()[0]).html
    assert unsupported(html) == {}
    assert unsupported('<div style="display:flex"><video></video></div>'), "the check can fail"
    assert len(html.encode()) < 102_000, "Gmail cuts off what is longer"

"""rules.md, Answer clock, Ladder and News: who is told when, and what the ledger says of it."""

from __future__ import annotations

import datetime as dt

import pytest

from clients.actions import lock_out
from clients.models import Absence, User
from cxportal.notifications.models import OutgoingMail
from feedback import actions, ladder, standing_in
from feedback.models import AnswerClock, Reminder, Thread
from feedback.tests.conftest import DAY, HOUR, MINUTE, NOW, Ask, at, clock_of
from projects.models import Project
from tests.factories import make_user


@pytest.fixture
def thread(ask: Ask, anna: User, manager: User) -> Thread:
    """Asked at NOW and given to Anna; nothing that happened so far counts as a mail."""
    thread = ask()
    actions.assign(thread=thread, by=manager, assignee=anna, now=NOW)
    OutgoingMail.objects.all().delete()
    return thread


def climb(hours: float) -> dict[str, set[str]]:
    """One pass at so many hours after NOW: whom it reminded, of which rung."""
    before = set(Reminder.objects.values_list("pk", flat=True))
    ladder.remind_due(at(hours))
    reminded: dict[str, set[str]] = {}
    for row in Reminder.objects.exclude(pk__in=before).filter(outcome="queued").select_related("user"):
        assert row.mail is not None
        assert row.user is not None
        assert row.mail.to == row.user.email
        reminded.setdefault(row.rung, set()).add(row.user.get_short_name())
    return reminded


def left_out(rung: str) -> dict[str, str]:
    """Who was not reminded of a rung, and why."""
    rows = Reminder.objects.filter(rung=rung, outcome="suppressed").select_related("user")
    return {row.user.get_short_name() if row.user else "": row.reason for row in rows}


def absent(user: User, first: dt.datetime = NOW, days: int = 7) -> None:
    Absence.objects.create(user=user, starts_on=first.date(), ends_on=first.date() + dt.timedelta(days=days))


def test_fifty_percent_the_assignee(thread: Thread) -> None:
    assert climb(11.99) == {}
    assert climb(12) == {"50": {"Anna"}}


def test_seventy_five_percent_assignee_and_backup(thread: Thread) -> None:
    climb(12)
    assert climb(18) == {"75": {"Anna", "Boris"}}


def test_ninety_percent_the_projects_manager_as_well(thread: Thread) -> None:
    climb(12)
    climb(18)
    assert climb(21.6) == {"90": {"Anna", "Boris", "Maria"}}


def test_a_hundred_percent_all_of_them(thread: Thread) -> None:
    for hours in (12, 18, 21.6):
        climb(hours)
    assert climb(24) == {"100": {"Anna", "Boris", "Maria"}}


def test_then_each_working_day_at_nine_in_the_managers_zone_until_answered(
    thread: Thread, manager: User, specialist: User
) -> None:
    manager.time_zone = "America/New_York"
    manager.save()
    climb(24)  # Wednesday 09:00 UTC is 04:00 there
    nine = dt.datetime(2026, 11, 25, 14, 0, tzinfo=dt.UTC)
    clock = clock_of(thread)
    assert clock.next_rung_at == nine
    all_three = {"Anna", "Boris", "Maria"}
    assert climb((nine - MINUTE - NOW) / HOUR) == {}
    assert climb((nine - NOW) / HOUR) == {"100+2026-11-25": all_three}
    assert climb((nine + DAY - NOW) / HOUR) == {"100+2026-11-26": all_three}
    assert climb((nine + 2 * DAY - NOW) / HOUR) == {"100+2026-11-27": all_three}
    assert climb((nine + 4 * DAY - NOW) / HOUR) == {}  # the weekend between
    assert climb((nine + 5 * DAY - NOW) / HOUR) == {"100+2026-11-30": all_three}
    actions.post_message(thread=thread, by=specialist, body="Sorry!", now=at(24 * 7))
    assert climb(24 * 14) == {}


def test_an_answered_clock_sends_nothing_more(thread: Thread, specialist: User) -> None:
    climb(12)
    actions.post_message(thread=thread, by=specialist, body="Yes.", now=at(13))
    assert climb(100) == {}


def test_after_a_standstill_one_reminder_of_the_highest_to_all(thread: Thread) -> None:
    assert climb(22) == {"90": {"Anna", "Boris", "Maria"}}
    assert left_out("50") == {"": "together"}
    assert left_out("75") == {"": "together"}
    assert climb(23) == {}


def test_after_a_long_standstill_the_repeats_are_not_made_up_for(thread: Thread) -> None:
    assert climb(24 * 6) == {"100": {"Anna", "Boris", "Maria"}}
    assert climb(24 * 6) == {}
    assert clock_of(thread).next_rung_at == dt.datetime(2026, 12, 1, 9, 0, tzinfo=dt.UTC)


def test_each_rung_once_per_clock_and_person(thread: Thread) -> None:
    climb(12)
    AnswerClock.objects.update(rung=0, next_rung_at=at(12))
    assert climb(12) == {}
    assert OutgoingMail.objects.filter(kind="reminder").count() == 1


def test_rungs_follow_the_policys_own_time(thread: Thread) -> None:
    policy = {
        "kind": "working",
        "minutes": 600,
        "zone": "UTC",
        "spans": [[1, "09:00", "19:00"]],
    }
    AnswerClock.objects.update(policy=policy, due_at=at(10), first_due_at=at(10), next_rung_at=at(5))
    assert climb(4.9) == {}
    assert climb(5) == {"50": {"Anna"}}
    assert clock_of(thread).next_rung_at == at(7.5)


def quiet(user: User, start: int, end: int) -> None:
    user.staff_profile.quiet_from, user.staff_profile.quiet_until = dt.time(start), dt.time(end)
    user.staff_profile.save()


def test_rungs_below_ninety_wait_for_the_recipients_quiet_hours_to_end(thread: Thread, anna: User) -> None:
    quiet(anna, 20, 7)
    climb(12)  # 21:00
    mail = OutgoingMail.objects.get(kind="reminder")
    assert mail.due_at == at(22)  # 07:00
    assert Reminder.objects.get(user=anna).reason == "quiet"


def test_from_ninety_percent_on_quiet_hours_do_not_count(thread: Thread, anna: User, manager: User) -> None:
    quiet(anna, 5, 8)
    quiet(manager, 5, 8)
    climb(21.6)  # 06:36
    assert all(mail.due_at <= at(21.6) for mail in OutgoingMail.objects.filter(kind="reminder"))


def test_for_an_assignee_who_is_absent_the_backup_at_once(thread: Thread, anna: User, boris: User) -> None:
    absent(anna)
    quiet(boris, 20, 7)
    assert climb(12) == {"50": {"Boris"}}
    assert left_out("50") == {"Anna": "absent"}
    assert OutgoingMail.objects.get(kind="reminder").due_at <= at(12)


def test_absence_counts_in_the_days_of_the_assignees_own_zone(thread: Thread, anna: User) -> None:
    anna.time_zone = "Pacific/Auckland"  # 21:00 on the 24th in UTC is the 25th there
    anna.save()
    absent(anna, first=NOW + DAY)
    assert climb(12) == {"50": {"Boris"}}


def test_for_an_assignee_who_may_not_sign_in_the_backup(thread: Thread, anna: User) -> None:
    anna.is_active = False
    anna.save()
    assert climb(12) == {"50": {"Boris"}}
    assert left_out("50") == {"Anna": "inactive"}


def test_a_backup_who_does_not_see_the_project_is_passed_over(
    thread: Thread, house: Project, anna: User, boris: User
) -> None:
    house.team.remove(boris)
    assert climb(18) == {"75": {"Anna"}}
    assert left_out("75")["Boris"] == "no_access"
    absent(anna)
    assert climb(21.6) == {"90": {"Maria"}}


def test_nobody_assigned_the_projects_manager(ask: Ask, manager: User) -> None:
    ask()
    assert climb(12) == {"50": {"Maria"}}
    assert left_out("50") == {"": "unassigned"}


def test_then_the_companys_manager_then_all_managers_then_the_admins(
    ask: Ask, house: Project, manager: User, admin_user: User
) -> None:
    clara, mona = make_user("Clara", staff_role="manager"), make_user("Mona", staff_role="manager")
    house.client.manager = clara
    house.client.save()
    ask()
    absent(manager)
    assert climb(12) == {"50": {"Clara"}}
    absent(clara)
    assert climb(18) == {"75": {"Mona"}}
    absent(mona)
    assert climb(21.6) == {"90": {"Ada"}}
    absent(admin_user)
    assert climb(24) == {"100": {"Ada"}}  # better on holiday than nobody


def test_without_a_project_the_companys_manager(ask: Ask, anna: User, manager: User) -> None:
    thread = ask(project=None)
    actions.assign(thread=thread, by=manager, assignee=anna, now=at(1))
    assert climb(21.6) == {"90": {"Anna", "Maria"}}
    assert left_out("90") == {"Boris": "no_access"}


def test_a_new_assignee_gets_the_current_rung_at_once(
    thread: Thread, manager: User, specialist: User
) -> None:
    climb(18)
    OutgoingMail.objects.all().delete()
    actions.assign(thread=thread, by=manager, assignee=specialist, now=at(19))
    assert Reminder.objects.get(user=specialist).rung == "75"
    assert OutgoingMail.objects.get().to == specialist.email
    assert climb(21.6) == {"90": {"Sam", "Maria"}}


def test_a_new_assignee_before_the_first_rung_gets_the_news(
    thread: Thread, manager: User, specialist: User
) -> None:
    actions.assign(thread=thread, by=manager, assignee=specialist, now=at(1))
    assert not Reminder.objects.exists()
    mail = OutgoingMail.objects.get()
    assert (mail.kind, mail.to) == ("thread.message", specialist.email)


def test_whoever_takes_it_on_themselves_is_not_told(thread: Thread, specialist: User) -> None:
    climb(12)
    OutgoingMail.objects.all().delete()
    actions.assign(thread=thread, by=specialist, assignee=specialist, now=at(13))
    assert not OutgoingMail.objects.exists()
    assert Reminder.objects.get(user=specialist).reason == "self"


def test_assigned_to_someone_who_is_away_their_backup_hears_at_once(
    ask: Ask, manager: User, anna: User, boris: User
) -> None:
    thread = ask()
    absent(anna)
    climb(12)
    actions.assign(thread=thread, by=manager, assignee=anna, now=at(13))
    assert Reminder.objects.get(user=boris).rung == "50"


def test_when_the_assignee_is_locked_out_their_backup_hears_at_once(
    thread: Thread, anna: User, boris: User, admin_user: User
) -> None:
    climb(12)
    lock_out(user=anna, by=admin_user)
    assert Reminder.objects.get(user=boris).rung == "50"
    assert OutgoingMail.objects.filter(to=boris.email, kind="reminder").count() == 1


@pytest.mark.parametrize(("hours", "hears"), [(2, "thread.message"), (13, "reminder")])
def test_when_the_assignees_absence_begins_their_backup_hears_at_once(
    thread: Thread, anna: User, boris: User, hours: float, hears: str
) -> None:
    climb(hours)
    OutgoingMail.objects.all().delete()
    absent(anna, first=at(hours))
    for _ in range(2):
        standing_in.pass_on_absences(at(hours))
    assert [(mail.kind, mail.to) for mail in OutgoingMail.objects.all()] == [(hears, boris.email)]


def test_an_absence_begins_with_the_day_of_the_persons_own_zone(thread: Thread, anna: User) -> None:
    anna.time_zone = "Asia/Tokyo"  # nine hours ahead: the 25th begins at 15:00 UTC of the 24th
    anna.save()
    absent(anna, first=at(24))
    assert standing_in.pass_on_absences(at(5.9)) == 0
    assert standing_in.pass_on_absences(at(6)) == 1
    assert standing_in.pass_on_absences(at(7)) == 0


def test_an_absence_that_was_moved_is_passed_on_when_it_begins(thread: Thread, anna: User) -> None:
    absent(anna)
    assert standing_in.pass_on_absences(at(1)) == 1
    Absence.objects.update(starts_on=at(48).date(), ends_on=at(96).date())
    assert standing_in.pass_on_absences(at(2)) == 0
    assert standing_in.pass_on_absences(at(50)) == 1


def test_an_absence_that_is_over_is_passed_on_to_nobody(thread: Thread, anna: User) -> None:
    absent(anna, first=NOW - 9 * DAY, days=5)
    assert standing_in.pass_on_absences(at(1)) == 0


def test_someone_left_out_of_a_rung_gets_it_when_put_on_it_later(ask: Ask, manager: User, anna: User) -> None:
    thread = ask()
    actions.assign(thread=thread, by=manager, assignee=anna, now=at(1))
    absent(anna, days=0)
    climb(12)
    actions.assign(thread=thread, by=manager, assignee=None, now=at(26))
    actions.assign(thread=thread, by=manager, assignee=anna, now=at(27))
    assert Reminder.objects.get(user=anna, rung="50").outcome == "queued"


def test_nobody_may_be_assigned_who_is_not_our_active_staff(ask: Ask, manager: User, owner: User) -> None:
    from feedback.errors import WrongAssignee

    thread, former = ask(), make_user(staff_role="specialist", is_active=False)
    for person in (owner, former):
        with pytest.raises(WrongAssignee):
            actions.assign(thread=thread, by=manager, assignee=person)


def test_a_moved_due_time_moves_the_ladder_and_repeats_no_rung(thread: Thread, manager: User) -> None:
    climb(12)
    actions.move_due(clock=clock_of(thread), by=manager, due_at=at(48), reason="Later", now=at(13))
    assert climb(24) == {}  # half of the new time: Anna was told
    assert climb(36) == {"75": {"Anna", "Boris"}}


def test_a_due_time_moved_after_the_last_rung_is_waited_for(thread: Thread, manager: User) -> None:
    climb(24)
    actions.move_due(clock=clock_of(thread), by=manager, due_at=at(72), reason="Later", now=at(25))
    assert climb(48.5) == {}
    assert climb(72) == {"100+2026-11-27": {"Anna", "Boris", "Maria"}}


def test_a_clock_that_runs_again_goes_on_where_its_ladder_was(thread: Thread, manager: User) -> None:
    climb(12)
    yes = actions.post_message(thread=thread, by=manager, body="Yes.", now=at(13))
    actions.delete_answer(message=yes, by=manager, now=at(19))
    assert climb(19) == {"75": {"Anna", "Boris"}}


def test_late_clocks_are_marked_by_the_sweep_and_stay_so(thread: Thread, manager: User) -> None:
    climb(24.01)
    assert clock_of(thread).late_since == at(24)


def test_archived_projects_are_reminded_of_as_well(thread: Thread, house: Project) -> None:
    house.status = "archived"
    house.save()
    assert climb(12) == {"50": {"Anna"}}


def test_one_clock_that_cannot_be_computed_does_not_silence_the_others(
    ask: Ask, thread: Thread, caplog: pytest.LogCaptureFixture
) -> None:
    broken = clock_of(ask())
    AnswerClock.objects.filter(pk=broken.pk).update(policy={"kind": "nonsense"}, next_rung_at=at(1))
    assert climb(12) == {"50": {"Anna"}}
    broken.refresh_from_db()
    assert broken.next_rung_at == at(13)
    assert broken.reminders.get().reason == "broken"
    assert str(broken.pk) in caplog.text


def test_a_pass_takes_at_most_its_limit(ask: Ask) -> None:
    for _number in range(5):
        ask()
    assert ladder.remind_due(at(12), limit=3) == 3
    assert ladder.remind_due(at(12)) == 2
    assert ladder.remind_due(at(12)) == 0


def news() -> list[tuple[str, str]]:
    return list(OutgoingMail.objects.order_by("pk").values_list("kind", "to"))


def test_a_new_message_is_mailed_at_once_to_the_assignee(thread: Thread, owner: User, anna: User) -> None:
    actions.post_message(thread=thread, by=owner, body="Hello?", now=at(1))
    assert news() == [("thread.message", anna.email)]


def test_without_an_assignee_it_goes_along_the_same_chain(ask: Ask, manager: User) -> None:
    ask()
    assert news() == [("thread.message", manager.email)]


def test_a_public_answer_goes_to_the_asker_and_the_followers_but_not_its_author(
    ask: Ask, owner: User, member: User, specialist: User, manager: User
) -> None:
    thread = ask(by=member)
    for person in (owner, specialist):
        actions.follow(thread=thread, by=person)
    actions.unfollow(thread=thread, by=member)
    OutgoingMail.objects.all().delete()
    actions.post_message(thread=thread, by=specialist, body="Yes.", now=at(1))
    assert sorted(news()) == [("thread.answer", member.email), ("thread.answer", owner.email)]
    assert {mail.due_at for mail in OutgoingMail.objects.all()} == {at(1) + dt.timedelta(seconds=10)}


def test_who_stopped_following_gets_only_answers_to_what_they_asked(
    ask: Ask, owner: User, manager: User
) -> None:
    thread = ask()
    actions.unfollow(thread=thread, by=owner)
    actions.post_message(thread=thread, by=manager, body="Yes.", now=at(1))
    OutgoingMail.objects.all().delete()
    actions.post_message(thread=thread, by=manager, body="By the way", now=at(2))
    assert news() == []


def test_a_conversation_we_begin_reaches_the_people_who_may_answer(
    ask: Ask, owner: User, member: User, viewer: User, manager: User
) -> None:
    ask(by=manager)
    assert sorted(news()) == [("thread.answer", member.email), ("thread.answer", owner.email)]


def test_notes_are_mailed_to_nobody(thread: Thread, anna: User, owner: User) -> None:
    actions.write_note(thread=thread, by=anna, body="Careful", now=at(1))
    assert news() == []


def test_a_viewer_may_follow(ask: Ask, viewer: User, manager: User) -> None:
    thread = ask()
    actions.follow(thread=thread, by=viewer)
    OutgoingMail.objects.all().delete()
    actions.post_message(thread=thread, by=manager, body="Yes.", now=at(1))
    assert ("thread.answer", viewer.email) in news()

"""A colleague leaves: all their open work to another in one step."""

from __future__ import annotations

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from clients.actions import lock_out
from clients.handing_over import WrongTarget
from clients.models import Client, User
from conftest import SignedIn
from cxportal.notifications.models import AuditEntry, Event, OutgoingMail
from cxportal.notifications.sending import send_due
from cxportal.portal.handing_over import Item, hand_over, what_hangs_on
from feedback import actions
from feedback.models import Reminder, Thread
from feedback.tests.concurrent import Work, uncommitted, wait_until_blocked
from projects.models import Project, Task
from tests.factories import make_client, make_contact, make_project, make_task, make_user
from tests.smtp import SmtpServer

pytestmark = pytest.mark.django_db


@pytest.fixture
def leaver() -> User:
    return make_user("Len Leaver", email="len@example.com", staff_role="manager")


@pytest.fixture
def heir() -> User:
    return make_user("Hanna Heir", email="hanna@example.com", staff_role="manager")


@pytest.fixture
def work(leaver: User) -> dict[str, object]:
    """One of each thing that hangs on the one who leaves."""
    client = make_client("Sever", manager=leaver)
    project = make_project(client, code="SEVER", manager=leaver)
    task = make_task(project, "Roof", assignees=[leaver])
    thread = actions.start_thread(
        by=make_contact(client, "owner"), client=client, project=project, subject="Gate", body="When?"
    )
    actions.assign(thread=thread, by=leaver, assignee=leaver)
    backed_up = make_user("Nina", staff_role="specialist")
    backed_up.staff_profile.backup = leaver
    backed_up.staff_profile.save()
    return {"client": client, "project": project, "task": task, "thread": thread, "backup": backed_up}


def holders(work: dict[str, object]) -> set[User | None]:
    client, project, task, thread = (work[name] for name in ("client", "project", "task", "thread"))
    assert isinstance(task, Task)
    assert isinstance(thread, Thread)
    backed_up = User.objects.get(pk=work["backup"].pk)  # type: ignore[attr-defined]
    return {
        Client.objects.get(pk=client.pk).manager,  # type: ignore[attr-defined]
        Project.objects.get(pk=project.pk).manager,  # type: ignore[attr-defined]
        *task.assignees.all(),
        Thread.objects.get(pk=thread.pk).assignee,
        backed_up.staff_profile.backup,
    }


def kinds(items: list[Item]) -> list[str]:
    return sorted(item.kind for item in items)


EACH = ["backup", "company", "project", "task", "thread"]


def test_everything_goes_over_with_an_event_per_thing(
    leaver: User, heir: User, admin_user: User, work: dict[str, object]
) -> None:
    assert kinds(what_hangs_on(leaver, heir)) == EACH
    Event.objects.all().delete()
    result = hand_over(old=leaver, new=heir, by=admin_user, reason="Left")
    assert kinds(result.done) == EACH
    assert result.left == []
    assert holders(work) == {heir}
    assert sorted(Event.objects.values_list("kind", flat=True)) == [
        "client.handed_over",
        "person.backup_handed_over",
        "person.handed_over",
        "project.handed_over",
        "task.edited",
        "thread.assigned",
    ]
    assert set(Event.objects.values_list("actor", flat=True)) == {admin_user.pk}
    entry = AuditEntry.objects.get(what="person.handed_over")
    assert (entry.actor, entry.person, entry.reason, entry.data["task"]) == (admin_user, leaver, "Left", 1)


def test_the_reminder_that_is_current_goes_to_the_new_one(
    leaver: User, heir: User, admin_user: User, work: dict[str, object], smtp: SmtpServer
) -> None:
    thread = work["thread"]
    assert isinstance(thread, Thread)
    clock = thread.clocks.get()
    clock.rung = 50
    clock.save()
    hand_over(old=leaver, new=heir, by=admin_user)
    assert Reminder.objects.get(clock=clock).user == heir
    send_due()
    sent = OutgoingMail.objects.filter(state="sent", kind="reminder").values_list("to", flat=True)
    assert list(sent) == [heir.email]


def test_others_on_a_task_stay_and_its_version_moves(
    leaver: User, heir: User, admin_user: User, work: dict[str, object], specialist: User
) -> None:
    task = work["task"]
    assert isinstance(task, Task)
    task.assignees.add(specialist, heir)
    hand_over(old=leaver, new=heir, by=admin_user)
    assert set(task.assignees.all()) == {specialist, heir}
    version = task.version
    task.refresh_from_db()
    assert task.version == version + 1


def test_what_the_other_may_not_take_stays_row_by_row(
    leaver: User, admin_user: User, work: dict[str, object]
) -> None:
    specialist = make_user("Sven", staff_role="specialist")
    reasons = {item.kind: item.why_not for item in what_hangs_on(leaver, specialist)}
    assert reasons["project"] == "only managers and administrators can be responsible for it"
    assert reasons["company"] == reasons["project"]
    assert reasons["task"] == reasons["thread"] == "does not work on this project"
    assert reasons["backup"] == ""
    result = hand_over(old=leaver, new=specialist, by=admin_user)
    assert kinds(result.done) == ["backup"]
    assert len(result.left) == 4
    nina = work["backup"]
    assert isinstance(nina, User)
    assert {item.kind: item.why_not for item in what_hangs_on(specialist, nina)} == {
        "backup": "would be their own backup"
    }


def test_a_specialist_on_the_team_takes_tasks_and_conversations(
    leaver: User, admin_user: User, work: dict[str, object]
) -> None:
    specialist = make_user(staff_role="specialist")
    work["project"].team.add(specialist)  # type: ignore[attr-defined]
    assert kinds(hand_over(old=leaver, new=specialist, by=admin_user).done) == ["backup", "task", "thread"]


def test_nobody_who_may_not_sign_in_nor_a_contact_takes_anything(
    leaver: User, heir: User, owner: User, admin_user: User, work: dict[str, object]
) -> None:
    lock_out(user=heir, by=admin_user)
    for person in (heir, owner, leaver):
        with pytest.raises(WrongTarget):
            hand_over(old=leaver, new=person, by=admin_user)
    assert holders(work) == {leaver}
    assert {item.why_not for item in what_hangs_on(leaver, User.objects.get(pk=heir.pk))} == {
        "may not sign in"
    }
    assert not AuditEntry.objects.filter(what="person.handed_over").exists()


def test_what_is_done_or_put_away_stays(leaver: User, heir: User, admin_user: User) -> None:
    client = make_client()
    done = make_task(make_project(client), kind="done", assignees=[leaver])
    closed = make_task(make_project(client, status="finished"), assignees=[leaver])
    make_project(client, status="archived", manager=leaver)
    assert what_hangs_on(leaver, heir) == []
    hand_over(old=leaver, new=heir, by=admin_user)
    assert list(done.assignees.all()) == list(closed.assignees.all()) == [leaver]


def test_one_that_was_locked_out_is_handed_over_too(
    leaver: User, heir: User, admin_user: User, work: dict[str, object]
) -> None:
    lock_out(user=leaver, by=admin_user)
    assert kinds(hand_over(old=leaver, new=heir, by=admin_user).done) == EACH


def test_an_error_leaves_everything_where_it_was(
    leaver: User, heir: User, admin_user: User, work: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(**arguments: object) -> bool:
        raise RuntimeError("in the middle")

    monkeypatch.setattr("cxportal.portal.handing_over.hand_over_thread", fails)
    with pytest.raises(RuntimeError), transaction.atomic():
        hand_over(old=leaver, new=heir, by=admin_user)
    assert holders(work) == {leaver}


def test_the_preview_costs_the_same_for_more_things(
    leaver: User, heir: User, work: dict[str, object]
) -> None:
    numbers = []
    for _round in range(3):
        with CaptureQueriesContext(connection) as queries:
            what_hangs_on(leaver, heir)
        numbers.append(len(queries))
        project = make_project(manager=leaver)
        make_task(project, assignees=[leaver])
        thread = Thread.objects.create(client=project.client, project=project, subject="x", assignee=leaver)
        assert thread.is_open
    assert len(set(numbers)) == 1, numbers


# --- At the same time ---------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_two_hand_overs_at_once_give_each_thing_to_one(
    leaver: User, heir: User, admin_user: User, work: dict[str, object]
) -> None:
    other = make_user(staff_role="manager")
    with uncommitted(lambda: hand_over(old=leaver, new=heir, by=admin_user)):
        second = Work(lambda: hand_over(old=leaver, new=other, by=admin_user))
        wait_until_blocked(second)
    assert second.result().done == []
    assert holders(work) == {heir}


@pytest.mark.django_db(transaction=True)
def test_two_who_hand_over_to_each_other_do_not_block_for_good(
    leaver: User, heir: User, admin_user: User, work: dict[str, object]
) -> None:
    with uncommitted(lambda: hand_over(old=leaver, new=heir, by=admin_user)):
        back = Work(lambda: hand_over(old=heir, new=leaver, by=admin_user))
        wait_until_blocked(back)
    assert kinds(back.result().done) == EACH
    assert holders(work) == {leaver}


@pytest.mark.django_db(transaction=True)
def test_what_somebody_else_takes_over_meanwhile_stays_theirs(
    leaver: User, heir: User, admin_user: User, work: dict[str, object]
) -> None:
    thread, other = work["thread"], make_user(staff_role="manager")
    assert isinstance(thread, Thread)
    with uncommitted(lambda: actions.assign(thread=thread, by=other, assignee=other)):
        handing = Work(lambda: hand_over(old=leaver, new=heir, by=admin_user))
        wait_until_blocked(handing)
    assert "thread" not in kinds(handing.result().done)
    thread.refresh_from_db()
    assert thread.assignee == other


@pytest.mark.django_db(transaction=True)
def test_what_is_given_to_them_meanwhile_is_taken_along(
    leaver: User, heir: User, manager: User, admin_user: User, work: dict[str, object]
) -> None:
    """A conversation goes to the one who leaves while the hand-over waits for another of theirs."""
    held, late = (
        work["thread"],
        actions.start_thread(
            by=make_contact(work["client"], "owner"),  # type: ignore[arg-type]
            client=work["client"],  # type: ignore[arg-type]
            subject="Late",
            body="?",
        ),
    )
    assert isinstance(held, Thread)

    def meanwhile() -> None:
        actions.follow(thread=held, by=manager)
        actions.assign(thread=late, by=manager, assignee=leaver)

    with uncommitted(meanwhile):
        handing = Work(lambda: hand_over(old=leaver, new=heir, by=admin_user))
        wait_until_blocked(handing)
    assert kinds(handing.result().done) == sorted([*EACH, "thread"])
    late.refresh_from_db()
    assert late.assignee == heir


@pytest.mark.django_db(transaction=True)
def test_nobody_who_is_locked_out_meanwhile_takes_over(
    leaver: User, heir: User, admin_user: User, work: dict[str, object]
) -> None:
    with uncommitted(lambda: lock_out(user=heir, by=admin_user)):
        handing = Work(lambda: hand_over(old=leaver, new=heir, by=admin_user))
        wait_until_blocked(handing)
    with pytest.raises(WrongTarget, match="may not sign in"):
        handing.result()
    assert holders(work) == {leaver}


# --- The page -----------------------------------------------------------------------------------


def test_the_page_shows_first_and_then_does(
    leaver: User, heir: User, admin_user: User, work: dict[str, object]
) -> None:
    browser, path = SignedIn(admin_user), f"/admin/people/{leaver.pk}/hand-over/"
    page = browser.get(path).content.decode()
    assert "Gate" in page
    assert "Hand over 5 things" not in page
    page = browser.get(path, {"to": heir.pk}).content.decode()
    assert "Hand over 5 things to Hanna Heir" in page
    assert holders(work) == {leaver}
    assert "Please say why." in browser.post(path, {"to": heir.pk, "reason": ""}).content.decode()
    assert holders(work) == {leaver}
    page = browser.post(path, {"to": heir.pk, "reason": "Left"}, follow=True).content.decode()
    assert "5 things went over to Hanna Heir." in page
    assert holders(work) == {heir}
    assert AuditEntry.objects.get(what="person.handed_over").reason == "Left"


def test_the_page_takes_no_target_who_cannot_be_one(
    leaver: User, owner: User, admin_user: User, work: dict[str, object]
) -> None:
    browser, path = SignedIn(admin_user), f"/admin/people/{leaver.pk}/hand-over/"
    for target in (owner.pk, leaver.pk, 99999, "x"):
        assert browser.post(path, {"to": target, "reason": "Left"}).status_code == 200
    assert holders(work) == {leaver}

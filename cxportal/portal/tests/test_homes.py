"""The two homes."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

from django.test import Client as Browser
from django.utils import timezone

from clients.models import Client, Membership, User
from feedback.actions import assign, post_message, start_thread
from projects.models import Project
from tests.factories import make_contact, make_milestone, make_project, make_task

SignIn = Callable[[User], Browser]
HOUR = dt.timedelta(hours=1)


def text_of(response: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def ask(by: User, project: Project, subject: str, *, ago: float = 1, **fields: Any) -> Any:
    now = timezone.now() - ago * HOUR
    return start_thread(
        by=by, client=project.client, project=project, subject=subject, body="Please?", now=now, **fields
    )


# --- Of a client ---


def test_a_client_sees_what_waits_for_them(browser_of: SignIn, owner: User, house: Project) -> None:
    make_task(house, "Tiles", waiting_since=timezone.now(), waiting_for="Choose the tiles")
    said = text_of(browser_of(owner).get("/"))
    assert "Waiting for you 1" in said
    assert "Choose the tiles" in said
    assert "since today" in said


def test_a_client_sees_how_the_project_is(browser_of: SignIn, owner: User, house: Project) -> None:
    make_task(house, kind="done")
    make_task(house, kind="doing")
    make_task(house, is_internal=True)
    make_milestone(house, "Roof on", due_on=timezone.localdate() + dt.timedelta(days=20))
    said = text_of(browser_of(owner).get("/"))
    assert "House in Petrovka On track" in said
    assert "1 of 2 done" in said
    assert "next: Roof on" in said
    assert "This week: 1 done · 1 in progress" in said


def test_a_client_sees_when_they_hear_from_us(
    browser_of: SignIn, owner: User, manager: User, house: Project
) -> None:
    post_message(thread=ask(owner, house, "Which doors fit?", ago=3), by=manager, body="Both.")
    ask(owner, house, "Can we move the socket?", ago=20)
    said = text_of(browser_of(owner).get("/"))
    assert "Answer due" in said
    assert "in 4 hours" in said
    assert "Maria Manager answered in 3 h" in said


def test_asking_is_one_press_away_but_for_viewers(browser_of: SignIn, owner: User, viewer: User) -> None:
    assert 'href="/questions/new/"' in browser_of(owner).get("/").content.decode()
    assert 'href="/questions/new/"' not in browser_of(viewer).get("/").content.decode()
    assert "you can read everything here, but not write" in text_of(browser_of(viewer).get("/"))


def test_a_contact_with_nothing_open_gets_a_clear_page(
    browser_of: SignIn, client_company: Client, house: Project
) -> None:
    newcomer = make_contact(client_company, "member")
    said = text_of(browser_of(newcomer).get("/"))
    assert "Nothing is open to you yet" in said
    assert "An owner of Petrov Family chooses which projects you see." in said
    assert "House in Petrovka" not in said
    Membership.objects.filter(user=newcomer).delete()
    assert "Your account belongs to no company" in text_of(browser_of(newcomer).get("/"))


def test_an_owner_before_the_first_project_knows_whom_to_ask(
    browser_of: SignIn, client_company: Client
) -> None:
    newcomer = make_contact(client_company, "owner")
    said = text_of(browser_of(newcomer).get("/"))
    assert "As soon as a project of Petrov Family begins" in said
    assert "Maria Manager" in said


def test_drafts_and_archived_projects_are_not_there(
    browser_of: SignIn, owner: User, client_company: Client
) -> None:
    make_project(client_company, name="Dream", status="draft")
    old = make_project(client_company, name="Barn", status="archived")
    make_task(old, "Old tiles", waiting_since=timezone.now())
    said = text_of(browser_of(owner).get("/"))
    assert "Dream" not in said
    assert "Barn" not in said
    assert "Old tiles" not in said


def test_the_clients_home_costs_the_same_for_fifty_projects(
    browser_of: SignIn, owner: User, client_company: Client, django_assert_max_num_queries: Any
) -> None:
    browser = browser_of(owner)

    def queries() -> int:
        with django_assert_max_num_queries(12) as counted:
            assert browser.get("/").status_code == 200
        return len(counted)

    def more(number: int) -> None:
        for one in range(number):
            project = make_project(client_company, name=f"House {one}")
            make_task(project, waiting_since=timezone.now(), due_on=dt.date(2020, 1, 1))
            make_milestone(project, due_on=timezone.localdate())
            ask(owner, project, f"Question {one}", ago=30)

    more(25)
    few = queries()
    more(25)
    assert queries() == few


# --- Of our staff ---


def test_what_to_answer_is_sorted_by_what_burns(
    browser_of: SignIn, owner: User, manager: User, house: Project
) -> None:
    for subject, ago, urgency in (
        ("Soon", 20, "normal"),
        ("Urgent", 1, "urgent"),
        ("Late", 30, "normal"),
        ("Fresh", 2, "normal"),
    ):
        ask(owner, house, subject, ago=ago, urgency=urgency)
    html = browser_of(manager).get("/").content.decode()
    assert re.findall(r'cx-thread-subject">([^<]*)<', html) == ["Late", "Urgent", "Soon", "Fresh"]
    assert "late by 6 h" in html


def test_an_answered_question_is_gone(browser_of: SignIn, owner: User, manager: User, house: Project) -> None:
    post_message(thread=ask(owner, house, "Socket"), by=manager, body="Yes.")
    assert "Everything is answered" in text_of(browser_of(manager).get("/"))


def test_specialists_see_what_is_theirs(
    browser_of: SignIn, owner: User, manager: User, specialist: User, outsider: User, house: Project
) -> None:
    ask(owner, house, "Nobody is on this")
    assign(thread=ask(owner, house, "On the specialist"), by=manager, assignee=specialist)
    assign(thread=ask(owner, house, "On the manager"), by=manager, assignee=manager)
    said = text_of(browser_of(specialist).get("/"))
    assert "Nobody is on this" in said
    assert "On the specialist" in said
    assert "On the manager" not in said
    assert "Nobody is on this" not in text_of(browser_of(outsider).get("/"))


def test_managers_see_what_nobody_is_on_anywhere(
    browser_of: SignIn,
    stranger: User,
    manager: User,
    admin_user: User,
    specialist: User,
    other_project: Project,
) -> None:
    ask(stranger, other_project, "Where is the gate?")
    for user, sees in {manager: True, admin_user: True, specialist: False}.items():
        html = browser_of(user).get("/").content.decode()
        assert ("Where is the gate?" in html) is sees
        assert ('id="home-unassigned"' in html) is sees


def test_managers_see_what_others_have_to_answer(
    browser_of: SignIn, owner: User, manager: User, specialist: User, house: Project
) -> None:
    assign(thread=ask(owner, house, "On the specialist"), by=manager, assignee=specialist)
    html = browser_of(manager).get("/").content.decode()
    assert "On the specialist" in html[html.index('id="home-others"') :]
    assert "Sam Specialist is on it" in html
    assert "Everything is answered" not in html
    assert 'id="home-others"' not in browser_of(specialist).get("/").content.decode()


def test_my_tasks_by_date(browser_of: SignIn, specialist: User, house: Project) -> None:
    make_task(house, "Later", assignees=[specialist], due_on=dt.date(2030, 1, 2))
    make_task(house, "Sooner", assignees=[specialist], due_on=dt.date(2030, 1, 1), is_internal=True)
    make_task(house, "Done", kind="done", assignees=[specialist])
    make_task(house, "Of nobody")
    html = browser_of(specialist).get("/").content.decode()
    tasks = html[html.index('id="home-tasks"') :]
    assert tasks.index("Sooner") < tasks.index("Later")
    assert "Internal" in tasks
    assert "Of nobody" not in html
    assert ">Done<" not in html


def test_projects_are_sorted_by_worry(
    browser_of: SignIn,
    manager: User,
    owner: User,
    house: Project,
    other_project: Project,
    client_company: Client,
) -> None:
    make_milestone(other_project, "Gate", due_on=timezone.localdate() - dt.timedelta(days=1))
    make_project(client_company, name="A calm one")
    ask(owner, house, "Late question", ago=30)
    said = text_of(browser_of(manager).get("/")).split("Projects, by worry")[1]
    assert said.index("House in Petrovka") < said.index("Nord warehouse") < said.index("A calm one")
    assert "1 answer is late" in said


def test_the_staff_home_costs_the_same_for_twice_as_many(
    browser_of: SignIn,
    owner: User,
    manager: User,
    specialist: User,
    client_company: Client,
    house: Project,
    django_assert_max_num_queries: Any,
) -> None:
    browsers = [browser_of(manager), browser_of(specialist)]

    def queries() -> list[int]:
        counts = []
        for browser in browsers:
            with django_assert_max_num_queries(12) as counted:
                assert browser.get("/").status_code == 200
            counts.append(len(counted))
        return counts

    def more() -> None:
        for number in range(3):
            project = make_project(client_company, team=[specialist])
            make_task(project, assignees=[specialist, manager], due_on=dt.date(2020, 1, 1))
            ask(owner, project, f"Question {number}", ago=30)
            assign(thread=ask(owner, project, f"One more {number}"), by=manager, assignee=specialist)
            ask(owner, make_project(client_company, manager=make_manager()), f"Elsewhere {number}")

    more()
    few = queries()
    more()
    assert queries() == few


def make_manager() -> User:
    from tests.factories import make_user

    return make_user(staff_role="manager")

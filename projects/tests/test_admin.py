from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clients.models import User
from conftest import SignedIn
from cxportal.notifications.models import Event
from projects import actions
from projects.models import Column, DateChange, Milestone, Project
from tests.factories import make_milestone, make_phase, make_project, make_task

BrowserOf = Callable[[User], SignedIn]
PROJECTS = "/admin/projects/project/"


@pytest.fixture
def admin(browser_of: BrowserOf, admin_user: User) -> SignedIn:
    return browser_of(admin_user)


def form_of(project: Project, **changes: Any) -> dict[str, Any]:
    """What the change form of the admin sends, with every row as it is."""
    sent: dict[str, Any] = {
        "name": project.name,
        "manager": project.manager_id,
        "team": [person.pk for person in project.team.all()],
        "description": "",
        "starts_on": "",
        "due_on": "",
        "health_override": "",
        "health_reason": "",
    }
    rows = {
        "columns": (project.columns.all(), ("name", "kind", "position")),
        "phases": (project.phases.all(), ("name", "position")),
        "milestones": (project.milestones.all(), ("name", "phase_id", "due_on")),
        "labels": (project.labels.all(), ("name",)),
        "placeholders": (project.placeholders.all(), ("name",)),
    }
    for prefix, (found, fields) in rows.items():
        sent |= {f"{prefix}-TOTAL_FORMS": len(found), f"{prefix}-INITIAL_FORMS": len(found)}
        for number, row in enumerate(found):
            sent |= {f"{prefix}-{number}-id": row.pk, f"{prefix}-{number}-project": project.pk}
            for name in fields:
                value = getattr(row, name)
                sent[f"{prefix}-{number}-{name.removesuffix('_id')}"] = "" if value is None else value
    return sent | changes


def test_a_project_that_is_added_has_its_columns(admin: SignedIn, house: Project, specialist: User) -> None:
    response = admin.post(
        f"{PROJECTS}add/",
        {
            "name": "Garden",
            "code": "GARDEN",
            "client": house.client_id,
            "manager": house.manager_id,
            "team": [specialist.pk],
            "description": "",
        },
    )
    assert response.status_code == 302, response.context["errors"]
    project = Project.objects.get(code="GARDEN")
    assert [column.kind for column in project.columns.all()] == ["todo", "doing", "done"]
    assert project.status == "draft"
    assert list(project.team.all()) == [specialist]
    assert Event.objects.get().kind == "project.created"


def test_a_project_is_changed_but_keeps_its_code_client_and_status(
    admin: SignedIn, house: Project, other_project: Project
) -> None:
    sent = form_of(
        house, name="House by the lake", code="LAKE", client=other_project.client_id, status="draft"
    )
    response = admin.post(f"{PROJECTS}{house.pk}/change/", sent)
    assert response.status_code == 302
    client_id = house.client_id
    house.refresh_from_db()
    assert (house.name, house.code, house.status) == ("House by the lake", "HOUSE", "active")
    assert house.client_id == client_id


def test_health_set_by_hand_needs_its_reason(admin: SignedIn, house: Project) -> None:
    response = admin.post(f"{PROJECTS}{house.pk}/change/", form_of(house, health_override="late"))
    assert response.status_code == 200
    assert "needs a reason the client reads" in response.content.decode()


def test_a_milestone_moves_with_its_reason_only(admin: SignedIn, house: Project, admin_user: User) -> None:
    milestone = make_milestone(house, "Roof on", due_on=dt.date(2026, 12, 4), phase=make_phase(house))
    path = f"{PROJECTS}{house.pk}/change/"
    moved = {"milestones-0-due_on": "2026-12-11"}
    response = admin.post(path, form_of(house, **moved))
    assert "Write why it moves." in response.content.decode()
    response = admin.post(path, form_of(house, **moved, **{"milestones-0-reason": "Frost"}))
    assert response.status_code == 302
    milestone.refresh_from_db()
    change = DateChange.objects.get()
    assert milestone.due_on == change.new == dt.date(2026, 12, 11)
    assert (change.reason, change.actor) == ("Frost", admin_user)


def test_a_milestone_is_added_and_one_that_was_reached_stays(admin: SignedIn, house: Project) -> None:
    make_milestone(house, "Keys", due_on=dt.date(2026, 11, 2), reached_on=dt.date(2026, 11, 2))
    path = f"{PROJECTS}{house.pk}/change/"
    response = admin.post(path, form_of(house, **{"milestones-0-due_on": "2026-12-11"}))
    assert "was reached" in response.content.decode()
    added = {
        "milestones-TOTAL_FORMS": 2,
        "milestones-1-name": "Roof on",
        "milestones-1-project": house.pk,
        "milestones-1-due_on": "2026-12-04",
    }
    assert admin.post(path, form_of(house, **added)).status_code == 302
    assert set(Milestone.objects.values_list("name", flat=True)) == {"Keys", "Roof on"}
    assert [event.kind for event in Event.objects.all()] == ["milestone.added"]


def test_a_board_keeps_a_column_of_each_kind(admin: SignedIn, house: Project) -> None:
    path = f"{PROJECTS}{house.pk}/change/"
    response = admin.post(path, form_of(house, **{"columns-0-DELETE": "on"}))
    assert "needs a column of each kind" in response.content.decode()
    second = {
        "columns-TOTAL_FORMS": 4,
        "columns-3-name": "Later",
        "columns-3-kind": "todo",
        "columns-3-position": 9,
        "columns-3-project": house.pk,
    }
    assert admin.post(path, form_of(house, **second, **{"columns-0-kind": "done"})).status_code == 302
    assert [column.kind for column in house.columns.all()] == ["todo", "doing", "done", "todo"]


def test_a_column_with_tasks_cannot_be_taken_away(admin: SignedIn, house: Project) -> None:
    later = Column.objects.create(project=house, kind="todo", position=9)
    make_task(house, column=later)
    response = admin.post(f"{PROJECTS}{house.pk}/change/", form_of(house, **{"columns-3-DELETE": "on"}))
    assert response.status_code == 200
    assert house.columns.count() == 4


@pytest.mark.parametrize(
    ("action", "before", "after"),
    [
        ("start", "draft", "active"),
        ("pause", "active", "paused"),
        ("finish", "active", "finished"),
        ("archive", "finished", "archived"),
        ("restore", "archived", "paused"),
        ("archive", "draft", "draft"),
    ],
)
def test_projects_go_through_their_life(
    admin: SignedIn, house: Project, action: str, before: str, after: str
) -> None:
    Project.objects.update(status=before)
    admin.post(PROJECTS, {"action": action, "_selected_action": [house.pk]})
    house.refresh_from_db()
    assert house.status == after


def test_tasks_and_moved_dates_are_looked_up_not_changed(
    admin: SignedIn, house: Project, manager: User
) -> None:
    task = make_task(house, "Roof", due_on=dt.date(2026, 12, 4))
    actions.edit_task(task=task, by=manager, version=1, changes={"due_on": None}, date_reason="Frost")
    for path, shown in {
        "/admin/projects/task/?q=Roof": f"HOUSE-{task.number}",
        "/admin/projects/task/?waiting=yes": "0 tasks",
        f"/admin/projects/task/{task.pk}/change/": "Roof",
        "/admin/projects/datechange/?q=Frost": "Frost",
        "/admin/projects/project/?q=petrov": "House in Petrovka",
        f"{PROJECTS}{house.pk}/change/": "House in Petrovka",
    }.items():
        response = admin.get(path)
        assert response.status_code == 200
        assert shown in response.content.decode()
    for path in ("/admin/projects/task/add/", "/admin/projects/datechange/add/"):
        assert admin.get(path).status_code == 403
    assert admin.post(f"/admin/projects/task/{task.pk}/delete/").status_code == 403


def test_the_lists_take_as_many_queries_for_many_rows_as_for_few(
    admin: SignedIn, house: Project, manager: User
) -> None:
    def fill(n: int) -> None:
        for _number in range(n):
            task = make_task(make_project(house.client), due_on=dt.date(2026, 12, 4))
            actions.edit_task(task=task, by=manager, version=1, changes={"due_on": None}, date_reason="x")

    def queries(path: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            admin.get(path)
        return len(captured)

    pages = [PROJECTS, "/admin/projects/task/", "/admin/projects/datechange/"]
    fill(3)
    few = [queries(path) for path in pages]
    fill(6)
    assert [queries(path) for path in pages] == few

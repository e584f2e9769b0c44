from __future__ import annotations

import datetime as dt

import pytest

from clients.models import User
from cxportal.notifications.models import Event
from projects import actions
from projects.errors import ActionRefused, ProjectClosed
from projects.models import ChecklistItem, DateChange, Project, Task, TimeEntry
from tests.factories import make_task

NOW = dt.datetime(2026, 11, 23, 9, tzinfo=dt.UTC)
LATER = NOW + dt.timedelta(days=1)


@pytest.fixture
def task(house: Project) -> Task:
    return make_task(house, "Tiles")


def last_event() -> Event:
    event = Event.objects.first()
    assert event is not None
    return event


# --- Waiting for the client -----------------------------------------------------------------------


def test_a_task_waits_for_the_client_since_it_was_said(task: Task, specialist: User) -> None:
    task = actions.set_waiting(task=task, by=specialist, waiting_for="Choose the tiles", now=NOW)
    task = actions.set_waiting(task=task, by=specialist, waiting_for="Choose tiles and grout", now=LATER)
    assert (task.waiting_since, task.waiting_for) == (NOW, "Choose tiles and grout")
    assert (last_event().kind, last_event().data) == (
        "task.waiting",
        {"waiting_for": "Choose tiles and grout"},
    )


def test_the_same_again_is_no_event(task: Task, specialist: User) -> None:
    for _time in range(2):
        actions.set_waiting(task=task, by=specialist, waiting_for="Choose", now=NOW)
    assert Event.objects.count() == 1


def test_the_client_did_it(task: Task, specialist: User) -> None:
    actions.set_waiting(task=task, by=specialist, waiting_for="Choose", now=NOW)
    for _time in range(2):
        task = actions.end_waiting(task=task, by=specialist, now=LATER)
    assert (task.waiting_since, task.waiting_for) == (None, "")
    assert [event.kind for event in Event.objects.all()] == ["task.went_on", "task.waiting"]


def test_nobody_waits_for_what_the_client_cannot_see(house: Project, specialist: User) -> None:
    with pytest.raises(ActionRefused, match="does not see"):
        actions.set_waiting(task=make_task(house, is_internal=True), by=specialist, waiting_for="X")
    with pytest.raises(ActionRefused, match="done"):
        actions.set_waiting(task=make_task(house, kind="done"), by=specialist, waiting_for="X")


# --- Shown and hidden -----------------------------------------------------------------------------


def test_hiding_and_showing_are_recorded_and_what_was_internal_stays_so(
    task: Task, manager: User, owner: User
) -> None:
    actions.hide_task(task=task, by=manager)
    assert not Task.objects.visible_to(owner).exists()
    actions.edit_task(
        task=task, by=manager, version=1, changes={"title": "Cheap tiles", "due_on": NOW.date()}
    )
    actions.reveal_task(task=task, by=manager)
    assert [event.kind for event in Event.objects.visible_to(owner)] == ["task.shown"]
    assert not DateChange.objects.visible_to(owner).exists()


def test_a_hidden_task_waits_for_nobody(task: Task, manager: User) -> None:
    actions.set_waiting(task=task, by=manager, waiting_for="Choose")
    assert actions.hide_task(task=task, by=manager).waiting_since is None


def test_showing_what_is_shown_is_no_event(task: Task, manager: User) -> None:
    actions.reveal_task(task=task, by=manager)
    assert not Event.objects.exists()


# --- Checklist ------------------------------------------------------------------------------------


def test_the_checklist_keeps_its_order_and_its_story(task: Task, specialist: User) -> None:
    first = actions.add_checklist_item(task=task, by=specialist, text="Measure")
    second = actions.add_checklist_item(task=task, by=specialist, text="Order")
    for _time in range(2):
        actions.tick_checklist_item(item=first, by=specialist, is_done=True)
    actions.remove_checklist_item(item=second, by=specialist)
    actions.tick_checklist_item(item=first, by=specialist, is_done=False)
    assert [(item.text, item.is_done) for item in task.checklist.all()] == [("Measure", False)]
    assert [event.kind for event in reversed(Event.objects.all())] == [
        "checklist.added",
        "checklist.added",
        "checklist.ticked",
        "checklist.removed",
        "checklist.unticked",
    ]


def test_an_item_somebody_else_took_away_is_told(task: Task, specialist: User) -> None:
    item = actions.add_checklist_item(task=task, by=specialist, text="Measure")
    gone = ChecklistItem.objects.get()
    actions.remove_checklist_item(item=item, by=specialist)
    with pytest.raises(ActionRefused, match="took this item"):
        actions.tick_checklist_item(item=gone, by=specialist, is_done=True)


def test_a_list_without_end_is_refused(task: Task, specialist: User) -> None:
    ChecklistItem.objects.bulk_create(
        ChecklistItem(task=task, text="x", position=position) for position in range(200)
    )
    with pytest.raises(ActionRefused):
        actions.add_checklist_item(task=task, by=specialist, text="one more")


# --- Hours ----------------------------------------------------------------------------------------


def test_hours_are_internal(task: Task, specialist: User, owner: User) -> None:
    entry = actions.add_hours(task=task, by=specialist, day=NOW.date(), minutes=90, note="Site", now=NOW)
    assert not Event.objects.visible_to(owner).exists()
    assert not TimeEntry.objects.visible_to(owner).exists()
    assert list(TimeEntry.objects.visible_to(specialist)) == [entry]


def test_no_hours_on_a_day_that_has_not_come(task: Task, specialist: User) -> None:
    late_in_tokyo = dt.datetime(2026, 11, 23, 16, tzinfo=dt.UTC)
    specialist.time_zone = "Asia/Tokyo"
    day = dt.date(2026, 11, 24)
    actions.add_hours(task=task, by=specialist, day=day, minutes=30, now=late_in_tokyo)
    with pytest.raises(ActionRefused, match="not come"):
        actions.add_hours(
            task=task, by=specialist, day=day + dt.timedelta(days=1), minutes=30, now=late_in_tokyo
        )


def test_a_day_has_24_hours(task: Task, specialist: User) -> None:
    actions.add_hours(task=task, by=specialist, day=NOW.date(), minutes=1400, now=NOW)
    with pytest.raises(ActionRefused, match="24 hours"):
        actions.add_hours(task=task, by=specialist, day=NOW.date(), minutes=41, now=NOW)


def test_hours_of_others_are_theirs_but_a_manager_may_correct_them(
    task: Task, specialist: User, outsider: User, manager: User
) -> None:
    entry = actions.add_hours(task=task, by=specialist, day=NOW.date(), minutes=60, now=NOW)
    with pytest.raises(ActionRefused):
        actions.remove_hours(entry=entry, by=outsider)
    actions.remove_hours(entry=entry, by=manager, now=LATER)
    assert last_event().data == {"minutes": 60, "day": "2026-11-23", "worked_by": "Sam Specialist"}
    assert last_event().is_internal


# --- The life of a project ------------------------------------------------------------------------


def test_a_new_project_has_its_three_columns(manager: User, specialist: User, house: Project) -> None:
    project = actions.create_project(
        project=Project(client=house.client, code="GARDEN", name="Garden", manager=manager),
        by=manager,
        team=[specialist],
    )
    assert [column.kind for column in project.columns.all()] == ["todo", "doing", "done"]
    assert list(project.team.all()) == [specialist]


def test_a_project_goes_from_draft_to_the_archive_and_back(house: Project, manager: User) -> None:
    Project.objects.update(status="draft")
    for action, status in [
        (actions.start_project, "active"),
        (actions.pause_project, "paused"),
        (actions.start_project, "active"),
        (actions.finish_project, "finished"),
        (actions.archive_project, "archived"),
        (actions.restore_project, "finished"),
        (actions.start_project, "active"),
    ]:
        house = action(project=house, by=manager, now=NOW)
        assert house.status == status
    assert house.finished_at is None
    assert [event.kind for event in Event.objects.all()][:2] == ["project.started", "project.restored"]


def test_a_draft_cannot_be_archived_where_its_client_would_see_it(house: Project, manager: User) -> None:
    Project.objects.update(status="draft")
    with pytest.raises(ActionRefused, match="Draft"):
        actions.archive_project(project=house, by=manager)


def test_nothing_moves_in_a_finished_project(task: Task, specialist: User) -> None:
    Project.objects.update(status="finished")
    with pytest.raises(ProjectClosed):
        actions.set_waiting(task=task, by=specialist, waiting_for="Choose")
    with pytest.raises(ProjectClosed):
        actions.add_checklist_item(task=task, by=specialist, text="Measure")

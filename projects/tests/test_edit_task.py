from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from django.db import connection

from clients.models import Skill, User
from cxportal.notifications.models import Event
from projects.actions import edit_task
from projects.errors import ActionRefused, NotOfThisProject, ProjectClosed, ReasonMissing, StaleEdit
from projects.models import DateChange, Label, Placeholder, Project, Task
from tests.factories import make_milestone, make_phase, make_task

NOW = dt.datetime(2026, 11, 23, 9, tzinfo=dt.UTC)
MONDAY = dt.date(2026, 11, 23)
FRIDAY = dt.date(2026, 11, 27)


@pytest.fixture
def task(house: Project) -> Task:
    return make_task(house, "Roof", description="Tiles", due_on=MONDAY)


def public_events(task: Task) -> list[Event]:
    return list(Event.objects.filter(task=task, is_internal=False))


def test_what_was_written_over_stays_in_the_history(task: Task, specialist: User) -> None:
    saved = edit_task(
        task=task, by=specialist, version=1, changes={"title": "Roof", "description": "Slate"}, now=NOW
    )
    assert (saved.description, saved.version, saved.updated_at) == ("Slate", 2, NOW)
    event = Event.objects.get(task=task)
    assert event.kind == "task.edited"
    assert event.data == {"changes": {"description": ["Tiles", "Slate"]}, "version": 2}
    assert (event.actor, event.client, event.project) == (specialist, task.project.client, task.project)


def test_saving_nothing_new_changes_nothing(task: Task, specialist: User) -> None:
    saved = edit_task(task=task, by=specialist, version=1, changes={"title": "Roof", "due_on": MONDAY})
    assert saved.version == 1
    assert not Event.objects.exists()


def test_the_second_of_two_is_told_and_changes_nothing(task: Task, specialist: User, manager: User) -> None:
    edit_task(task=task, by=manager, version=1, changes={"description": "Slate"})
    with pytest.raises(StaleEdit) as refusal:
        edit_task(task=task, by=specialist, version=1, changes={"description": "Copper"})
    assert refusal.value.current.description == "Slate"
    task.refresh_from_db()
    assert task.description == "Slate"


@pytest.mark.django_db(transaction=True)
def test_of_two_at_the_same_moment_one_is_saved_and_one_is_told(
    task: Task, specialist: User, manager: User
) -> None:
    def edit(by: User) -> str:
        try:
            edit_task(task=task, by=by, version=1, changes={"description": f"By {by.name}"})
        except StaleEdit as stale:
            return stale.current.description
        finally:
            connection.close()
        return ""

    with ThreadPoolExecutor(2) as pool:
        told = sorted(pool.map(edit, [specialist, manager]))
    task.refresh_from_db()
    assert told == ["", task.description]
    assert Event.objects.get(kind="task.edited").data["changes"] == {
        "description": ["Tiles", task.description]
    }


def test_a_field_that_is_no_field_of_the_form_is_refused(task: Task, specialist: User) -> None:
    with pytest.raises(TypeError):
        edit_task(task=task, by=specialist, version=1, changes={"is_internal": False})


def test_a_phase_of_another_project_is_refused(task: Task, specialist: User, other_project: Project) -> None:
    with pytest.raises(NotOfThisProject):
        edit_task(task=task, by=specialist, version=1, changes={"phase": make_phase(other_project)})


def test_a_finished_project_stays_as_it_is(task: Task, specialist: User) -> None:
    Project.objects.update(status="finished")
    with pytest.raises(ProjectClosed):
        edit_task(task=task, by=specialist, version=1, changes={"title": "Other"})


def test_everything_can_be_edited_and_is_told_in_words(
    task: Task, house: Project, specialist: User, manager: User
) -> None:
    changes = {
        "phase": make_phase(house, "Construction"),
        "milestone": make_milestone(house, "Roof on"),
        "assignees": [specialist, manager],
        "placeholders": [Placeholder.objects.create(project=house, name="Tom")],
        "labels": [Label.objects.create(project=house, name="outside")],
        "priority": 3,
        "percent_done": 40,
        "starts_on": dt.date(2026, 11, 2),
    }
    edit_task(task=task, by=specialist, version=1, changes=changes)
    (event,) = Event.objects.filter(task=task)
    assert event.data["changes"] == {
        "phase": [None, "Construction"],
        "milestone": [None, "Roof on"],
        "assignees": [[], ["Maria Manager", "Sam Specialist"]],
        "placeholders": [[], ["Tom"]],
        "labels": [[], ["outside"]],
        "priority": [2, 3],
        "percent_done": [0, 40],
        "starts_on": [None, "2026-11-02"],
    }
    task.refresh_from_db()
    assert task.percent_done == 40
    assert set(task.assignees.all()) == {specialist, manager}


# --- What the client may not see of a change ------------------------------------------------------


def test_the_estimate_and_skills_are_an_internal_event_of_their_own(task: Task, specialist: User) -> None:
    skill = Skill.objects.create(name="Roofer")
    changes = {"title": "The roof", "estimate_hours": Decimal("12.50"), "skills": [skill]}
    edit_task(task=task, by=specialist, version=1, changes=changes)
    (public,) = public_events(task)
    assert public.data["changes"] == {"title": ["Roof", "The roof"]}
    internal = Event.objects.get(task=task, is_internal=True)
    assert internal.data["changes"] == {"estimate_hours": [None, "12.5"], "skills": [[], ["Roofer"]]}


def test_a_published_estimate_is_no_secret(task: Task, specialist: User) -> None:
    Project.objects.update(publishes_estimates=True)
    edit_task(task=task, by=specialist, version=1, changes={"estimate_hours": Decimal(8)})
    assert public_events(task)[0].data["changes"] == {"estimate_hours": [None, "8"]}


def test_an_estimate_written_differently_is_the_same(task: Task, specialist: User) -> None:
    Task.objects.update(estimate_hours="8.00")
    assert (
        edit_task(task=task, by=specialist, version=1, changes={"estimate_hours": Decimal("8.0")}).version
        == 1
    )


def test_the_name_of_an_internal_milestone_stays_internal(
    task: Task, house: Project, specialist: User
) -> None:
    secret = make_milestone(house, "Margin check", is_internal=True)
    edit_task(task=task, by=specialist, version=1, changes={"milestone": secret})
    edit_task(task=task, by=specialist, version=2, changes={"milestone": None})
    assert public_events(task) == []


@pytest.mark.parametrize("state", [{"is_internal": True}, {"project__status": "draft"}])
def test_what_the_client_cannot_see_is_recorded_as_internal_for_good(
    task: Task, specialist: User, state: dict[str, object]
) -> None:
    if "is_internal" in state:
        Task.objects.update(is_internal=True)
    else:
        Project.objects.update(status="draft")
    edit_task(task=task, by=specialist, version=1, changes={"title": "Other", "due_on": FRIDAY})
    assert public_events(task) == []
    assert DateChange.objects.get().is_internal


# --- Dates ----------------------------------------------------------------------------------------


def test_a_date_the_client_sees_moves_with_a_reason_only(task: Task, specialist: User) -> None:
    with pytest.raises(ReasonMissing):
        edit_task(
            task=task, by=specialist, version=1, changes={"title": "X", "due_on": FRIDAY}, date_reason=" "
        )
    task.refresh_from_db()
    assert (task.title, task.due_on) == ("Roof", MONDAY)
    edit_task(
        task=task,
        by=specialist,
        version=1,
        changes={"due_on": FRIDAY},
        date_reason="The tiles come late.",
        now=NOW,
    )
    change = DateChange.objects.get()
    assert (change.task, change.field, change.old, change.new) == (task, "due_on", MONDAY, FRIDAY)
    assert (change.reason, change.actor, change.at) == ("The tiles come late.", specialist, NOW)
    assert not change.is_internal
    assert Event.objects.get().data["reason"] == "The tiles come late."


def test_taking_a_date_away_needs_a_reason_too(task: Task, specialist: User) -> None:
    with pytest.raises(ReasonMissing):
        edit_task(task=task, by=specialist, version=1, changes={"due_on": None})


def test_a_first_date_needs_no_reason_but_is_recorded(task: Task, specialist: User) -> None:
    edit_task(task=task, by=specialist, version=1, changes={"starts_on": dt.date(2026, 11, 2)})
    assert DateChange.objects.get().field == "starts_on"


def test_an_internal_task_moves_without_a_reason(house: Project, specialist: User) -> None:
    task = make_task(house, is_internal=True, due_on=MONDAY)
    edit_task(task=task, by=specialist, version=1, changes={"due_on": FRIDAY})
    assert DateChange.objects.get().new == FRIDAY


def test_dates_that_go_backwards_are_refused(task: Task, specialist: User) -> None:
    with pytest.raises(ActionRefused, match="before it starts"):
        edit_task(task=task, by=specialist, version=1, changes={"starts_on": FRIDAY})
    assert not DateChange.objects.exists()

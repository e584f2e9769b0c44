from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from clients.models import User
from projects import actions
from projects.history import Entry, history_of, told
from projects.models import Attachment, Project, Task
from tests.factories import make_milestone, make_task

NOW = dt.datetime(2026, 11, 23, 9, tzinfo=dt.UTC)


@pytest.fixture
def task(house: Project) -> Task:
    return make_task(house, "Roof", description="Red tiles", due_on=NOW.date())


def history(task: Task, user: User) -> list[Entry]:
    task = Task.objects.get(pk=task.pk)
    return told(history_of(task, user), task, user)


def texts(task: Task, user: User) -> list[str]:
    return [entry.text for entry in history(task, user)]


def test_a_text_that_was_written_over_can_be_read_again(task: Task, specialist: User, owner: User) -> None:
    actions.edit_task(task=task, by=specialist, version=1, changes={"description": "Blue tiles"}, now=NOW)
    (entry,) = history(task, owner)
    (change,) = entry.changes
    assert (entry.actor, entry.at) == (specialist, NOW)
    assert (change.label, change.old, change.new) == ("Description", "Red tiles", "Blue tiles")
    assert [(piece.kind, piece.text) for piece in change.pieces] == [
        ("out", "Red"),
        ("in", "Blue"),
        ("same", " tiles"),
    ]


def test_values_are_told_in_the_readers_language(task: Task, specialist: User) -> None:
    actions.edit_task(
        task=task,
        by=specialist,
        version=1,
        changes={"due_on": dt.date(2026, 12, 4), "priority": 3, "estimate_hours": "7.5"},
        date_reason="Frost",
    )
    with translation.override("ru"):
        changes = {
            change.label: change.new for entry in history(task, specialist) for change in entry.changes
        }
    assert "4 декабря 2026 г." in changes.values()
    assert "7,5 ч" in changes.values()


def test_the_reason_of_a_moved_date_is_told(task: Task, specialist: User, owner: User) -> None:
    actions.edit_task(
        task=task, by=specialist, version=1, changes={"due_on": None}, date_reason="Nobody knows"
    )
    assert history(task, owner)[0].reason == "Nobody knows"


def test_each_reader_is_spoken_to(task: Task, specialist: User, owner: User) -> None:
    actions.set_waiting(task=task, by=specialist, waiting_for="Choose")
    assert texts(task, specialist) == ["Waiting for the client: Choose"]
    assert texts(task, owner) == ["Waiting for you: Choose"]


def test_what_happened_while_it_was_internal_is_for_staff_alone(
    task: Task, manager: User, owner: User
) -> None:
    actions.hide_task(task=task, by=manager)
    item = actions.add_checklist_item(task=task, by=manager, text="Check the margin")
    actions.tick_checklist_item(item=item, by=manager, is_done=True)
    actions.reveal_task(task=task, by=manager)
    assert texts(task, owner) == ["Shown to you"]
    assert texts(task, manager) == [
        "Shown to the client",
        "Ticked off: Check the margin",
        "On the checklist: Check the margin",
        "Hidden from the client",
    ]
    assert [entry.is_internal for entry in history(task, manager)] == [False, True, True, True]


def test_hours_and_estimates_are_for_staff_alone(task: Task, specialist: User, owner: User) -> None:
    actions.add_hours(task=task, by=specialist, day=NOW.date(), minutes=95, now=NOW)
    actions.edit_task(task=task, by=specialist, version=1, changes={"estimate_hours": 8})
    assert texts(task, owner) == []
    assert set(texts(task, specialist)) == {"Worked 1:35 on Nov. 23, 2026", "Changed"}


def test_estimates_that_are_no_longer_published_are_gone_from_the_history_too(
    task: Task, specialist: User, owner: User
) -> None:
    task.project.publishes_estimates = True
    task.project.save()
    actions.edit_task(task=task, by=specialist, version=1, changes={"estimate_hours": 12}, now=NOW)
    assert history(task, owner)
    task.project.publishes_estimates = False
    task.project.save()
    assert history(task, owner) == []
    assert history(task, specialist)


def test_a_file_that_was_hidden_again_has_no_name_for_the_client(
    task: Task, specialist: User, owner: User
) -> None:
    attachment = Attachment.objects.create(task=task, name="offer.pdf")
    actions.show_file(attachment=attachment, by=specialist)
    assert texts(task, owner) == ["File shown to the client: offer.pdf"]
    actions.hide_file(attachment=attachment, by=specialist)
    assert texts(task, owner) == []


def test_a_milestone_that_was_hidden_later_has_no_name_for_the_client(
    task: Task, house: Project, manager: User, owner: User
) -> None:
    milestone = make_milestone(house, "Second payment")
    actions.edit_task(task=task, by=manager, version=1, changes={"milestone": milestone, "title": "A roof"})
    actions.edit_milestone(
        milestone=milestone, by=manager, name=milestone.name, phase=None, is_internal=True, due_on=None
    )
    (entry,) = history(task, owner)
    assert [change.label for change in entry.changes] == ["Title"]


def test_strangers_get_nothing(task: Task, specialist: User, stranger: User, outsider: User) -> None:
    actions.set_waiting(task=task, by=specialist, waiting_for="Choose")
    assert not history_of(task, stranger).exists()
    assert not history_of(task, outsider).exists()


def test_a_long_history_costs_no_more_queries(
    task: Task, house: Project, specialist: User, owner: User
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            history(task, owner)
        return len(captured)

    for number in range(3):
        actions.edit_task(
            task=task,
            by=specialist,
            version=number + 1,
            changes={"milestone": make_milestone(house), "title": f"Roof {number}"},
        )
    few = queries()
    for number in range(3, 9):
        actions.edit_task(
            task=task,
            by=specialist,
            version=number + 1,
            changes={"milestone": make_milestone(house), "title": f"Roof {number}"},
        )
    assert queries() == few

from __future__ import annotations

import datetime as dt
import itertools
from typing import Any

import pytest

from clients.models import Skill, User
from cxportal.notifications.models import Event
from projects.actions import add_task, move_task
from projects.actions.board import GAP
from projects.errors import NotOfThisProject, ProjectClosed
from projects.models import Column, Label, Placeholder, Project, Task
from tests.factories import make_milestone, make_phase, make_task

NOW = dt.datetime(2026, 5, 27, 12, tzinfo=dt.UTC)
LATER = NOW + dt.timedelta(days=1)


def column_of(project: Project, kind: str) -> Column:
    return project.columns.get(kind=kind)


def titles(project: Project, kind: str = "todo") -> list[str]:
    return [task.title for task in Task.objects.filter(column=column_of(project, kind)).on_board()]


def events(task: Task) -> list[str]:
    return list(Event.objects.filter(task=task).order_by("pk").values_list("kind", flat=True))


@pytest.fixture
def cards(house: Project) -> list[Task]:
    """A, B and C, in this order, to do."""
    return [make_task(house, title) for title in "ABC"]


def move(task: Task, kind: str, after: Task | None, **kwargs: Any) -> Task:
    kwargs.setdefault("now", NOW)
    return move_task(task=task, by=None, column=column_of(task.project, kind), after=after, **kwargs)


class TestAdd:
    def test_it_gets_the_next_number_and_stands_at_the_end_of_to_do(
        self, house: Project, cards: list[Task], specialist: User
    ) -> None:
        task = add_task(project=house, by=specialist, title="D", now=NOW)
        assert titles(house) == ["A", "B", "C", "D"]
        assert task.number == cards[-1].number + 1
        assert add_task(project=house, by=specialist, title="E").number == task.number + 1
        assert (task.created_by, task.created_at, task.version) == (specialist, NOW, 1)

    def test_it_takes_fields_and_people(self, house: Project, specialist: User) -> None:
        people: dict[str, Any] = {
            "assignees": [specialist],
            "labels": [Label.objects.create(project=house, name="Kitchen")],
            "placeholders": [Placeholder.objects.create(project=house, name="Tom White")],
            "skills": [Skill.objects.create(name="Roofer")],
        }
        task = add_task(
            project=house, by=specialist, title="Roof", is_internal=True, phase=make_phase(house), **people
        )
        for name, values in people.items():
            assert list(getattr(task, name).all()) == values
        assert task.is_internal

    def test_added_to_done_it_is_done(self, house: Project) -> None:
        task = add_task(project=house, by=None, title="Roof", column=column_of(house, "done"), now=NOW)
        assert (task.done_at, task.percent_done) == (NOW, 100)

    def test_one_event_tells_of_it(self, house: Project, specialist: User) -> None:
        task = add_task(project=house, by=specialist, title="Roof")
        event = Event.objects.get(task=task)
        assert (event.kind, event.actor, event.client, event.project, event.is_internal) == (
            "task.added",
            specialist,
            house.client,
            house,
            False,
        )
        hidden = add_task(project=house, by=specialist, title="Costs", is_internal=True)
        assert Event.objects.get(task=hidden).is_internal

    @pytest.mark.parametrize("status", ["finished", "archived"])
    def test_a_closed_project_refuses(self, house: Project, status: str) -> None:
        Project.objects.update(status=status)
        with pytest.raises(ProjectClosed):
            add_task(project=house, by=None, title="Roof")
        assert not Task.objects.exists()

    def test_things_of_another_project_are_refused(self, house: Project, other_project: Project) -> None:
        foreign: list[dict[str, Any]] = [
            {"column": column_of(other_project, "todo")},
            {"milestone": make_milestone(other_project)},
            {"phase": make_phase(other_project)},
            {"labels": [Label.objects.create(project=other_project, name="Kitchen")]},
            {"placeholders": [Placeholder.objects.create(project=other_project, name="Tom")]},
        ]
        for fields in foreign:
            with pytest.raises(NotOfThisProject):
                add_task(project=house, by=None, title="Roof", **fields)
        assert not Task.objects.exists()


class TestPlace:
    def test_behind_a_neighbour(self, house: Project, cards: list[Task]) -> None:
        a, b, _c = cards
        move(a, "todo", b)
        assert titles(house) == ["B", "A", "C"]

    def test_on_top_and_at_the_end(self, house: Project, cards: list[Task]) -> None:
        a, b, c = cards
        move(c, "todo", None)
        assert titles(house) == ["C", "A", "B"]
        move(a, "todo", b)
        assert titles(house) == ["C", "B", "A"]

    def test_into_another_column(self, house: Project, cards: list[Task]) -> None:
        a, b, c = cards
        move(a, "doing", None)
        move(b, "doing", None)
        move(c, "doing", b)
        assert (titles(house), titles(house, "doing")) == ([], ["B", "C", "A"])

    def test_a_neighbour_that_left_meanwhile_means_the_end(self, house: Project, cards: list[Task]) -> None:
        a, b, c = cards
        move(b, "doing", None)
        move(c, "doing", b)
        move(a, "doing", make_task(house))
        assert titles(house, "doing") == ["B", "C", "A"]

    def test_a_gap_that_is_used_up_is_made_anew(self, house: Project, cards: list[Task]) -> None:
        a, b, c = cards
        Task.objects.filter(pk=b.pk).update(rank=a.rank + 1)
        move(c, "todo", a)
        assert titles(house) == ["A", "C", "B"]
        ranks = list(Task.objects.on_board().values_list("rank", flat=True))
        assert min(right - left for left, right in itertools.pairwise(ranks)) >= GAP // 2

    def test_cards_of_the_same_rank_have_an_order_all_the_same(
        self, house: Project, cards: list[Task]
    ) -> None:
        Task.objects.update(rank=5)
        a, _b, c = cards
        move(c, "todo", a)
        assert titles(house) == ["A", "C", "B"]

    def test_a_hundred_moves_into_the_same_gap_keep_the_order(self, house: Project) -> None:
        first, *others = [make_task(house, str(number)) for number in range(12)]
        for _round in range(9):
            for task in others:
                move(task, "todo", first)
        assert titles(house) == ["0", *(task.title for task in reversed(others))]

    def test_the_same_move_again_changes_nothing_and_tells_nothing(
        self, house: Project, cards: list[Task]
    ) -> None:
        a, b, c = cards
        for kind, after in (("todo", b), ("doing", None), ("done", None), ("todo", c), ("doing", b)):
            moved = move(a, kind, after)
            told = len(events(a))
            again = move(a, kind, after, now=LATER)
            assert (again.rank, again.column_id, again.updated_at) == (moved.rank, moved.column_id, NOW)
            assert len(events(a)) == told

    def test_a_card_behind_itself_stays(self, house: Project, cards: list[Task]) -> None:
        _a, b, _c = cards
        move(b, "todo", b)
        assert titles(house) == ["A", "B", "C"]
        assert events(b) == []

    def test_another_place_in_the_column_is_no_move(self, house: Project, cards: list[Task]) -> None:
        move(cards[0], "todo", cards[2])
        assert events(cards[0]) == ["task.reordered"]

    @pytest.mark.parametrize("status", ["finished", "archived"])
    def test_a_closed_project_refuses(self, house: Project, cards: list[Task], status: str) -> None:
        Project.objects.update(status=status)
        with pytest.raises(ProjectClosed):
            move(cards[0], "done", None)
        assert titles(house) == ["A", "B", "C"]

    def test_a_column_and_a_neighbour_of_another_project_are_refused(
        self, house: Project, other_project: Project, cards: list[Task]
    ) -> None:
        with pytest.raises(NotOfThisProject):
            move_task(task=cards[0], by=None, column=column_of(other_project, "todo"), after=None)
        with pytest.raises(NotOfThisProject):
            move(cards[0], "todo", make_task(other_project))
        assert titles(house) == ["A", "B", "C"]


class TestDone:
    def test_into_done_it_is_done_a_hundred_percent_and_waits_no_more(self, house: Project) -> None:
        task = make_task(house, waiting_since=NOW, waiting_for="the tiles", percent_done=75)
        move(task, "done", None, now=LATER)
        task.refresh_from_db()
        assert (task.done_at, task.percent_done, task.waiting_since, task.waiting_for) == (
            LATER,
            100,
            None,
            "",
        )

    def test_out_of_done_it_is_reopened(self, house: Project) -> None:
        task = make_task(house, kind="done", done_at=NOW, percent_done=100)
        move(task, "doing", None, now=LATER)
        task.refresh_from_db()
        assert (task.done_at, task.reopened_at, task.percent_done) == (None, LATER, 0)

    def test_between_two_columns_of_done_it_stays_done(self, house: Project) -> None:
        task = make_task(house, kind="done", done_at=NOW, percent_done=100)
        released = Column.objects.create(project=house, kind="done", name="Released", position=9)
        move_task(task=task, by=None, column=released, after=None, now=LATER)
        task.refresh_from_db()
        assert (task.column, task.done_at, task.reopened_at) == (released, NOW, None)

    def test_the_event_names_both_columns(self, house: Project, specialist: User) -> None:
        task = make_task(house)
        Column.objects.filter(project=house, kind="doing").update(name="On site")
        move_task(task=task, by=specialist, column=column_of(house, "doing"), after=None, now=NOW)
        event = Event.objects.get(task=task, kind="task.moved")
        assert event.data == {
            "from_kind": "todo",
            "to_kind": "doing",
            "from_name": "",
            "to_name": "On site",
            "ended_waiting": False,
        }
        assert (event.actor, event.at, event.client, event.project) == (specialist, NOW, house.client, house)

    def test_the_move_of_an_internal_task_is_an_internal_event(self, house: Project) -> None:
        task = make_task(house, is_internal=True)
        move(task, "done", None)
        assert Event.objects.get(task=task).is_internal


class TestWaiting:
    def test_it_goes_on_waiting_in_another_column(self, house: Project) -> None:
        task = make_task(house, waiting_since=NOW, waiting_for="the tiles")
        move(task, "doing", None)
        task.refresh_from_db()
        assert task.is_waiting

    def test_taken_out_of_the_waiting_ones_it_waits_no_more(self, house: Project) -> None:
        task = make_task(house, waiting_since=NOW, waiting_for="the tiles")
        move(task, "todo", None, ends_waiting=True)
        task.refresh_from_db()
        assert (task.is_waiting, task.waiting_for) == (False, "")
        assert Event.objects.get(task=task, kind="task.moved").data["ended_waiting"] is True

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clients.models import User
from projects.models import Column, Project, Task
from tests.api_support import Program
from tests.factories import make_milestone, make_project, make_task
from tests.world import INTERNAL_CANARY, World

pytestmark = pytest.mark.django_db


def column_of(project: Project, kind: str) -> Column:
    return project.columns.get(kind=kind)


def test_projects_read_as_the_person_sees_them(world: World) -> None:
    make_task(world.house, "Floor", kind="done")
    listed = Program(world.people["member"]).get("/api/v1/projects/").json()
    assert [one["code"] for one in listed["results"]] == ["HOUSE"]
    assert listed["results"][0]["progress"]["total"] == 2  # the internal one is in nobody's figure but ours
    assert listed["results"][0]["progress"]["percent"] == 50
    ours = Program(world.people["manager"]).get("/api/v1/projects/HOUSE/").json()
    assert ours["progress"]["total"] == 3
    assert sum(column["tasks"] + column["waiting"] for column in ours["columns"]) == 3


def test_a_client_hears_of_no_draft(world: World) -> None:
    make_project(world.client, code="DRAFT", status="draft")
    owner = Program(world.people["owner"])
    assert owner.get("/api/v1/projects/?status=draft").json()["count"] == 0
    assert owner.get("/api/v1/projects/DRAFT/").status_code == 404


def test_the_columns_count_as_the_board_does(world: World) -> None:
    make_task(world.house, waiting_since=timezone.now(), waiting_for="Choose")
    columns = Program(world.people["member"]).get("/api/v1/projects/HOUSE/").json()["columns"]
    assert [(one["kind"], one["tasks"], one["waiting"]) for one in columns] == [
        ("todo", 1, 1),
        ("doing", 0, 0),
        ("done", 0, 0),
    ]


def test_tasks_are_filtered_and_ordered_as_in_the_list(world: World, specialist: User) -> None:
    yesterday = timezone.localdate() - dt.timedelta(days=1)
    late = make_task(world.house, "Stairs", due_on=yesterday, assignees=[specialist])
    doing = make_task(world.house, "Windows", kind="doing")
    member = Program(world.people["member"])

    def numbers(query: str) -> list[int]:
        found = member.get(f"/api/v1/projects/house/tasks/?{query}").json()
        assert found["count"] == len(found["results"])
        return [one["number"] for one in found["results"]]

    assert numbers("sort=-number") == [doing.number, late.number, world.task.number]
    assert numbers("overdue=true") == [late.number]
    assert numbers(f"q=HOUSE-{doing.number}") == [doing.number]
    assert numbers(f"column={doing.column_id}") == [doing.number]
    assert numbers(f"person=u{specialist.pk}") == [late.number]
    assert numbers("waiting=true") == []


def test_pages_leave_out_and_repeat_nothing(world: World) -> None:
    for _ in range(6):
        make_task(world.house, "Same title")
    member, found = Program(world.people["member"]), []
    address = "/api/v1/projects/HOUSE/tasks/?page_size=2&sort=title"
    while address:
        page = member.get(address.removeprefix("http://localhost:8000")).json()
        found += [one["number"] for one in page["results"]]
        address = page["next"]
    assert len(found) == len(set(found)) == page["count"] == 7


@pytest.mark.parametrize("publishes", [True, False])
def test_estimates_reach_a_client_only_where_they_are_published(publishes: bool, world: World) -> None:
    Project.objects.filter(pk=world.house.pk).update(publishes_estimates=publishes)
    Task.objects.filter(pk=world.task.pk).update(estimate_hours=7)
    member = Program(world.people["member"])
    task = member.get(f"/api/v1/projects/HOUSE/tasks/{world.task.number}/").json()
    [line] = member.get("/api/v1/projects/HOUSE/tasks/").json()["results"]
    project = member.get("/api/v1/projects/HOUSE/").json()
    expected = 7.0 if publishes else None
    assert task["estimate_hours"] == line["estimate_hours"] == project["progress"]["hours_total"] == expected


def test_a_task_shows_a_client_no_internal_file_and_milestone(world: World) -> None:
    Task.objects.filter(pk=world.task.pk).update(milestone=world.internal_milestone)
    path = f"/api/v1/projects/HOUSE/tasks/{world.task.number}/"
    task = Program(world.people["member"]).get(path).json()
    assert [file["name"] for file in task["files"]] == ["roof.txt"]
    assert task["milestone"] is None
    ours = Program(world.people["specialist"]).get(path).json()
    assert len(ours["files"]) == 2
    assert ours["milestone"]["name"] == INTERNAL_CANARY


@pytest.mark.parametrize("sort", ["milestone", "-milestone", "due", "title", "status"])
def test_the_order_of_a_list_tells_nothing_of_an_internal_milestone(sort: str, world: World) -> None:
    for day in (3, 1, 2):
        make_task(world.house, f"Task {day}")
    member = Program(world.people["member"])

    def order() -> list[int]:
        rows = member.get(f"/api/v1/projects/HOUSE/tasks/?sort={sort}").json()["results"]
        return [one["number"] for one in rows]

    before = order()
    for day, task in enumerate(Task.objects.filter(project=world.house).order_by("-number"), 1):
        hidden = make_milestone(world.house, f"M{day}", due_on=dt.date(2026, 1, day), is_internal=True)
        Task.objects.filter(pk=task.pk).update(milestone=hidden)
    assert order() == before


def test_a_filter_for_something_hidden_is_refused_like_one_for_nothing(world: World) -> None:
    member = Program(world.people["member"])

    def answer(milestone: int) -> tuple[int, bytes]:
        found = member.get(f"/api/v1/projects/HOUSE/tasks/?milestone={milestone}")
        return found.status_code, found.content

    assert answer(world.internal_milestone.pk) == answer(world.foreign_milestone.pk) == answer(999_999)
    assert answer(999_999)[0] == 422


def test_moving_a_task_is_the_move_of_the_board(world: World) -> None:
    done = column_of(world.house, "done")
    path = f"/api/v1/projects/HOUSE/tasks/{world.task.number}/move/"
    specialist = Program(world.people["specialist"])
    moved = specialist.send(path, {"column": done.pk})
    assert moved.status_code == 200
    assert (moved.json()["column"]["kind"], moved.json()["percent_done"]) == ("done", 100)
    events = world.task.events.filter(kind="task.moved")
    assert [event.actor for event in events] == [world.people["specialist"]]
    assert specialist.send(path, {"column": done.pk}).status_code == 200
    assert events.count() == 1


def test_a_task_is_put_where_it_was_asked_to(world: World) -> None:
    first, second = make_task(world.house, "One"), make_task(world.house, "Two")
    to_do = column_of(world.house, "todo")
    specialist = Program(world.people["specialist"])

    def order(**place: Any) -> list[int]:
        path = f"/api/v1/projects/HOUSE/tasks/{world.task.number}/move/"
        assert specialist.send(path, {"column": to_do.pk, **place}).status_code == 200
        shown = [world.task.number, first.number, second.number]
        return [n for n in to_do.tasks.on_board().values_list("number", flat=True) if n in shown]

    assert order(after=first.number) == [first.number, world.task.number, second.number]
    assert order(place="top") == [world.task.number, first.number, second.number]
    assert order() == [first.number, second.number, world.task.number]


def test_a_move_takes_no_column_and_neighbour_of_another_project(world: World) -> None:
    path = f"/api/v1/projects/HOUSE/tasks/{world.task.number}/move/"
    manager = Program(world.people["manager"])
    elsewhere = column_of(world.other_project, "done")
    wrong = manager.send(path, {"column": elsewhere.pk})
    assert (wrong.status_code, list(wrong.json()["errors"])) == (422, ["column"])
    here = column_of(world.house, "done")
    wrong = manager.send(path, {"column": here.pk, "after": 424242})
    assert (wrong.status_code, list(wrong.json()["errors"])) == (422, ["after"])
    world.task.refresh_from_db()
    assert world.task.column.kind == "todo"


def test_more_fields_in_a_move_change_nothing(world: World) -> None:
    extra = {"is_internal": True, "client": 1, "role": "admin", "author": 1, "title": "x", "percent_done": 99,
             "project": world.other_project.pk, "number": 1, "assignees": [1], "estimate_hours": 1}  # fmt: skip
    before: dict[str, Any] = {**Task.objects.values().get(pk=world.task.pk)}
    to = column_of(world.house, "doing").pk
    path = f"/api/v1/projects/HOUSE/tasks/{world.task.number}/move/"
    assert Program(world.people["manager"]).send(path, {"column": to, **extra}).status_code == 200
    after: dict[str, Any] = {**Task.objects.values().get(pk=world.task.pk)}
    changed = {name for name in before if before[name] != after[name]}
    assert changed <= {"column_id", "rank", "updated_at"}


@pytest.mark.parametrize("who", ["member", "specialist"])
@pytest.mark.parametrize(
    ("path", "most"), [("projects/", 8), ("projects/HOUSE/tasks/", 6), ("projects/HOUSE/", 8)]
)
def test_lists_cost_the_same_for_twice_as_many_rows(who: str, path: str, most: int, world: World) -> None:
    program = Program(world.people[who])

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert program.get(f"/api/v1/{path}").status_code == 200
        return len(queries)

    def more() -> None:
        for _ in range(5):
            make_task(world.house, assignees=[world.people["specialist"]], milestone=world.milestone)
            project = make_project(world.client, team=[world.people["specialist"]])
            world.people["member"].memberships.get().projects.add(project)
            make_milestone(project, due_on=timezone.localdate())

    more()
    program.get(f"/api/v1/{path}")
    first = cost()
    more()
    assert cost() == first <= most

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clients.models import User
from conftest import SignedIn
from projects import actions
from projects.demo import HOUSE
from projects.importing import read_plan
from projects.models import DateChange, Dependency, Milestone, Phase, Placeholder, Project, Task
from projects.plan_page import SHOWN, SHOWN_IN_ALL, plan_of
from tests.factories import make_client, make_milestone, make_phase, make_project, make_task

BrowserOf = Callable[[User], SignedIn]
TODAY = dt.date(2026, 11, 23)
PLAN = "/projects/HOUSE/plan/"


def read(browser_of: BrowserOf, user: User, path: str = PLAN) -> str:
    response = browser_of(user).get(path)
    assert response.status_code == 200
    content = response.getvalue() if response.streaming else response.content
    return content.decode()


def test_phases_hold_their_things_in_the_order_of_work(house: Project, manager: User) -> None:
    later, sooner = make_phase(house, "Building"), make_phase(house, "Garden")
    make_milestone(house, "Roof on", phase=later, due_on=dt.date(2026, 12, 4))
    make_task(house, "Roof", phase=later, starts_on=dt.date(2026, 11, 30), due_on=dt.date(2026, 12, 4))
    make_task(house, "Someday", phase=later)
    make_task(house, "Walls", phase=later, due_on=dt.date(2026, 11, 20), kind="done")
    make_task(house, "Loose", due_on=dt.date(2026, 11, 1))
    plan = plan_of(house, manager, TODAY)
    assert [[item.name for item in group.items] for group in plan.groups] == [
        ["Walls", "Roof", "Roof on", "Someday"],
        [],
        ["Loose"],
    ]
    assert [group.phase for group in plan.groups] == [later, sooner, None]
    assert [(group.done, group.total) for group in plan.groups] == [(1, 3), (0, 0), (0, 1)]
    assert [item.is_late for group in plan.groups for item in group.items] == [
        False, False, False, False, True,
    ]  # fmt: skip


def test_the_client_reads_the_plan_without_what_is_internal(
    house: Project, browser_of: BrowserOf, owner: User, manager: User
) -> None:
    phase, secret_phase = make_phase(house, "Construction"), make_phase(house, "Margin phase")
    roof = make_task(house, "Roof", phase=phase)
    margin = make_task(house, "Check the margin", phase=secret_phase, is_internal=True)
    invoice = make_milestone(house, "Second invoice", is_internal=True, due_on=TODAY)
    actions.add_dependency(project=house, by=manager, before=margin, after=roof)
    actions.move_milestone(milestone=invoice, by=manager, due_on=None, reason="They pay late")
    theirs, ours = read(browser_of, owner), read(browser_of, manager)
    for internal in ("Margin phase", "Check the margin", "Second invoice", "They pay late"):
        assert internal not in theirs
        assert internal in ours
    for shown in ("Construction", "Roof"):
        assert shown in theirs
    for tool in ("/plan/milestones/new/", "/import/", "Add a phase"):
        assert tool not in theirs
        assert tool in ours


def test_dependencies_are_told_in_words(
    house: Project, browser_of: BrowserOf, manager: User, owner: User
) -> None:
    walls, roof = make_task(house, "Walls"), make_task(house, "Roof", phase=make_phase(house))
    actions.add_dependency(project=house, by=manager, before=walls, after=roof)
    assert "after: Walls" in read(browser_of, owner)


def test_every_moved_date_stands_with_its_reason_and_by_whom(
    house: Project, browser_of: BrowserOf, manager: User, owner: User
) -> None:
    for name in ("Roof on", "Keys"):
        milestone = make_milestone(house, name, due_on=dt.date(2026, 12, 4))
        actions.move_milestone(milestone=milestone, by=manager, due_on=dt.date(2026, 12, 11), reason="Frost")
    told = read(browser_of, owner)
    assert told.count("Frost") == 1  # both moved for the same reason
    assert "Maria Manager" in told
    assert (
        told.index("Moved dates")
        < told.index("Fri 4 Dec")
        < told.index("Fri 11 Dec", told.index("Moved dates"))
    )


def test_a_long_phase_is_cut_and_can_be_seen_whole(
    house: Project, browser_of: BrowserOf, manager: User
) -> None:
    phase = make_phase(house, "Construction")
    for number in range(SHOWN + 3):
        make_task(house, f"Step {number}", phase=phase)
    told = read(browser_of, manager)
    assert f"Step {SHOWN + 2}" not in told
    assert "Show 3 more" in told
    assert f"Step {SHOWN + 2}" in read(browser_of, manager, f"{PLAN}?phase={phase.pk}")
    for nonsense in ("x", "99999999999999", "-1"):
        assert "Show 3 more" in read(browser_of, manager, f"{PLAN}?phase={nonsense}&page={nonsense}")


def test_many_phases_show_fewer_things_each(house: Project, manager: User) -> None:
    for _phase in range(10):
        phase = make_phase(house)
        for _task in range(SHOWN_IN_ALL // 10 + 1):
            make_task(house, phase=phase)
    plan = plan_of(house, manager, TODAY, whole=house.phases.all()[0].pk)
    assert [len(group.items) for group in plan.groups] == [21] + [20] * 9
    assert [group.left for group in plan.groups] == [0] + [1] * 9


def test_the_plan_takes_as_many_queries_for_many_tasks_as_for_few(
    house: Project, browser_of: BrowserOf, manager: User, owner: User
) -> None:
    def fill(n: int) -> None:
        for _number in range(n):
            phase = make_phase(house)
            first, second = make_task(house, phase=phase, due_on=TODAY), make_task(house, phase=phase)
            milestone = make_milestone(house, phase=phase, due_on=TODAY)
            actions.add_dependency(project=house, by=manager, before=first, after=second)
            actions.add_dependency(project=house, by=manager, before=second, after=milestone)
            actions.move_milestone(milestone=milestone, by=manager, due_on=None, reason="Frost")
            actions.edit_task(
                task=first, by=manager, version=1, changes={"due_on": None}, date_reason="Frost"
            )

    def queries(user: User, path: str) -> int:
        browser = browser_of(user)
        with CaptureQueriesContext(connection) as captured:
            assert len(browser.get(path).getvalue()) > 0
        return len(captured)

    pages = [
        (manager, PLAN),
        (owner, PLAN),
        (manager, f"{PLAN}dependencies/"),
        (owner, "/projects/HOUSE/plan.csv"),
    ]
    fill(2)
    few = [queries(*page) for page in pages]
    fill(4)
    assert [queries(*page) for page in pages] == few


# --- Editing --------------------------------------------------------------------------------------


def test_a_manager_adds_and_renames_phases(house: Project, browser_of: BrowserOf, manager: User) -> None:
    browser = browser_of(manager)
    browser.post(f"{PLAN}phases/", {"name": "Design"})
    assert (
        "a phase of that name already" in browser.post(f"{PLAN}phases/", {"name": "Design"}).content.decode()
    )
    browser.post(f"{PLAN}phases/", {"name": "Building"})
    phase = Phase.objects.get(name="Building")
    response = browser.post(f"{PLAN}phases/{phase.pk}/", {"name": "Design"})
    assert response.status_code == 422
    assert "a phase of that name already" in response.content.decode()
    browser.post(f"{PLAN}phases/{phase.pk}/", {"name": "Construction"})
    assert [phase.name for phase in house.phases.all()] == ["Design", "Construction"]


def test_a_milestone_is_added_moved_and_reached(house: Project, browser_of: BrowserOf, manager: User) -> None:
    browser = browser_of(manager)
    browser.post(f"{PLAN}milestones/new/", {"name": "Roof on", "due_on": "2026-12-04"})
    milestone = Milestone.objects.get()
    path = f"{PLAN}milestones/{milestone.pk}/"
    response = browser.post(path, {"name": "Roof on", "due_on": "2026-12-11"})
    assert response.status_code == 422
    assert "Write why it moves." in response.content.decode()
    browser.post(path, {"name": "Roof closed", "due_on": "2026-12-11", "reason": "Frost"})
    milestone.refresh_from_db()
    assert (milestone.name, milestone.due_on) == ("Roof closed", dt.date(2026, 12, 11))
    told = browser.post(f"{path}reach/", follow=True).content.decode()
    assert f'action="{path}unreach/"' in told
    milestone.refresh_from_db()
    assert milestone.reached_on is not None
    browser.post(f"{path}unreach/")
    milestone.refresh_from_db()
    assert milestone.reached_on is None


def test_a_dependency_is_added_by_key_and_name_and_a_circle_is_refused_by_name(
    house: Project, browser_of: BrowserOf, manager: User
) -> None:
    make_task(house, "Walls", number=1)
    make_task(house, "Roof", number=2)
    make_milestone(house, "Keys")
    browser = browser_of(manager)
    path = f"{PLAN}dependencies/"
    sent = {"kind": "FS", "lag_days": ""}
    browser.post(path, sent | {"after": "HOUSE-2 Roof", "before": "1"})
    browser.post(path, sent | {"after": "Keys", "before": "house-2", "lag_days": "2"})
    assert [str(dependency) for dependency in Dependency.objects.order_by("pk")] == [
        "HOUSE-1 Walls → HOUSE-2 Roof",
        "HOUSE-2 Roof → Keys",
    ]
    response = browser.post(path, sent | {"after": "HOUSE-1", "before": "Keys"})
    assert response.status_code == 422
    assert "Walls → Roof → Keys → Walls" in response.content.decode()
    for nonsense in ("HOUSE-99", "٣", "Nothing", "HOUSE-"):
        assert browser.post(path, sent | {"after": nonsense, "before": "1"}).status_code == 422
    browser.post(f"{path}{Dependency.objects.order_by('pk')[0].pk}/remove/")
    assert Dependency.objects.count() == 1


@pytest.mark.parametrize("who", ["owner", "specialist"])
def test_only_managers_plan(
    house: Project, browser_of: BrowserOf, who: str, request: pytest.FixtureRequest
) -> None:
    browser = browser_of(request.getfixturevalue(who))
    assert browser.post(f"{PLAN}phases/", {"name": "X"}).status_code == 403
    assert browser.get(f"{PLAN}milestones/new/").status_code == 403
    assert browser.get(f"{PLAN}dependencies/").status_code == 403
    assert browser.get("/projects/HOUSE/import/").status_code == 403


# --- As a table -----------------------------------------------------------------------------------


def test_a_plan_that_was_taken_out_can_be_brought_in_again(
    house: Project, browser_of: BrowserOf, manager: User, specialist: User
) -> None:
    actions.import_tasks(project=house, by=manager, name="house.csv", data=HOUSE.read_bytes())
    task = Task.objects.get(title="Walls")
    task.assignees.add(specialist)
    Task.objects.filter(pk=task.pk).update(title="=Walls", description='- "plaster"\n- paint; both')
    table = browser_of(manager).get("/projects/HOUSE/plan.csv").getvalue()
    copy = make_project(make_client(), code="COPY", team=[specialist])
    actions.import_tasks(project=copy, by=manager, name="plan.csv", data=table)

    def told(project: Project) -> set[tuple]:
        return {
            (
                task.title,
                task.description,
                task.column.kind,
                task.starts_on,
                task.due_on,
                task.phase and task.phase.name,
                frozenset(str(person) for person in [*task.assignees.all(), *task.placeholders.all()]),
                frozenset(skill.name for skill in task.skills.all()),
            )
            for task in project.tasks.all()
        }

    assert told(copy) == told(house)
    assert {(m.name, m.due_on) for m in copy.milestones.all()} == {
        (m.name, m.due_on) for m in house.milestones.all()
    }
    plain = [{str(d).replace(f"{p.code}-", "") for d in p.dependencies.all()} for p in (copy, house)]
    assert {line.split(" ", 1)[1] for line in plain[0]} == {line.split(" ", 1)[1] for line in plain[1]}


def test_the_clients_table_has_nothing_internal(
    house: Project, browser_of: BrowserOf, owner: User, manager: User
) -> None:
    roof = make_task(house, "Roof")
    margin = make_task(house, "Margin", is_internal=True)
    roof.placeholders.add(Placeholder.objects.create(project=house, name="Tom"))
    make_milestone(house, "Second invoice", is_internal=True)
    actions.add_dependency(project=house, by=manager, before=margin, after=roof)
    table = browser_of(owner).get("/projects/HOUSE/plan.csv").getvalue()
    assert b"Margin" not in table
    assert b"invoice" not in table
    (row,) = csv.DictReader(io.StringIO(table.decode("utf-8-sig")))
    assert (row["title"], row["predecessors"], row["assignees"]) == ("Roof", "", "Tom")
    assert read_plan(table).is_sound


def test_the_reason_of_an_internal_time_stays_internal(
    house: Project, browser_of: BrowserOf, manager: User, owner: User
) -> None:
    task = make_task(house, is_internal=True, due_on=TODAY)
    actions.edit_task(task=task, by=manager, version=1, changes={"due_on": None}, date_reason="Hush")
    actions.reveal_task(task=task, by=manager)
    assert "Hush" not in read(browser_of, owner)
    assert DateChange.objects.count() == 1

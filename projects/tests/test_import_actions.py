from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clients.models import Skill, User
from cxportal.notifications.models import Event
from projects.actions import CannotImport, confirm_import, import_tasks, preview_import, upload_import
from projects.demo import HOUSE
from projects.errors import ProjectClosed
from projects.models import Dependency, Milestone, Phase, Placeholder, Project, Task, TaskImport
from tests.factories import make_milestone, make_task, make_user

NOW = dt.datetime(2021, 4, 14, 9, tzinfo=dt.UTC)
HEADER = "id,phase,title,kind,start,working_days,percent_complete,predecessors,assignees,skills,notes\n"


def file_of(*lines: str) -> bytes:
    return (HEADER + "\n".join(lines)).encode()


def bring(project: Project, by: User, *lines: str) -> TaskImport:
    return import_tasks(project=project, by=by, name="plan.csv", data=file_of(*lines), now=NOW)


def test_the_house_becomes_a_project(house: Project, manager: User) -> None:
    done = import_tasks(project=house, by=manager, name="house.csv", data=HOUSE.read_bytes(), now=NOW)
    assert (done.task_count, done.milestone_count) == (12, 3)
    assert [phase.name for phase in house.phases.all()] == [
        "Architectural design",
        "Interior design",
        "Construction",
        "Decoration",
    ]
    tasks = {task.title: task for task in house.tasks.select_related("column", "phase")}
    assert [tasks[title].number for title in ("Draft of the architecture", "Furniture")] == [1, 12]
    draft, documents, walls = (
        tasks[title] for title in ("Draft of the architecture", "Construction documents", "Walls")
    )
    assert (draft.column.kind, documents.column.kind, walls.column.kind) == ("done", "doing", "todo")
    assert (documents.percent_done, documents.working_days) == (75, 15)
    assert (documents.starts_on, documents.due_on) == (dt.date(2021, 2, 15), dt.date(2021, 3, 5))
    assert draft.done_at == dt.datetime(2021, 2, 12, 12, tzinfo=dt.UTC)
    assert walls.description.startswith("Plaster")
    assert {skill.name for skill in walls.skills.all()} == {"Foreman", "Bricklayer"}
    assert {person.name for person in walls.placeholders.all()} == {
        "Viktor Silin",
        "Anton Belov",
        "Pyotr Zelenin",
        "Grigory Burov",
    }
    assert Placeholder.objects.count() == 7
    house.refresh_from_db()
    assert house.last_task_number == 12


def test_milestones_stand_inside_the_dependencies(house: Project, manager: User) -> None:
    import_tasks(project=house, by=manager, name="house.csv", data=HOUSE.read_bytes(), now=NOW)
    said = {str(dependency).replace("HOUSE-", "") for dependency in Dependency.objects.all()}
    assert len(said) == 17
    assert {
        "2 Construction documents → Architectural plan agreed",
        "Architectural plan agreed → 7 Foundation".replace("7", "6"),
    } <= said
    completed = Milestone.objects.get(name="Construction completed")
    assert completed.due_on == dt.date(2021, 6, 7)
    assert (completed.phase, completed.reached_on) == (Phase.objects.get(name="Construction"), None)


def test_a_finished_milestone_was_reached(house: Project, manager: User) -> None:
    bring(house, manager, "1,,Keys,milestone,2021-03-01,,100,,,,", "2,,Roof on,milestone,2021-09-01,,100,,,,")
    reached = dict(Milestone.objects.values_list("name", "reached_on"))
    assert reached == {"Keys": dt.date(2021, 3, 1), "Roof on": NOW.date()}


def test_people_of_the_team_are_assigned_by_name_or_address(
    house: Project, manager: User, specialist: User, outsider: User
) -> None:
    bring(
        house,
        manager,
        "1,,Roof,,,,,,sam specialist;MANAGER@example.com,,",
        "2,,Walls,,,,,,Otto Outsider;Sam Specialist,,",
    )
    roof, walls = Task.objects.order_by("number")
    assert set(roof.assignees.all()) == {specialist, manager}
    assert list(walls.assignees.all()) == [specialist]
    assert [person.name for person in walls.placeholders.all()] == ["Otto Outsider"]


@pytest.mark.parametrize(
    ("assignee", "said"),
    [("Sam Specialist", "write the email address"), ("nobody@example.com", "has the address")],
)
def test_people_who_are_not_clear_are_problems_of_the_line(
    house: Project, manager: User, assignee: str, said: str
) -> None:
    house.team.add(make_user("Sam Specialist", staff_role="specialist"))
    with pytest.raises(CannotImport) as refusal:
        bring(house, manager, f"1,,Roof,,,,,,{assignee},,")
    assert refusal.value.preview is not None
    assert said in refusal.value.preview.plan.lines[0].problems[0]
    assert not Task.objects.exists()


def test_a_bad_line_among_good_ones_changes_nothing(house: Project, manager: User) -> None:
    with pytest.raises(CannotImport):
        bring(house, manager, "1,Design,Roof,,,,,,Tom,Roofer,", "2,,,,,,,,,,")
    for model in (Task, Phase, Placeholder, Skill, TaskImport, Event):
        assert not model.objects.exists()


def test_numbers_ranks_and_phases_go_on_from_what_is_there(house: Project, manager: User) -> None:
    make_task(house, "Old", number=7)
    design = Phase.objects.create(project=house, name="Design", position=3)
    bring(house, manager, "1,Design,Roof,,,,,,,,", "2,Building,Walls,,,,,,,,")
    assert list(Task.objects.on_board().values_list("number", "phase__name")) == [
        (7, None),
        (8, "Design"),
        (9, "Building"),
    ]
    assert [(phase.name, phase.position) for phase in house.phases.all()] == [
        (design.name, 3),
        ("Building", 4),
    ]


def test_skills_are_found_whatever_their_case(house: Project, manager: User) -> None:
    Skill.objects.create(name="Roofer")
    bring(house, manager, "1,,Roof,,,,,,,roofer;ROOFER;Mason,")
    assert {skill.name for skill in Skill.objects.all()} == {"Roofer", "Mason"}
    assert Task.objects.get().skills.count() == 2


def test_the_same_file_comes_in_once(house: Project, manager: User) -> None:
    bring(house, manager, "1,,Roof,,,,,,,,")
    with pytest.raises(CannotImport, match="imported into the project on 2021-04-14 by Maria Manager"):
        bring(house, manager, "1,,Roof,,,,,,,,")
    assert Task.objects.count() == 1


def test_titles_that_are_there_already_are_pointed_out(house: Project, manager: User) -> None:
    make_task(house, "Roof", number=3)
    make_milestone(house, "Keys")
    preview = preview_import(
        project=house,
        data=file_of("1,,Roof,,,,,,,,", "2,,Walls,,,,,,,,", "3,,Keys,milestone,,,,,,,"),
    )
    assert preview.known == {2: "HOUSE-3", 4: "Keys"}
    assert preview.plan.is_sound


def test_confirming_twice_imports_once(house: Project, manager: User) -> None:
    uploaded = upload_import(project=house, by=manager, name="plan.csv", data=file_of("1,,Roof,,,,,,,,"))
    for _time in range(2):
        done = confirm_import(task_import=uploaded, by=manager, now=NOW)
    assert Task.objects.count() == 1
    assert (done.applied_at, bytes(done.content)) == (NOW, b"")
    assert [event.kind for event in Event.objects.all()] == ["project.imported"]


@pytest.mark.django_db(transaction=True)
def test_two_confirmations_at_once_import_once(house: Project, manager: User, admin_user: User) -> None:
    uploads = [
        upload_import(project=house, by=by, name="plan.csv", data=file_of("1,,Roof,,,,,,,,"))
        for by in (manager, admin_user)
    ]

    def confirm(uploaded: TaskImport) -> str:
        try:
            confirm_import(task_import=uploaded, by=manager)
        except CannotImport:
            return "refused"
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(2) as pool:
        outcomes = sorted(pool.map(confirm, uploads))
    assert outcomes == ["done", "refused"]
    assert Task.objects.count() == 1


def test_an_upload_nobody_confirmed_is_forgotten_after_a_day(house: Project, manager: User) -> None:
    old = upload_import(project=house, by=manager, name="old.csv", data=file_of("1,,Roof,,,,,,,,"))
    TaskImport.objects.update(created_at=old.created_at - dt.timedelta(hours=25))
    upload_import(project=house, by=manager, name="new.csv", data=file_of("1,,Walls,,,,,,,,"))
    assert [upload.name for upload in TaskImport.objects.all()] == ["new.csv"]


def test_a_preview_belongs_to_the_manager_who_made_it(
    house: Project, manager: User, admin_user: User, specialist: User
) -> None:
    upload_import(project=house, by=manager, name="plan.csv", data=file_of("1,,Roof,,,,,,,,"))
    assert TaskImport.objects.visible_to(manager).count() == 1
    assert not TaskImport.objects.visible_to(admin_user).exists()
    assert not TaskImport.objects.visible_to(specialist).exists()


def test_nothing_comes_into_a_finished_project(house: Project, manager: User) -> None:
    Project.objects.update(status="finished")
    house.refresh_from_db()
    with pytest.raises(ProjectClosed):
        bring(house, manager, "1,,Roof,,,,,,,,")


def test_an_import_takes_as_many_queries_for_100_tasks_as_for_10(
    house: Project, other_project: Project, manager: User
) -> None:
    counts = []
    for project, size in ((house, 10), (other_project, 100)):
        lines = [f"{n},P{n % 3},Task {n},,,,,,Tom {n % 4},Skill {n % 5}," for n in range(size)]
        with CaptureQueriesContext(
            connection,
        ) as queries:
            bring(project, manager, *lines)
        counts.append(len(queries))
    # The second finds its skills there already, and so need not make them and look again.
    assert counts[1] <= counts[0]

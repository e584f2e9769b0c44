from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clients.models import Skill, User
from conftest import SignedIn
from cxportal.notifications.models import Event
from projects import actions
from projects.models import (
    Attachment,
    ChecklistItem,
    DateChange,
    Label,
    Placeholder,
    Project,
    Task,
    TimeEntry,
)
from tests.factories import make_milestone, make_phase, make_task, make_user

BrowserOf = Callable[[User], SignedIn]


@pytest.fixture
def task(house: Project) -> Task:
    return make_task(house, "Roof", number=12, description="**Red** tiles", due_on=dt.date(2026, 11, 20))


def page(browser_of: BrowserOf, user: User, path: str = "") -> str:
    response = browser_of(user).get(f"/projects/HOUSE/tasks/12/{path}")
    assert response.status_code == 200
    return response.content.decode()


# --- What is shown to whom ------------------------------------------------------------------------


def test_the_client_reads_what_is_theirs_and_nothing_internal(
    task: Task, house: Project, browser_of: BrowserOf, owner: User, specialist: User, manager: User
) -> None:
    Task.objects.update(estimate_hours=8, milestone=make_milestone(house, "Roof on"))
    task.skills.add(Skill.objects.create(name="Roofer"))
    task.assignees.add(specialist)
    task.placeholders.add(Placeholder.objects.create(project=house, name="Ivan Domov"))
    secret = make_task(house, "Check the margin", is_internal=True)
    actions.add_dependency(project=house, by=manager, before=secret, after=task)
    actions.add_hours(task=task, by=specialist, day=dt.date(2026, 11, 2), minutes=754, note="hush")
    Attachment.objects.create(task=task, name="offer-of-the-roofer.pdf")
    Attachment.objects.create(task=task, name="roof-plan.pdf", is_internal=False)
    theirs, ours = page(browser_of, owner), page(browser_of, specialist)
    for shown in ("<strong>Red</strong>", "Ivan Domov", "Sam Specialist", "Roof on", "roof-plan.pdf"):
        assert shown in theirs
    for internal in ("Roofer", "Check the margin", "12:34", "hush", "offer-of-the-roofer", "8 h", "Internal"):
        assert internal not in theirs
        assert internal in ours


def test_an_internal_milestone_has_no_name_for_the_client(
    task: Task, house: Project, browser_of: BrowserOf, owner: User, specialist: User
) -> None:
    Task.objects.update(milestone=make_milestone(house, "Second invoice", is_internal=True))
    assert "Second invoice" not in page(browser_of, owner)
    assert "Second invoice" in page(browser_of, specialist)


def test_a_published_estimate_is_shown(task: Task, browser_of: BrowserOf, owner: User) -> None:
    Task.objects.update(estimate_hours=8)
    Project.objects.update(publishes_estimates=True)
    assert "8 h" in page(browser_of, owner)


def test_the_client_is_told_first_what_they_are_waited_for(
    task: Task, browser_of: BrowserOf, owner: User, specialist: User
) -> None:
    actions.set_waiting(task=task, by=specialist, waiting_for="Choose the tiles")
    told = page(browser_of, owner)
    assert "Waiting for you" in told
    assert told.index("Choose the tiles") < told.index("Description")


def test_the_panel_is_the_same_without_the_frame(task: Task, browser_of: BrowserOf, owner: User) -> None:
    browser = browser_of(owner)
    by_query = browser.get("/projects/HOUSE/tasks/12/?panel=1")
    by_htmx = browser.get(
        "/projects/HOUSE/tasks/12/", headers={"HX-Request": "true", "HX-Target": "task-panel"}
    )
    for response in (by_query, by_htmx):
        assert "<html" not in response.content.decode()
        assert "<strong>Red</strong>" in response.content.decode()


def test_the_page_takes_as_many_queries_for_many_things_as_for_few(
    task: Task, house: Project, browser_of: BrowserOf, manager: User, owner: User
) -> None:
    def fill(n: int) -> None:
        for number in range(n):
            task.assignees.add(make_user(staff_role="specialist"))
            task.placeholders.add(Placeholder.objects.create(project=house, name=f"P{task.pk}{n}{number}"))
            task.labels.add(Label.objects.create(project=house, name=f"L{n}{number}"))
            ChecklistItem.objects.create(task=task, text="x")
            Attachment.objects.create(task=task, name="a.txt", is_internal=False, uploaded_by=manager)
            TimeEntry.objects.create(task=task, user=manager, day=dt.date(2026, 11, 2), minutes=5)
            actions.add_dependency(project=house, by=manager, before=make_task(house), after=task)
            actions.show_file(attachment=Attachment.objects.create(task=task, name="b"), by=manager)

    def queries(user: User) -> int:
        browser = browser_of(user)
        with CaptureQueriesContext(connection) as captured:
            assert browser.get("/projects/HOUSE/tasks/12/").status_code == 200
        return len(captured)

    fill(2)
    few = queries(manager), queries(owner)
    fill(4)
    assert (queries(manager), queries(owner)) == few
    assert max(few) <= 22


def test_what_people_write_is_never_a_part_of_the_page(
    task: Task, house: Project, browser_of: BrowserOf, manager: User, owner: User
) -> None:
    evil = "<img src=x onerror=alert(1)>"
    actions.edit_task(
        task=task,
        by=manager,
        version=1,
        changes={
            "title": evil,
            "description": f"{evil} [x](javascript:alert(1))",
            "phase": make_phase(house, evil),
            "milestone": make_milestone(house, evil),
            "labels": [Label.objects.create(project=house, name=evil)],
            "placeholders": [Placeholder.objects.create(project=house, name=evil)],
            "due_on": None,
        },
        date_reason=evil,
    )
    actions.add_checklist_item(task=task, by=manager, text=evil)
    actions.set_waiting(task=task, by=manager, waiting_for=evil)
    actions.add_hours(task=task, by=manager, day=dt.date(2026, 11, 2), minutes=5, note=evil)
    actions.show_file(attachment=Attachment.objects.create(task=task, name=f"{evil}.txt"), by=manager)
    User.objects.filter(pk=manager.pk).update(name=evil)
    for user in (manager, owner):
        pages = [page(browser_of, user, path) for path in ("", "history/", "?panel=1")]
        pages.append(browser_of(user).get("/projects/HOUSE/plan/").content.decode())
        for told in pages:
            assert "<img src=x" not in told
            assert 'href="javascript' not in told
            assert "&lt;img src=x" in told
    assert "<img src=x" not in page(browser_of, manager, "edit/")


# --- Small forms ----------------------------------------------------------------------------------


def test_the_checklist_works_without_javascript(task: Task, browser_of: BrowserOf, specialist: User) -> None:
    browser = browser_of(specialist)
    base = "/projects/HOUSE/tasks/12/checklist/"
    response = browser.post(base, {"text": "Order  tiles"})
    assert response.headers["Location"] == "/projects/HOUSE/tasks/12/#checklist"
    item = task.checklist.get(text="Order tiles")
    for done in ("yes", "no"):
        browser.post(f"{base}{item.pk}/", {"done": done})
        item.refresh_from_db()
        assert item.is_done == (done == "yes")
    browser.post(f"{base}{item.pk}/remove/")
    assert not task.checklist.exists()


def test_the_checklist_answers_the_pages_script_with_itself(
    task: Task, browser_of: BrowserOf, specialist: User
) -> None:
    response = browser_of(specialist).post(
        "/projects/HOUSE/tasks/12/checklist/", {"text": "Order tiles"}, headers={"HX-Request": "true"}
    )
    told = response.content.decode()
    assert told.lstrip().startswith('<section id="checklist"')
    assert "Order tiles" in told


def test_what_is_not_in_order_says_so_and_keeps_what_was_typed(
    task: Task, browser_of: BrowserOf, specialist: User
) -> None:
    browser = browser_of(specialist)
    response = browser.post(
        "/projects/HOUSE/tasks/12/hours/", {"minutes": "a while", "day": "2026-11-02", "note": "Site"}
    )
    assert response.status_code == 422
    told = response.content.decode()
    assert "Write hours as 1:30 or 1.5." in told
    assert 'value="a while"' in told
    assert "<html" in told
    response = browser.post("/projects/HOUSE/tasks/12/hours/", {"minutes": "1", "day": "2999-01-01"})
    assert "This year cannot be meant." in response.content.decode()
    assert not TimeEntry.objects.exists()


@pytest.mark.parametrize(
    ("typed", "minutes"), [("1:30", 90), ("1.5", 90), ("1,25", 75), ("8", 480), ("0:05", 5)]
)
def test_hours_can_be_written_in_several_ways(
    task: Task, browser_of: BrowserOf, specialist: User, typed: str, minutes: int
) -> None:
    browser_of(specialist).post("/projects/HOUSE/tasks/12/hours/", {"minutes": typed, "day": "2026-11-02"})
    assert TimeEntry.objects.get().minutes == minutes


@pytest.mark.parametrize("typed", ["0", "25", "1:75", "-1", "1e3", "٣", "24:01"])
def test_hours_that_cannot_be_meant_are_refused(
    task: Task, browser_of: BrowserOf, specialist: User, typed: str
) -> None:
    response = browser_of(specialist).post(
        "/projects/HOUSE/tasks/12/hours/", {"minutes": typed, "day": "2026-11-02"}
    )
    assert response.status_code == 422


def test_an_item_of_another_task_is_not_found(
    task: Task, house: Project, browser_of: BrowserOf, specialist: User
) -> None:
    foreign = ChecklistItem.objects.create(task=make_task(house), text="x")
    response = browser_of(specialist).post(
        f"/projects/HOUSE/tasks/12/checklist/{foreign.pk}/", {"done": "yes"}
    )
    assert response.status_code == 404


def test_a_task_is_hidden_and_shown_with_a_way_back(task: Task, browser_of: BrowserOf, manager: User) -> None:
    browser = browser_of(manager)
    told = browser.post("/projects/HOUSE/tasks/12/hide/", follow=True).content.decode()
    assert "HOUSE-12 is internal now." in told
    assert 'action="/projects/HOUSE/tasks/12/show/"' in told
    browser.post("/projects/HOUSE/tasks/12/show/")
    task.refresh_from_db()
    assert not task.is_internal


def test_waiting_begins_and_ends_on_the_page(task: Task, browser_of: BrowserOf, specialist: User) -> None:
    browser = browser_of(specialist)
    assert browser.post("/projects/HOUSE/tasks/12/wait/", {"waiting_for": " "}).status_code == 422
    browser.post("/projects/HOUSE/tasks/12/wait/", {"waiting_for": "Choose"})
    task.refresh_from_db()
    assert task.waiting_for == "Choose"
    browser.post("/projects/HOUSE/tasks/12/go-on/")
    task.refresh_from_db()
    assert task.waiting_since is None


def test_a_refusal_is_told_on_the_page(task: Task, browser_of: BrowserOf, specialist: User) -> None:
    Project.objects.update(status="finished")
    browser = browser_of(specialist)
    told = browser.post("/projects/HOUSE/tasks/12/checklist/", {"text": "x"}, follow=True).content.decode()
    assert "This project is finished." in told
    assert (
        browser.post(
            "/projects/HOUSE/tasks/12/checklist/", {"text": "x"}, headers={"HX-Request": "true"}
        ).status_code
        == 409
    )


# --- Files ----------------------------------------------------------------------------------------


@pytest.fixture
def media(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


def test_a_file_goes_to_those_who_may_open_it_and_to_nobody_else(
    task: Task, browser_of: BrowserOf, specialist: User, owner: User, stranger: User, media: None
) -> None:
    html = SimpleUploadedFile("page.html", b"<script>alert(1)</script>", content_type="text/html")
    browser_of(specialist).post("/projects/HOUSE/tasks/12/files/", {"files": html})
    attachment = Attachment.objects.get()
    path = f"/files/{attachment.uid}/"
    response = browser_of(specialist).get(path)
    assert response.getvalue() == b"<script>alert(1)</script>"
    assert response.headers["Content-Disposition"] == 'attachment; filename="page.html"'
    assert response.headers["Content-Type"] == "application/octet-stream"
    assert browser_of(owner).get(path).status_code == 404
    browser_of(specialist).post(f"{path}show/")
    assert browser_of(owner).get(path).status_code == 200
    assert browser_of(stranger).get(path).status_code == 404
    browser_of(specialist).post(f"{path}hide/")
    assert browser_of(owner).get(path).status_code == 404
    assert browser_of(owner).get(f"/media/{attachment.file.name}").status_code == 404


def test_several_files_at_once_shown_from_the_start(
    task: Task, browser_of: BrowserOf, specialist: User, media: None
) -> None:
    files = [SimpleUploadedFile(f"{n}.txt", b"x") for n in range(3)]
    browser_of(specialist).post("/projects/HOUSE/tasks/12/files/", {"files": files, "is_shown": "on"})
    assert Attachment.objects.filter(is_internal=False).count() == 3


def test_an_empty_file_is_told_and_none_is_kept(
    task: Task, browser_of: BrowserOf, specialist: User, media: None
) -> None:
    files = [SimpleUploadedFile("empty.txt", b""), SimpleUploadedFile("full.txt", b"x")]
    response = browser_of(specialist).post("/projects/HOUSE/tasks/12/files/", {"files": files})
    assert response.status_code == 422
    assert "“empty.txt” is empty." in response.content.decode()
    assert not Attachment.objects.exists()


# --- Writing --------------------------------------------------------------------------------------


def form_of(task: Task, **changes: Any) -> dict[str, Any]:
    return {
        "version": task.version,
        "title": task.title,
        "description": task.description,
        "starts_on": task.starts_on or "",
        "due_on": task.due_on or "",
        "priority": task.priority,
        "percent_done": task.percent_done,
        "new_labels": "",
    } | changes


def test_a_new_task_with_all_it_can_have(
    house: Project, browser_of: BrowserOf, specialist: User, owner: User
) -> None:
    phase, milestone = make_phase(house, "Construction"), make_milestone(house, "Roof on")
    response = browser_of(specialist).post(
        "/projects/HOUSE/tasks/new/",
        {
            "title": "Roof",
            "description": "Line one\r\nline two",
            "due_on": "2026-12-04",
            "assignees": [specialist.pk],
            "phase": phase.pk,
            "milestone": milestone.pk,
            "priority": 3,
            "estimate_hours": "7.5",
            "new_labels": "outside, Urgent thing",
            "is_internal": "on",
        },
    )
    task = Task.objects.get()
    assert response.headers["Location"] == f"/projects/HOUSE/tasks/{task.number}/"
    assert (task.description, task.phase, task.milestone) == ("Line one\nline two", phase, milestone)
    assert task.is_internal
    assert {label.name for label in task.labels.all()} == {"outside", "Urgent thing"}
    assert list(task.assignees.all()) == [specialist]
    assert not Event.objects.visible_to(owner).exists()


def test_a_label_that_is_there_already_is_not_made_again(
    task: Task, house: Project, browser_of: BrowserOf, specialist: User
) -> None:
    label = Label.objects.create(project=house, name="Outside")
    browser_of(specialist).post("/projects/HOUSE/tasks/12/edit/", form_of(task, new_labels="outside"))
    assert list(task.labels.all()) == [label]


def test_fields_that_are_not_of_the_form_change_nothing(
    task: Task, other_project: Project, browser_of: BrowserOf, specialist: User, outsider: User
) -> None:
    sent = form_of(task, title="The roof", is_internal="on", project=other_project.pk, created_by=outsider.pk)
    browser_of(specialist).post("/projects/HOUSE/tasks/12/edit/", sent)
    task.refresh_from_db()
    assert task.title == "The roof"
    assert (task.is_internal, task.project_id, task.created_by) == (False, task.project_id, None)


@pytest.mark.parametrize("name", ["phase", "milestone", "labels", "placeholders", "assignees"])
def test_nothing_of_another_project_can_be_chosen(
    task: Task, other_project: Project, house: Project, browser_of: BrowserOf, specialist: User, name: str,
    outsider: User,
) -> None:  # fmt: skip
    Placeholder.objects.create(project=house, name="Ours")
    Label.objects.create(project=house, name="ours")
    foreign = {
        "phase": make_phase(other_project),
        "milestone": make_milestone(other_project),
        "labels": Label.objects.create(project=other_project, name="theirs"),
        "placeholders": Placeholder.objects.create(project=other_project, name="Theirs"),
        "assignees": outsider,
    }
    response = browser_of(specialist).post(
        "/projects/HOUSE/tasks/12/edit/", form_of(task, **{name: foreign[name].pk})
    )
    assert response.status_code == 422


def test_a_done_task_has_no_share_to_edit(
    task: Task, house: Project, browser_of: BrowserOf, specialist: User
) -> None:
    Task.objects.update(column=house.columns.get(kind="done"), percent_done=100)
    browser_of(specialist).post("/projects/HOUSE/tasks/12/edit/", form_of(task, percent_done=10))
    task.refresh_from_db()
    assert (task.version, task.percent_done) == (1, 100)


def test_a_moved_date_asks_for_its_reason_next_to_the_field(
    task: Task, browser_of: BrowserOf, specialist: User
) -> None:
    browser = browser_of(specialist)
    response = browser.post("/projects/HOUSE/tasks/12/edit/", form_of(task, due_on="2026-12-04"))
    assert response.status_code == 422
    assert "Write why it moves." in response.content.decode()
    assert 'value="2026-12-04"' in response.content.decode()
    assert not DateChange.objects.exists()
    browser.post("/projects/HOUSE/tasks/12/edit/", form_of(task, due_on="2026-12-04", date_reason="Frost"))
    assert DateChange.objects.get().reason == "Frost"


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "2026-02-30", "soon"])
def test_dates_that_cannot_be_meant_are_refused(
    task: Task, browser_of: BrowserOf, specialist: User, day: str
) -> None:
    response = browser_of(specialist).post("/projects/HOUSE/tasks/12/edit/", form_of(task, starts_on=day))
    assert response.status_code == 422
    assert not DateChange.objects.exists()


def test_who_will_see_it_is_said_before_it_is_saved(
    task: Task, browser_of: BrowserOf, specialist: User, owner: User, member: User
) -> None:
    told = page(browser_of, specialist, "edit/")
    assert "Misha Member, Olga Owner (Petrov Family) and our team" in told
    Task.objects.update(is_internal=True)
    assert "only our team" in page(browser_of, specialist, "edit/")


# --- Two at once ----------------------------------------------------------------------------------


def test_the_second_reads_both_texts_and_who_was_quicker(
    task: Task, browser_of: BrowserOf, specialist: User, manager: User
) -> None:
    read = form_of(task)
    browser_of(manager).post("/projects/HOUSE/tasks/12/edit/", read | {"description": "Slate", "priority": 4})
    second = browser_of(specialist)
    sent = read | {"description": "Copper", "title": "The roof"}
    response = second.post("/projects/HOUSE/tasks/12/edit/", sent)
    told = response.content.decode()
    assert response.status_code == 409
    assert "Somebody changed this task while you were writing" in told
    assert "Version of Maria Manager" in told
    assert '<textarea name="description"' in told
    assert ">\nCopper</textarea>" in told
    assert "<pre data-theirs>Slate</pre>" in told
    assert "<pre data-mine>Copper</pre>" in told
    task.refresh_from_db()
    assert (task.description, task.title, task.version) == ("Slate", "Roof", 2)
    merged = sent | {"description": "Slate or copper", "priority": 4, "version": 2}
    assert second.post("/projects/HOUSE/tasks/12/edit/", merged).status_code == 302
    task.refresh_from_db()
    assert (task.description, task.title, task.priority) == ("Slate or copper", "The roof", 4)
    history = page(browser_of, specialist, "history/")
    for text in ("**Red** tiles", "Slate"):
        assert text in history


def test_changes_that_do_not_meet_are_joined(
    task: Task, house: Project, browser_of: BrowserOf, specialist: User, manager: User
) -> None:
    label = Label.objects.create(project=house, name="outside")
    read = form_of(task)
    browser_of(manager).post(
        "/projects/HOUSE/tasks/12/edit/",
        read | {"due_on": "2026-12-04", "date_reason": "Frost", "labels": [label.pk]},
    )
    response = browser_of(specialist).post("/projects/HOUSE/tasks/12/edit/", read | {"title": "The roof"})
    form = response.context["form"]
    assert response.status_code == 409
    assert not form.errors  # no reason is asked for a date that somebody else moved
    assert form["due_on"].value() == "2026-12-04"
    assert form["title"].value() == "The roof"
    assert form["labels"].value() == [str(label.pk)]
    assert "Their changes do not touch yours" in response.content.decode()


def test_two_who_wrote_the_same_have_nothing_to_choose(
    task: Task, browser_of: BrowserOf, specialist: User, manager: User
) -> None:
    sent = form_of(task, description="Slate")
    browser_of(manager).post("/projects/HOUSE/tasks/12/edit/", sent)
    response = browser_of(specialist).post("/projects/HOUSE/tasks/12/edit/", sent)
    assert response.status_code == 409
    assert response.context["stale"].conflicts == []


def test_a_form_without_its_version_is_a_stale_one(
    task: Task, browser_of: BrowserOf, specialist: User
) -> None:
    for version in ("", "x", "99999999999", "-1"):
        response = browser_of(specialist).post(
            "/projects/HOUSE/tasks/12/edit/", form_of(task, title="X", version=version)
        )
        assert response.status_code == 409
    task.refresh_from_db()
    assert task.title == "Roof"

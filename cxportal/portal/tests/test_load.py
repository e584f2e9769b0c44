from __future__ import annotations

import datetime as dt
from collections import Counter
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import Model

from clients.models import Client, Membership, StaffProfile, User
from cxportal.notifications.models import Event, OutgoingMail
from cxportal.portal.load import Loaded, LoadRefused, seed_load
from cxportal.portal.models import BoardSchedule
from feedback import actions, ladder
from feedback.models import AnswerClock, Message, Reminder, Thread
from projects.actions import add_task
from projects.models import Column, Milestone, Phase, Project, Task

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 11, 26, 15, 7, 3, 141592, tzinfo=dt.UTC)  # a Thursday
SIZE: dict[str, Any] = {
    "clients": 3,
    "projects": 8,
    "tasks": 200,
    "threads": 300,
    "people": 30,
    "board_sizes": (40, 20),
}


def load(**changes: Any) -> Loaded:
    numbers: dict[str, Any] = {"seed": 7, "now": NOW} | SIZE | changes
    return seed_load(**numbers)


def login(role: str) -> User:
    return User.objects.get(email=f"{role}1@load.example")


def test_it_is_as_large_as_asked() -> None:
    assert load() == Loaded(clients=3, projects=8, tasks=200, threads=300, people=30)
    counts = [model.objects.count() for model in (Client, Project, Task, Thread, User)]
    assert counts == [3, 8, 200, 300, 30]
    assert AnswerClock.objects.running().count() == Message.objects.count() == 300
    assert Client.objects.get(name="Load company 1").projects.count() == 4


def test_every_row_could_have_been_typed_in() -> None:
    load()
    connection.check_constraints()
    models: list[type[Model]] = [
        *(User, StaffProfile, Client, Membership, BoardSchedule),
        *(Project, Column, Phase, Milestone, Task),
        *(Thread, Message, AnswerClock, Event),
    ]
    for model in models:
        for row in model._default_manager.order_by("pk")[:25]:
            row.full_clean(exclude=[f.name for f in model._meta.fields if f.null] + ["data", "password"])


def test_a_board_has_a_quarter_of_its_tasks_in_each_group() -> None:
    load()
    board = Project.objects.get(code="LOAD1")
    tasks = board.tasks.select_related("column")
    groups = Counter("waiting" if task.is_waiting else task.column.kind for task in tasks)
    assert groups == {"todo": 10, "doing": 10, "waiting": 10, "done": 10}
    assert board.last_task_number == 40
    assert sorted(task.number for task in tasks) == list(range(1, 41))
    for column in board.columns.all():
        ranks = list(column.tasks.on_board().values_list("rank", flat=True))
        assert ranks == [1024 * place for place in range(1, len(ranks) + 1)]
    assert all((task.done_at is not None) == task.is_done for task in tasks)
    team = set(board.team.all())
    assert all(len(set(task.assignees.all())) == 2 and set(task.assignees.all()) <= team for task in tasks)


def test_a_seeded_clock_is_the_one_that_asking_at_that_moment_starts(time_machine: Any) -> None:
    load(due=50)
    policies = set()
    fields = ("policy", "started_at", "due_at", "first_due_at", "rung", "next_rung_at", "late_since")
    values = [*fields, "ended_at", "ending", "answer", "ended_by", "end_reason"]
    for clock in AnswerClock.objects.select_related("thread__client", "thread__project", "message"):
        if clock.pk % 10:
            continue
        seeded = clock.thread
        time_machine.move_to(clock.started_at, tick=False)
        assert seeded.author is not None
        asked = actions.start_thread(
            by=seeded.author,
            client=seeded.client,
            project=seeded.project,
            subject=seeded.subject,
            body=clock.message.body,
            kind=seeded.kind,
            urgency=seeded.urgency,
            audience=seeded.audience,
            now=clock.started_at,
        )
        assert rows_like(seeded, asked) == rows_like(asked, asked)
        assert [getattr(clock, name) for name in values] == [
            getattr(asked.clocks.get(), name) for name in values
        ]
        policies.add((clock.policy["kind"], clock.policy["minutes"]))
    assert policies == {("elapsed", 1440), ("elapsed", 480), ("working", 960)}


def rows_like(thread: Thread, other: Thread) -> list[Any]:
    """What belongs to a conversation, without its keys and what was assigned afterwards."""
    unlike = {"id", "uid", "assignee_id", "data", "thread_id", "clock_id"}
    clock, message, event = thread.clocks.get(), thread.messages.get(), thread.events.get()
    assert clock.message == message
    assert message.clock == clock
    assert event.data == {"message": message.pk, "by_client": True}
    rows = [
        {name: value for name, value in vars(row).items() if name not in unlike and not name.startswith("_")}
        for row in (Thread.objects.get(pk=thread.pk), message, event)
    ]
    return [*rows, set(thread.followers.all())]


def test_so_many_reminders_are_due_as_asked() -> None:
    load(due=40)
    assert AnswerClock.objects.with_rung_due(NOW).count() == 40
    soon = NOW + dt.timedelta(hours=1.9)
    assert AnswerClock.objects.with_rung_due(soon).count() == 40
    assert ladder.remind_due(NOW) == 40
    assert set(Reminder.objects.values_list("rung", flat=True)) == {"50"}
    assert not AnswerClock.objects.with_rung_due(NOW).exists()


@pytest.mark.parametrize("hours", [-100, -60, -20, 0, 20])
def test_on_a_weekend_as_well(hours: int) -> None:
    now = NOW + dt.timedelta(hours=hours)
    load(now=now, due=100)
    assert AnswerClock.objects.with_rung_due(now).count() == 100


def test_whoever_asks_may_ask_there() -> None:
    load()
    for thread in Thread.objects.select_related("author", "assignee", "project"):
        assert thread.author is not None
        assert Thread.objects.visible_to(thread.author).filter(pk=thread.pk).exists()
        if thread.assignee is not None:
            assert Thread.objects.visible_to(thread.assignee).filter(pk=thread.pk).exists()


def test_the_first_member_sees_all_projects_of_the_company() -> None:
    load()
    member = login("member")
    assert set(Project.objects.visible_to(member)) == set(
        Client.objects.get(name="Load company 1").projects.all()
    )
    assert 0 < Project.objects.visible_to(login("viewer")).count() < 4


def test_contacts_have_their_weekly_board() -> None:
    load()
    assert BoardSchedule.objects.count() == Membership.objects.count()
    wanted = BoardSchedule.objects.filter(is_on=True)
    assert set(wanted.values_list("user__memberships__role", flat=True)) == {"owner", "member"}
    assert all(schedule.next_slot_at > NOW for schedule in wanted)  # type: ignore[operator]


@pytest.mark.parametrize("role", ["owner", "member", "viewer", "specialist", "manager", "admin"])
def test_its_pages_work(role: str, browser_of: Any) -> None:
    load()
    browser = browser_of(login(role))
    for path in ("/", "/projects/LOAD1/", "/projects/LOAD1/list/", "/projects/LOAD1/tasks/1/", "/questions/"):
        assert browser.get(path, follow=True).status_code == 200, path


def test_work_goes_on_in_it(manager: User) -> None:
    """The sequences and numbers stand where the next row expects them."""
    load()
    project = Project.objects.get(code="LOAD1")
    assert add_task(project=project, by=manager, title="One more").number == 41
    thread = Thread.objects.select_related("client", "project").exclude(assignee=None)[0]
    assert thread.assignee is not None
    actions.post_message(thread=thread, by=thread.assignee, body="On Monday.")
    assert thread.clocks.get().ending == "answered"


def data() -> list[Any]:
    tasks = Task.objects.order_by("project__code", "number", "assignees__email")
    threads = Thread.objects.order_by("subject")
    return [
        list(User.objects.order_by("email").values_list("email", "name", "password", "language")),
        list(tasks.values_list("project__code", "number", "title", "due_on", "done_at", "assignees__email")),
        list(threads.values_list("uid", "author__email", "assignee__email", "created_at", "clocks__due_at")),
    ]


def test_the_same_seed_makes_the_same() -> None:
    made = []
    for seed in (7, 7, 8):
        load(seed=seed)
        made.append(data())
        everything_away()
    assert made[0] == made[1]
    assert all(one != other for one, other in zip(made[0], made[2], strict=True))


def everything_away() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
        cursor.execute("TRUNCATE clients_user, clients_client, clients_answerpolicy CASCADE")


def test_threads_can_be_added_to_it() -> None:
    load()
    none = {"clients": 0, "projects": 0, "tasks": 0, "people": 0, "board_sizes": ()}
    load(threads=100, due=5, **none)
    assert Thread.objects.count() == AnswerClock.objects.running().count() == 400
    assert AnswerClock.objects.with_rung_due(NOW).count() == 5


def test_nobody_can_sign_in_unless_asked() -> None:
    load()
    assert not any(user.has_usable_password() for user in User.objects.all())
    everything_away()
    load(password="a long load password")
    assert login("member").check_password("a long load password")
    assert not OutgoingMail.objects.exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"clients": 9}, "needs a project"),
        ({"people": 6}, "people or more"),
        ({"due": 301}, "not 301 can be due"),
        ({"tasks": -1}, "Less than nothing"),
        ({"board_sizes": (201,)}, "hold more"),
        ({"projects": 3, "board_sizes": (1, 1, 1)}, "no project left"),
        ({"clients": 0}, "need clients"),
        ({"clients": 0, "projects": 0, "tasks": 0, "people": 0, "board_sizes": ()}, "There is no load"),
    ],
)
def test_numbers_that_do_not_go_together_are_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(LoadRefused, match=words):
        load(**change)
    assert not Client.objects.exists()


def test_a_second_load_is_refused() -> None:
    load()
    with pytest.raises(LoadRefused, match="there already"):
        load()


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("seed_load", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_says_how_far_it_is() -> None:
    numbers = ("--clients=2", "--projects=4", "--tasks=80", "--threads=30", "--people=20", "--seed=3")
    said = run(*numbers, "--due=10", "--board=40", "--board=20")
    assert "tasks: 80 of 80\n" in said
    assert "threads: 30 of 30\n" in said
    assert Project.objects.get(code="LOAD2").tasks.count() == 20


def test_production_refuses_it(settings: Any) -> None:
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="--force"):
        run()
    assert not Client.objects.exists()

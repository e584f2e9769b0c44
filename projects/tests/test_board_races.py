"""Many people move cards at once: over real connections, each in a thread of its own."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cxportal.notifications.models import Event
from projects.actions import add_task, move_task
from projects.models import Column, Project, Task
from tests.factories import make_project, make_task

KINDS = ("todo", "doing", "done")


def at_once(jobs: Iterable[Callable[[], object]]) -> None:
    """Runs the jobs in threads that start together, and fails where one of them fails."""
    jobs = list(jobs)
    start = threading.Barrier(len(jobs))

    def run(job: Callable[[], object]) -> None:
        try:
            start.wait(timeout=10)
            job()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(jobs)) as pool:
        for done in [pool.submit(run, job) for job in jobs]:
            done.result(timeout=60)


def order(project: Project, kind: str) -> list[str]:
    return [task.title for task in Task.objects.filter(project=project, column__kind=kind).on_board()]


def column(project: Project, kind: str) -> Column:
    return project.columns.get(kind=kind)


@pytest.mark.django_db(transaction=True)
def test_two_people_swap_neighbours_at_once() -> None:
    project = make_project()
    a, b = make_task(project, "A"), make_task(project, "B")
    for _round in range(10):
        todo = column(project, "todo")
        at_once(
            partial(move_task, task=task, by=None, column=todo, after=after)
            for task, after in ((a, b), (b, a))
        )
        assert sorted(order(project, "todo")) == ["A", "B"]


@pytest.mark.django_db(transaction=True)
def test_two_people_move_the_same_card_to_different_columns_at_once() -> None:
    project = make_project()
    task = make_task(project, "A")
    at_once(
        partial(move_task, task=task, by=None, column=column(project, kind), after=None)
        for kind in ("doing", "done")
    )
    task.refresh_from_db()
    last = Event.objects.filter(kind="task.moved").latest("pk")
    assert task.column.kind == last.data["to_kind"]  # the later of the two holds, and neither is half done
    assert (task.done_at is not None) == (task.column.kind == "done")


@pytest.mark.django_db(transaction=True)
def test_a_crowd_in_a_column_without_gaps_loses_no_card_and_ends_in_one_order() -> None:
    project = make_project()
    tasks = [make_task(project, str(number)) for number in range(12)]
    for place, task in enumerate(tasks):
        Task.objects.filter(pk=task.pk).update(
            rank=place
        )  # every gap is used up: they number anew, all at once
    chance = random.Random(7)

    def moves(seed: int) -> Callable[[], None]:
        own = random.Random(seed)

        def run() -> None:
            for _move in range(8):
                task, after = own.sample(tasks, 2)
                move_task(
                    task=task,
                    by=None,
                    column=column(project, own.choice(KINDS)),
                    after=own.choice([after, None]),
                )

        return run

    at_once(moves(chance.randrange(1000)) for _person in range(4))
    assert sorted(title for kind in KINDS for title in order(project, kind)) == sorted(t.title for t in tasks)
    for kind in KINDS:
        ranks = list(Task.objects.filter(column__kind=kind).values_list("rank", flat=True))
        assert len(set(ranks)) == len(ranks)  # no two cards in one place


@pytest.mark.django_db(transaction=True)
def test_tasks_added_at_once_get_numbers_of_their_own() -> None:
    project = make_project()
    at_once([partial(add_task, project=project, by=None, title="Roof")] * 6)
    assert sorted(Task.objects.values_list("number", flat=True)) == [1, 2, 3, 4, 5, 6]
    assert len(set(Task.objects.values_list("rank", flat=True))) == 6


steps = st.lists(
    st.tuples(st.integers(0, 5), st.sampled_from(KINDS), st.none() | st.integers(0, 5)), max_size=20
)


@pytest.mark.django_db
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps, gap=st.sampled_from([0, 1, 2, 1024]))
def test_any_moves_give_the_order_that_a_list_would_give(
    db: None, steps: list[tuple[int, str, int | None]], gap: int
) -> None:
    project = make_project()
    tasks = [make_task(project, str(number)) for number in range(6)]
    for place, task in enumerate(tasks):
        Task.objects.filter(pk=task.pk).update(rank=place * gap)
    expected: dict[str, list[str]] = {"todo": [task.title for task in tasks], "doing": [], "done": []}
    for which, kind, behind in steps:
        task, after = tasks[which], None if behind is None else tasks[behind]
        move_task(task=task, by=None, column=column(project, kind), after=after)
        _expect(expected, task.title, kind, after.title if after else None)
    assert {kind: order(project, kind) for kind in KINDS} == expected


def _expect(columns: dict[str, list[str]], title: str, kind: str, after: str | None) -> None:
    """The same move in plain lists."""
    was_here = title in columns[kind]
    if was_here and (after == title or kind == "done"):
        return
    for titles in columns.values():
        if title in titles:
            titles.remove(title)
    target = columns[kind]
    if after is None:
        target.insert(0, title)
    else:
        target.insert(target.index(after) + 1 if after in target else len(target), title)

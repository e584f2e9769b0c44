from __future__ import annotations

import datetime as dt
from typing import Any, cast

import pytest
from django.db.models import Count
from pytest_django import DjangoAssertNumQueries

from clients.models import User
from clients.readers import any_reader
from cxportal.lib.database import IsOneOf, Slot, Statement
from feedback.models import Thread
from projects.models import Project, Task
from tests.factories import make_task

TODAY = dt.date(2026, 5, 27)


def overdue() -> Any:
    return (
        Task.objects.filter(project=Slot("project"))
        .overdue(cast(dt.date, Slot("today")))
        .values_list("title")
        .order_by("title")
    )


def test_a_statement_gives_what_its_queryset_gives_for_each_use(
    house: Project, other_project: Project
) -> None:
    make_task(house, "A", due_on=TODAY - dt.timedelta(days=1))
    make_task(house, "B", due_on=TODAY)
    make_task(other_project, "C", due_on=TODAY - dt.timedelta(days=1))
    statement = Statement(overdue)
    assert statement.rows(project=house.pk, today=TODAY) == [("A",)]
    assert statement.rows(project=house.pk, today=TODAY + dt.timedelta(days=1)) == [("A",), ("B",)]
    assert statement.rows(project=other_project.pk, today=TODAY) == [("C",)]


def test_a_statement_is_written_once(
    house: Project, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    written = []

    def build() -> Any:
        written.append(1)
        return overdue()

    statement = Statement(build)
    with django_assert_num_queries(2):
        for _ in range(2):
            statement.rows(project=house.pk, today=TODAY)
    assert len(written) == 1


def test_a_slot_without_a_value_is_an_error(house: Project) -> None:
    with pytest.raises(KeyError, match="today"):
        Statement(overdue).rows(project=house.pk)


def test_a_value_is_never_part_of_the_sql(house: Project) -> None:
    statement = Statement(lambda: Task.objects.filter(title=Slot("title")).values_list("title"))
    evil = "'; DROP TABLE projects_task; -- %s"
    make_task(house, evil)
    assert statement.rows(title=evil) == [(evil,)]


def test_objects_come_with_what_was_annotated(house: Project) -> None:
    task = make_task(house, "A")
    statement = Statement(lambda: Task.objects.filter(pk=Slot("pk")).annotate(files=Count("attachments")))
    [found] = statement.objects(pk=task.pk)
    assert (found, found.title, found.files) == (task, "A", 0)


def test_one_of_many_ids(house: Project) -> None:
    first, second, third = (make_task(house) for _ in range(3))
    assert set(Task.objects.filter(IsOneOf("pk", [first.pk, third.pk]))) == {first, third}
    assert not Task.objects.filter(IsOneOf("pk", [])).exists()
    assert list(Task.objects.filter(IsOneOf("project", [house.pk]), pk=second.pk)) == [second]


def test_any_reader_is_asked_for_their_side_alone(owner: User) -> None:
    narrowed = Statement(
        lambda: Thread.objects.not_narrowed_from(any_reader(is_our_staff=False)).values_list("pk").order_by()
    )
    assert narrowed.rows(reader=owner.pk) == []
    with pytest.raises(AttributeError):
        Project.objects.visible_to(any_reader(is_our_staff=True))

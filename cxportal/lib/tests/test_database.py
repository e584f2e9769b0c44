from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest
from django.db import connection, transaction
from django.db.models import Count
from django.db.transaction import TransactionManagementError
from pytest_django import DjangoAssertNumQueries

from clients.models import User
from clients.readers import StatementsForReaders
from cxportal.lib.database import IsOneOf, Slot, Statement
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


def test_objects_come_with_what_was_selected_along(
    house: Project, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    tasks = [make_task(house, title) for title in ("A", "B")]
    statement = Statement(
        lambda: (
            Task.objects.filter(IsOneOf("pk", Slot("ids")))
            .select_related("project__client", "column")
            .prefetch_related("labels")
            .order_by("pk")
        )
    )
    for wanted in ([tasks[0]], tasks, []):
        with django_assert_num_queries(2 if wanted else 1):
            found = statement.objects(ids=[task.pk for task in wanted])
            assert found == wanted
            assert [(task.key, task.project.client, task.column.kind) for task in found] == [
                (f"HOUSE-{task.number}", house.client, "todo") for task in wanted
            ]
            assert [list(task.labels.all()) for task in found] == [[] for _ in wanted]


@pytest.mark.django_db(transaction=True)
def test_rows_are_locked_in_a_transaction_only() -> None:
    statement = Statement(lambda: Task.objects.select_for_update().filter(pk=Slot("pk")))
    with transaction.atomic():
        assert statement.objects(pk=1) == []
    with pytest.raises(TransactionManagementError):
        statement.objects(pk=1)


def test_each_thread_uses_its_own_connection(house: Project) -> None:
    statement = Statement(lambda: Task.objects.filter(pk=Slot("pk")))
    task = make_task(house, "A")
    assert statement.objects(pk=task.pk) == [task]

    def elsewhere() -> list[Any]:
        try:
            return statement.objects(pk=task.pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        # Another connection, another transaction: it does not see what this test has not committed.
        assert pool.submit(elsewhere).result() == []


def test_each_reader_gets_what_the_door_lets_through(
    house: Project, owner: User, member: User, specialist: User, manager: User, stranger: User, outsider: User
) -> None:
    make_task(house, "Shown")
    make_task(house, "Margin", is_internal=True)
    seen = StatementsForReaders(lambda reader: Task.objects.visible_to(reader).order_by("pk"))
    for user in (owner, member, specialist, manager, stranger, outsider):
        expected = list(Task.objects.visible_to(user).order_by("pk"))
        assert seen.to(user).objects(reader=user.pk) == expected, user
    assert len(seen.to(owner).objects(reader=owner.pk)) == 1
    assert len(seen.to(specialist).objects(reader=specialist.pk)) == 2


def test_a_rule_that_asks_more_of_its_reader_is_refused(owner: User) -> None:
    with pytest.raises(AttributeError):
        StatementsForReaders(lambda reader: Task.objects.filter(title=reader.name)).to(owner).filled()

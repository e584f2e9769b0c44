from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from clients.models import User
from conftest import SignedIn
from projects.models import Project
from tests.factories import make_client, make_milestone, make_project, make_task


def page(user: User, query: str = "") -> str:
    return str(SignedIn(user).get(f"/projects/{query}").content.decode())


def test_a_client_sees_their_own_projects_and_hears_of_no_other(
    house: Project, other_project: Project, owner: User
) -> None:
    assert "House in Petrovka" in page(owner)
    assert "Nord" not in page(owner)


def test_a_line_tells_health_progress_and_what_comes_next(house: Project, owner: User) -> None:
    day = timezone.localdate()
    make_task(house, kind="done")
    make_task(house, "Windows", due_on=day - dt.timedelta(days=1))
    make_task(house, waiting_since=timezone.now())
    make_milestone(house, "Roof on", due_on=day + dt.timedelta(days=30))
    text = page(owner)
    for words in ("At risk", "“Windows” was due", "1 of 3 done", "waiting for you: 1", "Roof on"):
        assert words in text


def test_internal_work_is_in_no_figure_of_a_client(house: Project, owner: User, manager: User) -> None:
    make_task(house, kind="done")
    make_task(house, is_internal=True, due_on=dt.date(2020, 1, 1))
    make_milestone(house, "Invoice", is_internal=True, due_on=timezone.localdate())
    assert "1 of 1 done" in page(owner)
    assert "Invoice" not in page(owner)
    assert "1 of 2 done" in page(manager)
    assert "Invoice" in page(manager)


def test_staff_read_whose_project_it_is_and_clients_do_not(
    house: Project, owner: User, manager: User
) -> None:
    assert "Petrov Family" in page(manager)
    assert "Petrov Family" not in page(owner)


def test_one_status_or_all_that_are_current(house: Project, manager: User) -> None:
    for status in ("draft", "paused", "finished", "archived"):
        make_project(house.client, code=status[:4].upper(), name=f"Was {status}", status=status)
    text = page(manager)
    assert all(words in text for words in ("House in Petrovka", "Was draft", "Was paused", "Was finished"))
    assert "Was archived" not in text
    assert "Was archived" in page(manager, "?status=archived")
    assert "House in Petrovka" not in page(manager, "?status=archived")
    assert "House in Petrovka" in page(manager, "?status=nonsense")


def test_a_client_never_hears_of_drafts(house: Project, owner: User) -> None:
    make_project(house.client, code="DRAFT", name="Secret plan", status="draft")
    for query in ("", "?status=draft"):
        assert "Secret plan" not in page(owner, query)
    assert "?status=draft" not in page(owner)


def test_nothing_yet_says_what_will_be_here(owner: User, outsider: User, client_company: Any) -> None:
    assert "No project is open to you yet." in page(owner)


@pytest.mark.parametrize("who", ["owner", "manager"])
def test_queries_do_not_grow_with_the_projects(
    who: str, house: Project, request: pytest.FixtureRequest,
    django_assert_num_queries: Any, django_assert_max_num_queries: Any,
) -> None:  # fmt: skip
    def fill() -> None:
        for _number in range(4):
            project = make_project(house.client if who == "owner" else make_client())
            make_task(project, due_on=dt.date(2020, 1, 1))
            make_milestone(project, due_on=timezone.localdate())

    browser = SignedIn(request.getfixturevalue(who))
    fill()
    with django_assert_max_num_queries(8) as few:
        browser.get("/projects/")
    fill()
    with django_assert_num_queries(len(few)):
        browser.get("/projects/")

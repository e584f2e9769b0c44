from __future__ import annotations

import csv
import datetime as dt
import io
import re
from typing import Any

import pytest
from django.utils import timezone

from clients.models import User
from conftest import SignedIn
from projects.board import PAGE
from projects.models import Label, Placeholder, Project
from tests.factories import make_milestone, make_task, make_user

LIST, CSV = "/projects/HOUSE/list/", "/projects/HOUSE/list.csv"


def titles(user: User, query: str = "") -> list[str]:
    page = SignedIn(user).get(f"{LIST}?{query}").content.decode()
    return re.findall(r'<a href="/projects/HOUSE/tasks/\d+/">([^<]+)</a>', page)


def rows(user: User, query: str = "") -> list[dict[str, str]]:
    answer = SignedIn(user).get(f"{CSV}?{query}")
    text = answer.getvalue().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


class TestPage:
    def test_it_lists_what_the_reader_sees_in_the_order_of_the_board(
        self, house: Project, owner: User, specialist: User
    ) -> None:
        make_task(house, "Done", kind="done")
        make_task(house, "Doing", kind="doing")
        make_task(house, "To do")
        make_task(house, "Margin", is_internal=True)
        assert titles(owner) == ["To do", "Doing", "Done"]
        assert titles(specialist) == ["To do", "Margin", "Doing", "Done"]

    @pytest.mark.parametrize(
        ("sort", "order"),
        [("number", "ACB"), ("-number", "BCA"), ("title", "ABC"), ("-title", "CBA"), ("due", "BAC"),
         ("-due", "ABC"), ("milestone", "CAB"), ("nonsense", "ACB")],
    )  # fmt: skip
    def test_it_sorts(self, house: Project, owner: User, sort: str, order: str) -> None:
        day = timezone.localdate()
        late, soon = (
            make_milestone(house, due_on=day + dt.timedelta(days=9)),
            make_milestone(house, due_on=day),
        )
        make_task(house, "A", due_on=day + dt.timedelta(days=1), milestone=late)
        make_task(house, "C", milestone=soon)
        make_task(house, "B", due_on=day)
        assert "".join(titles(owner, f"sort={sort}")) == order

    def test_it_narrows_like_the_board(self, house: Project, owner: User) -> None:
        make_task(house, "Roof", waiting_since=timezone.now())
        make_task(house, "Wall")
        assert titles(owner, "waiting=on") == ["Roof"]
        assert titles(owner, "q=wal") == ["Wall"]

    def test_a_group_of_the_board_goes_on_where_the_board_stopped(self, house: Project, owner: User) -> None:
        for number in range(PAGE + 2):
            done_at = timezone.now() + dt.timedelta(minutes=number)
            make_task(house, f"D{number}", kind="done", done_at=done_at)
        page = SignedIn(owner).get("/projects/HOUSE/").content.decode()
        [link] = re.findall(r'<a href="([^"]+column=[^"]+)"', page)
        assert titles(owner, link.replace("&amp;", "&").partition("?")[2]) == ["D1", "D0"]

    def test_a_column_of_another_project_is_not_found(
        self, house: Project, other_project: Project, owner: User
    ) -> None:
        for key in (str(other_project.columns.get(kind="todo").pk), "x", "9" * 30):
            assert SignedIn(owner).get(f"{LIST}?column={key}").status_code == 404

    def test_a_client_reads_of_no_internal_milestone_and_nobody_outside_the_team(
        self, house: Project, owner: User, specialist: User
    ) -> None:
        otto = make_user("Otto Outside", staff_role="specialist")
        hidden = make_milestone(house, "Invoice", is_internal=True, due_on=dt.date(2026, 1, 1))
        make_task(house, assignees=[otto], milestone=hidden)
        for user, known in ((owner, False), (specialist, True)):
            page = SignedIn(user).get(LIST).content.decode()
            assert ("Invoice" in page, "Otto Outside" in page) == (known, known)
            [row] = rows(user)
            assert (row["Milestone"], row["Who"]) == (("Invoice", "Otto Outside") if known else ("", ""))

    def test_it_has_pages_that_keep_filter_and_order(self, house: Project, owner: User) -> None:
        for number in range(PAGE + 1):
            make_task(house, f"Task {number}")
        page = SignedIn(owner).get(f"{LIST}?q=task&sort=-number").content.decode()
        [following] = re.findall(r'rel="next"\s+href="([^"]+)"', page)
        assert titles(owner, following.replace("&amp;", "&").removeprefix("?")) == ["Task 0"]

    @pytest.mark.parametrize("page", ["0", "x", "999", "-1"])
    def test_a_page_that_is_not_there_is_the_nearest(self, house: Project, owner: User, page: str) -> None:
        make_task(house, "Roof")
        assert titles(owner, f"page={page}") == ["Roof"]

    def test_queries_do_not_grow_with_the_rows(
        self, house: Project, owner: User, specialist: User, django_assert_num_queries: Any,
        django_assert_max_num_queries: Any,
    ) -> None:  # fmt: skip
        def fill() -> None:
            for _number in range(6):
                label = Label.objects.create(project=house, name=f"Label {Label.objects.count()}")
                make_task(house, assignees=[specialist], labels=[label], milestone=make_milestone(house))

        browser = SignedIn(owner)
        fill()
        for url in (LIST, CSV):
            with django_assert_max_num_queries(9) as few:
                list(browser.get(url))
            fill()
            with django_assert_num_queries(len(few)):
                list(browser.get(url))

    def test_an_empty_list_says_what_will_be_here(self, house: Project, owner: User) -> None:
        assert "No tasks yet." in SignedIn(owner).get(LIST).content.decode()
        make_task(house)
        assert "Nothing matches." in SignedIn(owner).get(f"{LIST}?q=zebra").content.decode()


class TestExport:
    def test_it_holds_what_the_list_shows(self, house: Project, owner: User, specialist: User) -> None:
        task = make_task(
            house, "Roof", assignees=[specialist], due_on=dt.date(2026, 5, 24), waiting_for="Tiles",
            labels=[Label.objects.create(project=house, name="Kitchen")], estimate_hours=5,
            waiting_since=dt.datetime(2026, 5, 20, 12, tzinfo=dt.UTC), milestone=make_milestone(house, "Roof on"),
        )  # fmt: skip
        task.placeholders.set([Placeholder.objects.create(project=house, name="Tom White")])
        assert rows(owner) == [
            {
                "Key": task.key,
                "Title": "Roof",
                "Status": "To do",
                "Who": "Sam Specialist; Tom White",
                "Start": "",
                "Due": "2026-05-24",
                "Done on": "",
                "Done, %": "0",
                "Priority": "Normal",
                "Milestone": "Roof on",
                "Labels": "Kitchen",
                "Waiting for the client since": "2026-05-20",
                "What we wait for": "Tiles",
            }
        ]

    def test_hours_come_only_where_they_are_published_and_internal_only_to_staff(
        self, house: Project, owner: User, specialist: User
    ) -> None:
        make_task(house, estimate_hours=5)
        make_task(house, is_internal=True)
        assert "Estimate, hours" not in rows(owner)[0]
        assert [row["Internal"] for row in rows(specialist)] == ["", "yes"]
        Project.objects.update(publishes_estimates=True)
        [row] = rows(owner)
        assert row["Estimate, hours"] == "5.00"
        assert "Internal" not in row

    def test_it_narrows_and_sorts_like_the_list(self, house: Project, owner: User) -> None:
        for title in ("Roof A", "Roof B", "Wall"):
            make_task(house, title)
        assert [row["Title"] for row in rows(owner, "q=roof&sort=-title")] == ["Roof B", "Roof A"]

    def test_no_cell_is_a_formula(self, house: Project, owner: User) -> None:
        make_task(house, '=HYPERLINK("https://evil.example")')
        assert rows(owner)[0]["Title"].startswith("'=")

    def test_days_are_the_readers(self, house: Project, owner: User) -> None:
        make_task(house, kind="done", done_at=dt.datetime(2026, 5, 24, 22, tzinfo=dt.UTC))
        owner.time_zone = "Europe/Moscow"
        owner.save()
        assert rows(owner)[0]["Done on"] == "2026-05-25"

    def test_it_is_a_file_with_a_name(self, house: Project, owner: User) -> None:
        header = SignedIn(owner).get(CSV).headers["Content-Disposition"]
        assert re.fullmatch(r'attachment; filename="HOUSE-\d{4}-\d\d-\d\d\.csv"', header)


def test_a_stranger_finds_neither(house: Project, stranger: User, outsider: User) -> None:
    for user in (stranger, outsider):
        assert SignedIn(user).get(LIST).status_code == 404
        assert SignedIn(user).get(CSV).status_code == 404


def test_the_row_of_a_waiting_task_says_so(house: Project, owner: User) -> None:
    make_task(house, waiting_since=timezone.now(), waiting_for="Which tiles?")
    page = SignedIn(owner).get(LIST).content.decode()
    assert "Waiting for you" in page
    assert "Which tiles?" in page

"""The lists of questions: what is in them, in what order, and that nothing is told by them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from clients.models import Client, User
from feedback.actions import assign, close_thread, post_message, start_thread, write_note
from feedback.models import Thread
from projects.models import Project
from tests.factories import make_task, make_thread
from tests.world import FOREIGN_CANARY, INTERNAL_CANARY, World

SignIn = Callable[[User], Browser]
HOUR = dt.timedelta(hours=1)


def subjects(response: Any) -> list[str]:
    return re.findall(r'cx-thread-subject">([^<]*)<', response.content.decode())


def ask(by: User, project: Project, subject: str, *, ago: float = 1, **fields: Any) -> Thread:
    return start_thread(
        by=by,
        client=project.client,
        project=project,
        subject=subject,
        body=fields.pop("body", "Please tell us."),
        now=timezone.now() - ago * HOUR,
        **fields,
    )


def test_what_waits_longest_stands_on_top(
    browser_of: SignIn, owner: User, manager: User, house: Project
) -> None:
    post_message(thread=ask(owner, house, "Answered", ago=40), by=manager, body="Yes.")
    ask(owner, house, "Fresh", ago=1)
    ask(owner, house, "Late", ago=30)
    ask(owner, house, "Soon", ago=20)
    assert subjects(browser_of(manager).get(reverse("threads"))) == ["Late", "Soon", "Fresh", "Answered"]


def test_each_line_says_how_it_stands(browser_of: SignIn, owner: User, manager: User, house: Project) -> None:
    post_message(thread=ask(owner, house, "Answered", ago=3), by=manager, body="Yes.")
    ask(owner, house, "Waits", ago=20)
    html = browser_of(owner).get(reverse("threads")).content.decode()
    assert "Maria Manager answered in 3 h" in html
    assert "in 4 hours" in html


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["Mine", "Idea", "Late"]),
        ("status=closed", ["Closed"]),
        ("mine=on", ["Mine"]),
        ("unassigned=on", ["Idea", "Late"]),
        ("late=on", ["Late"]),
        ("kind=idea", ["Idea"]),
        ("project=HOUSE&kind=question", ["Mine", "Late"]),
        ("q=late", ["Late"]),
        ("project=NONSENSE&status=nonsense", ["Mine", "Idea", "Late"]),
    ],
)
def test_filters(
    browser_of: SignIn, owner: User, manager: User, house: Project, query: str, found: list[str]
) -> None:
    assign(thread=ask(owner, house, "Mine", ago=2), by=manager, assignee=manager)
    ask(owner, house, "Idea", kind="idea")
    ask(owner, house, "Late", ago=30)
    closed = ask(owner, house, "Closed", ago=50)
    post_message(thread=closed, by=manager, body="Yes.")
    close_thread(thread=closed, by=manager)
    assert sorted(subjects(browser_of(manager).get(reverse("threads") + f"?{query}"))) == sorted(found)


def test_a_list_of_one_project_has_only_its_questions(
    browser_of: SignIn, owner: User, stranger: User, manager: User, house: Project, other_project: Project
) -> None:
    ask(owner, house, "Ours")
    ask(stranger, other_project, "Theirs")
    browser = browser_of(manager)
    assert subjects(browser.get(reverse("project_threads", args=["HOUSE"]))) == ["Ours"]
    assert subjects(browser.get(reverse("threads"))) == ["Ours", "Theirs"]


def test_search_reads_public_words_for_clients_and_notes_for_staff(
    browser_of: SignIn, owner: User, manager: User, house: Project
) -> None:
    thread = ask(owner, house, "Socket", body="behind the fridge")
    write_note(thread=thread, by=manager, body="kestrelnote")
    found = {
        (user.name, word): subjects(browser_of(user).get(reverse("threads") + f"?q={word}"))
        for user in (owner, manager)
        for word in ("FRIDGE", "kestrelnote")
    }
    assert found == {
        ("Olga Owner", "FRIDGE"): ["Socket"],
        ("Olga Owner", "kestrelnote"): [],
        ("Maria Manager", "FRIDGE"): ["Socket"],
        ("Maria Manager", "kestrelnote"): ["Socket"],
    }


def test_search_takes_signs_as_they_are(browser_of: SignIn, owner: User, house: Project) -> None:
    ask(owner, house, "Half off", body="50 % off")
    browser = browser_of(owner)
    assert subjects(browser.get(reverse("threads"), {"q": "%"})) == ["Half off"]
    assert subjects(browser.get(reverse("threads"), {"q": "_"})) == []
    assert browser.get(reverse("threads"), {"q": "\0"}).status_code == 200


def test_with_htmx_only_the_lines_come(browser_of: SignIn, owner: User, house: Project) -> None:
    ask(owner, house, "Socket")
    response = browser_of(owner).get(reverse("threads"), headers={"HX-Request": "true"})
    assert "<html" not in response.content.decode()
    assert subjects(response) == ["Socket"]


def test_long_lists_come_in_pages(browser_of: SignIn, owner: User, house: Project) -> None:
    for number in range(51):
        make_thread(house.client, author=owner, project=house, body=f"Question {number}")
    browser = browser_of(owner)
    assert len(subjects(browser.get(reverse("threads")))) == 50
    assert len(subjects(browser.get(reverse("threads") + "?page=2"))) == 1


def test_an_empty_list_says_what_to_do(browser_of: SignIn, owner: User, viewer: User, manager: User) -> None:
    html = browser_of(owner).get(reverse("threads")).content.decode()
    assert "No open questions" in html
    assert reverse("thread_new") in html
    assert reverse("thread_new") not in browser_of(viewer).get(reverse("threads")).content.decode()
    assert "Nothing found" in browser_of(manager).get(reverse("threads") + "?q=x").content.decode()


def test_the_list_costs_the_same_for_twice_as_many(
    browser_of: SignIn,
    owner: User,
    manager: User,
    house: Project,
    client_company: Client,
    django_assert_max_num_queries: Any,
) -> None:
    browsers = [browser_of(owner), browser_of(manager)]

    def queries() -> list[int]:
        counts = []
        for browser in browsers:
            for query in ("", "?status=all&q=e&late=on", "?project=HOUSE"):
                with django_assert_max_num_queries(8) as counted:
                    browser.get(reverse("threads") + query)
                counts.append(len(counted))
        return counts

    def more() -> None:
        for number in range(4):
            thread = ask(owner, house, f"Question {number}", ago=26)
            assign(thread=thread, by=manager, assignee=manager)
        post_message(thread=thread, by=manager, body="Yes.")
        start_thread(by=owner, client=client_company, subject="In general", body="Hello")
        start_thread(
            by=owner, client=client_company, project=house, task=make_task(house), subject="T", body="Hello"
        )

    more()
    few = queries()
    more()
    assert queries() == few


PAGES = [
    "home",
    "threads",
    "thread_new",
    ("threads", "?status=all"),
    ("threads", f"?q={INTERNAL_CANARY}&status=all"),
    ("threads", f"?q={FOREIGN_CANARY}&status=all"),
    ("threads", "?status=all&late=on&unassigned=on&mine=on"),
    ("thread_new", "?about=NORD"),
]


@pytest.mark.parametrize("who", ["member", "viewer"])
def test_no_page_tells_of_notes_or_other_companies(browser_of: SignIn, world: World, who: str) -> None:
    """`owner` is left out: the private question is theirs."""
    browser = browser_of(world.people[who])
    urls = [reverse(one) if isinstance(one, str) else reverse(one[0]) + one[1] for one in PAGES]
    urls += [
        reverse("thread", args=[world.thread.uid]),
        reverse("project_threads", args=[world.house.code]),
        reverse("task_conversation", args=[world.house.code, world.task.number]),
    ]
    for url in urls:
        for headers in ({}, {"HX-Request": "true"}):
            html = browser.get(url, headers=headers).content.decode()
            html = html.replace(f'value="{INTERNAL_CANARY}"', "").replace(f'value="{FOREIGN_CANARY}"', "")
            html = re.sub(r"next=[^\"]*|value=\"/questions/[^\"]*\"", "", html)
            for word in (INTERNAL_CANARY, FOREIGN_CANARY, "Nord", "Stan Stranger", "Otto Outsider"):
                assert word not in html, (url, word)


@pytest.mark.parametrize("word", [INTERNAL_CANARY, FOREIGN_CANARY])
def test_searching_for_what_one_may_not_read_is_searching_for_nothing(
    browser_of: SignIn, world: World, word: str
) -> None:
    browser = browser_of(world.people["member"])

    def lines(sought: str) -> str:
        html = browser.get(reverse("threads"), {"q": sought}, headers={"HX-Request": "true"}).content.decode()
        return html.replace(sought, "")

    assert lines(word) == lines("nowhereatall")


def test_a_foreign_project_filters_like_one_that_does_not_exist(browser_of: SignIn, world: World) -> None:
    browser = browser_of(world.people["member"])

    def lines(code: str) -> str:
        headers = {"HX-Request": "true"}
        return browser.get(reverse("threads"), {"project": code}, headers=headers).content.decode()

    assert lines("NORD").replace("NORD", "") == lines("NONSENSE").replace("NONSENSE", "")

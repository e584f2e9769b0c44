from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from clients.models import User
from conftest import SignedIn
from projects.demo import HOUSE
from projects.models import Phase, Project, Task, TaskImport
from tests.factories import make_task

BrowserOf = Callable[[User], SignedIn]
PATH = "/projects/HOUSE/import/"


def send(browser: SignedIn, data: bytes, name: str = "plan.csv") -> Any:
    return browser.post(PATH, {"file": SimpleUploadedFile(name, data)})


def test_a_file_is_shown_line_by_line_and_imported_once_confirmed(
    house: Project, browser_of: BrowserOf, manager: User
) -> None:
    browser = browser_of(manager)
    make_task(house, "Roof", number=3)
    preview = send(browser, HOUSE.read_bytes()).headers["Location"]
    told = browser.get(preview).content.decode()
    for shown in ("12 tasks", "3 milestones", "17 dependencies", "Viktor Silin", "Mon 1 Feb 2021", "75 %"):
        assert shown in told
    assert "“HOUSE-3” has this title already" in told
    assert Task.objects.count() == 1
    for _time in range(2):
        assert browser.post(preview).headers["Location"] == "/projects/HOUSE/plan/"
    assert Task.objects.count() == 13
    assert browser.get(preview).headers["Location"] == "/projects/HOUSE/plan/"
    assert "was imported into the project" in send(browser, HOUSE.read_bytes()).content.decode()


def test_a_bad_line_is_told_and_nothing_is_made(house: Project, browser_of: BrowserOf, manager: User) -> None:
    response = send(browser_of(manager), b"id,phase,title,start\n1,New,Roof,someday\n2,New,Walls,\n")
    told = response.content.decode()
    assert response.status_code == 422
    assert "“start” must be a date" in told
    assert "Walls" not in told  # only what is wrong
    for model in (Task, Phase, TaskImport):
        assert not model.objects.exists()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "The file is empty."),
        (b"PK\x03\x04\x00", "spreadsheet or an archive"),
        ("id,title\n1,Крыша".encode("cp1251"), "is not written in UTF-8"),
        (b"id,title\n" + b"1,x\n" * 50_000, "50000 lines of tasks"),
        (b"id,title\n1," + b"x" * 6_000_000, "larger than 5 MB"),
        (b"id,title,predecessors\n1,Roof,2\n2,Walls,1\n", "Walls → Roof → Walls"),
        (b"id,title\n1,<script>alert(1)</script>,3\n", "3 cells where the first line has 2"),
    ],
)
def test_a_bad_file_is_told_next_to_the_field_and_changes_nothing(
    house: Project, browser_of: BrowserOf, manager: User, data: bytes, said: str
) -> None:
    response = send(browser_of(manager), data)
    assert response.status_code == 422
    assert said in response.content.decode()
    assert "<script>alert" not in response.content.decode()
    assert not TaskImport.objects.exists()


def test_no_file_is_told(house: Project, browser_of: BrowserOf, manager: User) -> None:
    assert browser_of(manager).post(PATH).status_code == 422


def test_a_file_full_of_problems_still_makes_a_short_page(
    house: Project, browser_of: BrowserOf, manager: User
) -> None:
    data = b"id,title,start\n" + b"".join(b"%d,x,never\n" % number for number in range(5000))
    response = send(browser_of(manager), data)
    assert "and 4800 more lines" in response.content.decode()
    assert len(response.content) < 200_000


def test_nobody_else_sees_or_confirms_what_one_uploaded(
    house: Project, other_project: Project, browser_of: BrowserOf, manager: User, admin_user: User
) -> None:
    preview = send(browser_of(manager), HOUSE.read_bytes()).headers["Location"]
    other = browser_of(admin_user)
    assert other.get(preview).status_code == 404
    assert other.post(preview).status_code == 404
    assert browser_of(manager).post(preview.replace("HOUSE", "NORD")).status_code == 404
    assert not Task.objects.exists()


def test_a_file_that_came_in_meanwhile_is_told(
    house: Project, browser_of: BrowserOf, manager: User, admin_user: User
) -> None:
    browser, other = browser_of(manager), browser_of(admin_user)
    first = send(other, HOUSE.read_bytes()).headers["Location"]
    second = send(browser, HOUSE.read_bytes()).headers["Location"]
    other.post(first)
    for response in (browser.get(second, follow=True), browser.post(second, follow=True)):
        assert "was imported into the project" in response.content.decode()
    assert Task.objects.count() == 12

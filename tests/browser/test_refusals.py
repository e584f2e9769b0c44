"""What was not accepted, as people see it: beside its field, with what they typed, with scripts and without."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from clients.models import User
from projects.models import Project, Task
from tests.browser.conftest import Visit
from tests.browser.looks import inspect
from tests.factories import make_phase, make_task

pytestmark = pytest.mark.django_db(transaction=True)
SignIn = Callable[[Page, User], None]

# A browser would not send these: its own checks are taken off.
UNCHECKED = """form => {
    form.noValidate = true;
    form.querySelectorAll("[maxlength]").forEach(field => field.removeAttribute("maxlength"));
}"""


@pytest.fixture
def task(house: Project) -> Task:
    return make_task(house, "Roof", number=14)


@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_refused_checklist_item_says_so_beside_it(
    visitor: Visit, page: Page, sign_in: SignIn, specialist: User, task: Task, language: str
) -> None:
    specialist.language = language
    specialist.save()
    sign_in(page, specialist)
    page.goto("/projects/HOUSE/tasks/14/")
    form = page.locator("form.cx-add-line")
    form.evaluate(UNCHECKED)
    form.locator("[name=text]").fill("x" * 301)
    form.locator("button").click()
    field = page.locator("#checklist [name=text]")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_value("x" * 301)
    expect(page.locator("#checklist .invalid-feedback")).to_contain_text("300")
    inspect(page, f"refused-item-{language}")
    visitor.forgive("422")


def test_a_refused_phase_and_dependency_say_so_beside_the_field(
    visitor: Visit, page: Page, sign_in: SignIn, manager: User, house: Project, task: Task
) -> None:
    make_phase(house, "Garden")
    sign_in(page, manager)
    page.goto("/projects/HOUSE/plan/")
    form = page.locator("form.cx-add-line")
    form.locator("[name=name]").fill("Garden")
    form.locator("button").click()
    expect(page.locator("form.cx-add-line [name=name]")).to_have_value("Garden")
    expect(page.locator("form.cx-add-line + .invalid-feedback")).to_contain_text("already")
    inspect(page, "refused-phase")
    page.goto("/projects/HOUSE/plan/dependencies/")
    page.locator("[name=after]").fill("HOUSE-14")
    page.locator("[name=before]").fill("nothing of the kind")
    page.locator("aside form button, form.card button[type=submit]").last.click()
    expect(page.locator("[name=before]")).to_have_attribute("aria-invalid", "true")
    inspect(page, "refused-dependency")
    visitor.forgive("422")


def test_words_that_are_too_many_say_how_many_are_left(
    page: Page, sign_in: SignIn, owner: User, house: Project
) -> None:
    sign_in(page, owner)
    page.goto("/questions/new/")
    page.locator("[name=body]").fill("x" * 49_990)
    expect(page.locator("[data-left]")).to_contain_text("10")
    page.locator("[name=body]").fill("x")
    expect(page.locator("[data-left]")).to_have_count(0)


@pytest.mark.parametrize("language", ["en", "ru"])
def test_too_much_at_once_says_what_to_do(
    visitor: Visit, page: Page, sign_in: SignIn, manager: User, house: Project, language: str
) -> None:
    manager.language = language
    manager.save()
    sign_in(page, manager)
    page.goto("/projects/HOUSE/tasks/new/")
    form = page.locator("form.cx-task-form")
    form.evaluate(UNCHECKED)
    form.locator("[name=title]").fill("Tiles")
    form.locator("[name=description]").evaluate("field => { field.value = 'x'.repeat(2_200_000); }")
    form.locator("button[type=submit]").click()
    expect(page.locator(".cx-error-code")).to_have_text("413")
    inspect(page, f"too-much-{language}")
    visitor.forgive("413")
    page.go_back()
    expect(page.locator("[name=title]")).to_have_value("Tiles")

"""The plan of a project, and bringing one in from a file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from clients.models import User
from projects import actions
from projects.demo import HOUSE
from projects.models import Milestone, Project, Task
from tests.browser.conftest import Visit
from tests.browser.looks import inspect
from tests.factories import make_milestone

pytestmark = pytest.mark.django_db(transaction=True)
SignIn = Callable[[Page, User], None]


def test_the_plan_for_the_manager_and_for_the_client(
    page: Page, visit: Callable[..., Visit], sign_in: SignIn, house: Project, manager: User, owner: User
) -> None:
    actions.import_tasks(project=house, by=manager, name="house.csv", data=HOUSE.read_bytes())
    frost = "Two weeks of frost: concrete cannot be poured below +5 °C."
    for milestone in Milestone.objects.filter(name__in=["Construction completed", "Moving in"]):
        assert milestone.due_on is not None
        actions.move_milestone(
            milestone=milestone, by=manager, due_on=milestone.due_on + dt.timedelta(days=14), reason=frost
        )
    make_milestone(house, "Second invoice", is_internal=True, due_on=dt.date(2026, 12, 1))
    agreed = Milestone.objects.get(name="Architectural plan agreed")
    actions.reach_milestone(milestone=agreed, by=manager, on=dt.date(2021, 3, 8))
    actions.set_waiting(
        task=Task.objects.get(title="Furniture selection"), by=manager, waiting_for="Tell us what you like"
    )
    sign_in(page, manager)
    page.goto("/projects/HOUSE/plan/")
    inspect(page, "plan-manager")
    page.goto("/projects/HOUSE/plan/dependencies/")
    inspect(page, "plan-dependencies")
    page.goto(f"/projects/HOUSE/plan/milestones/{agreed.pk}/")
    inspect(page, "plan-milestone")
    client = visit()
    sign_in(client.page, owner)
    client.page.goto("/projects/HOUSE/plan/")
    expect(client.page.get_by_text("Second invoice")).to_have_count(0)
    inspect(client.page, "plan-client")


def test_a_file_is_looked_at_and_then_imported(
    page: Page, visitor: Visit, sign_in: SignIn, house: Project, manager: User, tmp_path: Path
) -> None:
    sign_in(page, manager)
    page.goto("/projects/HOUSE/plan/")
    inspect(page, "plan-empty")
    page.get_by_role("link", name="Import a plan").click()
    inspect(page, "import")
    broken = tmp_path / "broken.csv"
    broken.write_text("id,phase,title,start,predecessors\n1,Building,Roof,someday,3\n2,,,2026-11-23,\n")
    page.get_by_label("CSV file").set_input_files(broken)
    page.get_by_role("button", name="Look at it").click()
    expect(page.get_by_text("“start” must be a date")).to_be_visible()
    visitor.forgive("422")
    inspect(page, "import-problems")
    page.get_by_label("CSV file").set_input_files(HOUSE)
    page.get_by_role("button", name="Look at it").click()
    expect(page.get_by_text("12 tasks")).to_be_visible()
    assert not Task.objects.exists()
    inspect(page, "import-preview")
    page.get_by_role("button", name="Import all of it").click()
    page.wait_for_url("**/plan/")
    expect(page.get_by_role("link", name="Ground floor")).to_be_visible()
    assert Task.objects.count() == 12

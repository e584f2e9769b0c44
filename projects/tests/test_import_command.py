from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from clients.models import User
from projects.demo import HOUSE
from projects.models import Project, Task, TaskImport


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("import_tasks", *arguments, stdout=out)
    return out.getvalue()


def test_the_plan_is_imported_and_told(house: Project) -> None:
    assert run("--project", "house", str(HOUSE)) == (
        "Imported 12 tasks and 3 milestones with 17 dependencies, 7 people without an account into HOUSE.\n"
    )
    assert Task.objects.count() == 12
    assert TaskImport.objects.get().by == house.manager


def test_a_dry_run_makes_nothing(house: Project) -> None:
    assert run("--project", "HOUSE", "--dry-run", str(HOUSE)).startswith("Would import 12 tasks")
    assert not Task.objects.exists()


def test_problems_are_told_line_by_line(house: Project, tmp_path: Path) -> None:
    file = tmp_path / "plan.csv"
    file.write_text("id,title,start\n1,Roof,tomorrow\n2,Walls,2026-11-23\n")
    with pytest.raises(CommandError, match=r"(?s)Nothing was imported.*line 2: “start” must be a date"):
        run("--project", "HOUSE", str(file))
    assert not Task.objects.exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--project", "NOPE", str(HOUSE)], "no project with the code NOPE"),
        (["--project", "HOUSE", "/nowhere/plan.csv"], "cannot be read: No such file"),
        (["--project", "HOUSE", "--by", "specialist@example.com", str(HOUSE)], "not a manager"),
    ],
)
def test_what_is_not_there_is_said(house: Project, specialist: User, arguments: list[str], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        run(*arguments)

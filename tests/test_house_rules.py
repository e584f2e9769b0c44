"""Rules of the house that no linter knows."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
APPS = ("clients", "projects", "feedback", "cxportal/notifications", "cxportal/portal")
DOORS = {"visible_to"}
MANAGERS = {"objects", "_default_manager", "_base_manager"}


def modules_that_answer_requests() -> list[Path]:
    found: list[Path] = []
    for app in APPS:
        found += (ROOT / app / "views").glob("**/*.py")
        found += (ROOT / app / "api").glob("**/*.py")
        found += (ROOT / app).glob("views.py")
    return sorted(found)


def bare_managers(source: str) -> Iterator[int]:
    """Lines in which a model's manager is used for anything but its door."""
    tree = ast.parse(source)
    through_a_door = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr in DOORS
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in MANAGERS and id(node) not in through_a_door:
            yield node.lineno


@pytest.mark.parametrize("path", modules_that_answer_requests(), ids=lambda path: str(path.relative_to(ROOT)))
def test_views_reach_rows_through_a_door_only(path: Path) -> None:
    lines = sorted(bare_managers(path.read_text()))
    assert not lines, f"{path}: use Model.objects.visible_to(user) or a getter of access.py in lines {lines}"


def test_the_rule_sees_what_it_should() -> None:
    source = "Task.objects.visible_to(user)\nTask.objects.all()\nget_object_or_404(Task.objects, pk=1)\n"
    assert sorted(bare_managers(source)) == [2, 3]

"""Imports go down only. The graph is drawn from the code, imports inside functions included."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# From the top down: each may import what stands below it, never what stands above.
LAYERS = ("cxportal.portal", "feedback", "projects", "clients", "cxportal.notifications", "cxportal.lib")
# The one who puts it together (settings, urls, the commands that start it) may see everything.


def layer_of(module: str) -> str | None:
    return next((layer for layer in LAYERS if module == layer or module.startswith(f"{layer}.")), None)


def is_for_types_only(node: ast.AST) -> bool:
    """`if TYPE_CHECKING:`, which never runs."""
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def imports_of(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    never_run = {id(part) for node in ast.walk(tree) if is_for_types_only(node) for part in ast.walk(node)}
    for node in ast.walk(tree):
        if id(node) in never_run:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or ""


def test_imports_go_down_only() -> None:
    wrong = []
    for layer in LAYERS:
        for path in sorted((ROOT / layer.replace(".", "/")).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if "/tests/" in name or "/migrations/" in name:
                continue
            for module in imports_of(path):
                target = layer_of(module)
                if target is not None and LAYERS.index(target) < LAYERS.index(layer):
                    wrong.append(f"{name} imports {module}")
    assert not wrong


def test_views_fetch_through_the_doors() -> None:
    """No `.objects` in a view but `.objects.visible_to(…)`: what a person sees is decided in one place."""
    wrong = []
    for path in sorted(ROOT.rglob("views/*.py")):
        if path.relative_to(ROOT).parts[0] in {".venv", "var"}:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        scoped = {
            id(node.value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and node.attr == "visible_to"
        }
        wrong += [
            f"{path.relative_to(ROOT)}:{node.lineno}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and node.attr == "objects" and id(node) not in scoped
        ]
    assert not wrong

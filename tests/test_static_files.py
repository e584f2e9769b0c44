"""What browsers load: pinned, licensed, light, and in line with the strict policy."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from pytest_django import Settings

ROOT = Path(settings.BASE_DIR)
VENDOR = ROOT / "static" / "vendor"
LISTED = json.loads((VENDOR / "packages.json").read_text())
TEMPLATES = sorted(
    path for path in (ROOT / "templates").rglob("*.html") if "mail" not in path.relative_to(ROOT).parts
)


def gzipped(*names: str) -> int:
    return sum(len(gzip.compress((ROOT / "static" / name).read_bytes(), 9)) for name in names)


def test_vendored_files_are_those_that_are_listed() -> None:
    for package in LISTED["packages"]:
        assert re.fullmatch(r"\d+\.\d+\.\d+", package["version"])
        assert package["licence"] in {"MIT", "0BSD", "MPL-2.0"}
        for name, digest in package.get("sha256", {}).items():
            assert hashlib.sha256((ROOT / name).read_bytes()).hexdigest() == digest, name
    assert {path.stem for path in (VENDOR / "icons").glob("*.svg")} == set(LISTED["icons"])


def test_a_first_visit_of_the_board_loads_at_most_150_kb() -> None:
    ours = [f"css/{path.name}" for path in (ROOT / "static" / "css").glob("*.css")]
    ours += [f"js/{path.name}" for path in (ROOT / "static" / "js").glob("*.js")]
    theirs = ["vendor/tabler.css", "vendor/htmx.min.js", "vendor/sortable.min.js"]
    assert gzipped(*ours, *theirs) <= 150_000


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_templates_have_nothing_inline(path: Path) -> None:
    source = path.read_text()
    assert not re.search(r"\sstyle\s*=", source), "a style attribute"
    assert not re.search(r"<style\b", source), "a style element"
    assert not re.search(r"\son[a-z]+\s*=\s*[\"']", source), "an event handler"
    assert not re.search(r"\shx-on", source), "an event handler of htmx"
    for tag in re.findall(r"<script\b[^>]*>|<link\b[^>]*rel=\"stylesheet\"[^>]*>", source):
        assert "nonce" in tag, tag
    for tag in re.findall(r"<script\b[^>]*>", source):
        assert "src=" in tag, tag


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_that_templates_name_are_there(path: Path) -> None:
    """Elsewhere a missing one shows only with the stored names, as an error of the whole page."""
    for name in re.findall(r"{% static ['\"]([^'\"]+)['\"]", path.read_text()):
        assert (ROOT / "static" / name).is_file(), name


@pytest.mark.parametrize("path", sorted((ROOT / "static" / "js").glob("*.js")), ids=lambda path: path.name)
def test_scripts_hold_no_way_around_the_policy(path: Path) -> None:
    source = path.read_text()
    assert not re.search(
        r"\beval\(|new Function|innerHTML|insertAdjacentHTML|document\.write|\.cssText", source
    )


def test_files_are_stored_under_names_that_change_with_their_content(
    settings: Settings, tmp_path: Path
) -> None:
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "cxportal.lib.static.PortalStaticFilesStorage"},
    }
    call_command("collectstatic", interactive=False, verbosity=0)
    paths = json.loads((tmp_path / "staticfiles.json").read_text())["paths"]
    portal = (tmp_path / paths["js/portal.js"]).read_text()
    assert Path(paths["js/toasts.js"]).name in portal
    assert (tmp_path / f"{paths['vendor/tabler.css']}.gz").is_file()

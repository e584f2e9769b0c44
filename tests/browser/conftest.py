"""What browser tests stand on: a server with the real static files, Chromium, and eyes for what is wrong on a page.

A test asks for `page`, signs someone in with `sign_in(page, user)` and opens `live_server.url + "/…"`. When it ends,
anything the browser complained about (script errors, CSP violations, failed requests) fails it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management import call_command
from django.test import override_settings
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from pytest_django.live_server_helper import LiveServer

from clients.models import User
from conftest import SignedIn
from cxportal.run.test import CHROMIUM

# Playwright runs a loop in this thread, which Django takes for asynchronous code.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

REAL_STATIC_FILES = {
    **django_settings.STORAGES,
    "staticfiles": {"BACKEND": "cxportal.lib.static.PortalStaticFilesStorage"},
}
QUIET = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-features=OptimizationHints,MediaRouter,Translate",
    "--font-render-hinting=none",
]


@pytest.fixture(scope="session")
def static_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("static")
    with override_settings(STATIC_ROOT=root, STORAGES=REAL_STATIC_FILES):
        call_command("collectstatic", interactive=False, verbosity=0)
    return root


class PortalServer(LiveServer):
    """Serves static files the way the installation does, through WhiteNoise."""

    def __init__(self, addr: str) -> None:
        super().__init__(addr, start=False)
        self.thread.static_handler = lambda application: application  # type: ignore[assignment]


@pytest.fixture(scope="session")
def live_server(static_root: Path) -> Iterator[PortalServer]:
    with override_settings(STATIC_ROOT=static_root, STORAGES=REAL_STATIC_FILES, WHITENOISE_AUTOREFRESH=False):
        server = PortalServer("localhost")
        server.start()
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def real_static_files(settings_of_tests: None, settings: Any, static_root: Path) -> None:
    settings.STATIC_ROOT = static_root
    settings.STORAGES = {**settings.STORAGES, "staticfiles": REAL_STATIC_FILES["staticfiles"]}


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = next((found for name in CHROMIUM if (found := shutil.which(name))), None)
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("No Chromium on the machine that CI runs on.")
        pytest.skip("No Chromium: install it, for example with apt install chromium")
    as_root = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=QUIET + as_root)
        yield browser
        browser.close()


class Visit:
    """One person's browser: a context of its own, and what it complained about."""

    def __init__(self, chromium: Browser, **options: Any) -> None:
        self.context: BrowserContext = chromium.new_context(
            **{"viewport": {"width": 1280, "height": 900}, "locale": "en-GB", "timezone_id": "UTC", **options}
        )
        self.context.set_default_timeout(10_000)
        self.page: Page = self.context.new_page()
        self.problems: list[str] = []
        self.page.on("pageerror", lambda error: self.problems.append(f"script error: {error}"))
        self.page.on("console", self._heard)

    def forgive(self, part: str) -> None:
        """Problems that contain `part` were meant to happen."""
        self.problems[:] = [problem for problem in self.problems if part not in problem]

    def _heard(self, message: Any) -> None:
        if message.type in {"error", "warning"}:
            self.problems.append(f"{message.type} on {self.page.url}: {message.text}")


@pytest.fixture
def visit(chromium: Browser, live_server: PortalServer) -> Iterator[Callable[..., Visit]]:
    """`visit(**options of a Playwright context)` opens one more browser, for a second person or a phone."""
    visits: list[Visit] = []

    def start(**options: Any) -> Visit:
        visits.append(Visit(chromium, **{"base_url": live_server.url, **options}))
        return visits[-1]

    yield start
    problems = [problem for visit in visits for problem in visit.problems]
    for one in visits:
        one.context.close()
    assert not problems, "\n".join(problems)


@pytest.fixture
def visitor(visit: Callable[..., Visit]) -> Visit:
    return visit()


@pytest.fixture
def page(visitor: Visit) -> Page:
    """A page at 1280 px; `page.goto("/projects/")` is enough, the server's address is known."""
    return visitor.page


@pytest.fixture
def sign_in(live_server: PortalServer) -> Callable[[Page, User], None]:
    """`sign_in(page, user)`: the page's browser has that person's session."""

    def start(page: Page, user: User) -> None:
        name = django_settings.SESSION_COOKIE_NAME
        session = SignedIn(user).cookies[name].value
        page.context.add_cookies([{"name": name, "value": session, "url": live_server.url}])

    return start

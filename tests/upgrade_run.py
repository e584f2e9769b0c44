"""Tries an upgrade: the old version serves pages while the new one migrates, and after it.

    .venv/bin/python -m tests.upgrade_run OLD-COMMIT [NEW-COMMIT]

With servers of its own, thrown away at the end. Prints what was asked, and what was answered, before, during and
after the migration; ends with 1 when a page failed. Takes about a minute. docs/operators/upgrading.md has a run.
"""

from __future__ import annotations

import http.cookiejar
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from pathlib import Path

from cxportal.run.surroundings import ROOT, services
from tests.portal_process import free_port, wait_for

PASSWORD = "only-for-this-run-42"
MANAGER = "manager@demo.example"


class Browser:
    def __init__(self, base: str) -> None:
        self.base = base
        self.cookies = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))
        self.opener.addheaders = [("Referer", base)]

    def get(self, path: str) -> tuple[int, str]:
        return self._open(path, None)

    def post(self, page: str, path: str, **data: str) -> tuple[int, str]:
        """With the token of the form on `page`."""
        _, text = self.get(page)
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', text)
        form = {"csrfmiddlewaretoken": token.group(1) if token else "", **data}
        return self._open(path, urllib.parse.urlencode(form).encode())

    def _open(self, path: str, data: bytes | None) -> tuple[int, str]:
        try:
            with self.opener.open(self.base + path, data, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, ""
        except OSError:
            return 0, ""


class Traffic(threading.Thread):
    """A manager who looks at the home, a board and a conversation, and answers in it, over and over."""

    def __init__(self, base: str) -> None:
        super().__init__(daemon=True)
        self.browser = Browser(base)
        self.phase = "before"
        self.answers: Counter[tuple[str, str, int]] = Counter()
        self.slowest: dict[str, float] = {}
        self.ending = threading.Event()
        status, _ = self.browser.post(
            "/accounts/login/", "/accounts/login/", login=MANAGER, password=PASSWORD
        )
        _, home = self.browser.get("/questions/")
        found = re.search(r'href="(/questions/[0-9a-f-]{36}/)', home)
        _, projects = self.browser.get("/projects/")
        board = re.search(r'href="(/projects/[A-Z0-9]+/)', projects)
        if status != 200 or not found or not board:
            sys.exit("The run cannot begin: no login, conversation or board in the demo.")
        self.thread_page, self.board = found.group(1), board.group(1)

    def run(self) -> None:
        number = 0
        while not self.ending.is_set():
            number += 1
            self._note("home", lambda: self.browser.get("/"))
            self._note("board", lambda: self.browser.get(self.board))
            self._note("conversation", lambda: self.browser.get(self.thread_page))
            body = f"Answer {number}"
            self._note(
                "posting an answer",
                lambda body=body: self.browser.post(self.thread_page, f"{self.thread_page}write/", body=body),
            )

    def _note(self, what: str, ask: object) -> None:
        phase, started = self.phase, time.monotonic()
        status, _ = ask()  # type: ignore[operator]
        self.answers[phase, what, status] += 1
        self.slowest[phase] = max(self.slowest.get(phase, 0), time.monotonic() - started)


def main(old: str, new: str = "") -> int:
    place = Path(tempfile.mkdtemp(prefix="cxp-upgrade-", dir="/tmp"))
    place.chmod(0o755)
    try:
        with services(place / "home", throwaway=True):
            os.environ |= {"DEMO_PASSWORD": PASSWORD, "PORT": str(free_port())}
            os.environ["BASE_URL"] = f"http://localhost:{os.environ['PORT']}"
            os.environ.pop("PYTHONPATH", None)
            return upgrade(
                code_of(old, place / "old"), code_of(new, place / "new") if new else ROOT, place / "home"
            )
    finally:
        shutil.rmtree(place, ignore_errors=True)


def code_of(commit: str, folder: Path) -> Path:
    folder.mkdir()
    archive = subprocess.run(["git", "archive", commit], cwd=ROOT, check=True, capture_output=True).stdout
    subprocess.run(["tar", "-x"], cwd=folder, input=archive, check=True)
    (folder / ".venv").symlink_to(ROOT / ".venv")
    return folder


def manage(code: Path, *arguments: str) -> str:
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=code, check=True, capture_output=True, text=True).stdout


def upgrade(old: Path, new: Path, home: Path) -> int:
    manage(old, "migrate", "-v0")
    manage(old, "collectstatic", "--noinput", "-v0")
    manage(old, "seed_demo", "-v0")
    gunicorn = [sys.executable, "-m", "gunicorn", "--config", "python:cxportal.gunicorn_settings"]
    web = subprocess.Popen([*gunicorn, "cxportal.wsgi"], cwd=old)
    try:
        base = os.environ["BASE_URL"]
        if not wait_for(lambda: Browser(base).get("/healthz")[0] == 200):
            sys.exit("The old version does not answer.")
        traffic = Traffic(base)
        traffic.start()
        wait_for(lambda: sum(traffic.answers.values()) >= 100)
        traffic.phase = "during"
        print("new version: migrate\n" + manage(new, "migrate"), flush=True)
        wait_for(lambda: any(phase == "during" for phase, _, _ in traffic.answers))
        traffic.phase = "after"
        seen = sum(traffic.answers.values())
        wait_for(lambda: sum(traffic.answers.values()) >= seen + 200)
        traffic.ending.set()
        traffic.join(60)
    finally:
        web.terminate()
        web.wait(60)
    for (phase, what, status), number in sorted(traffic.answers.items(), key=str):
        print(f"{phase:7} {what:18} {status}: {number}")
    for phase, seconds in traffic.slowest.items():
        print(f"slowest {phase}: {seconds:.2f} s")
    return 1 if any(status != 200 for _, _, status in traffic.answers) else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

"""Valkey emptied, killed and stopped while mail is being sent and pages are asked for."""

from __future__ import annotations

import http.cookiejar
import re
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.test import Client as Browser

from clients.models import User
from cxportal.notifications.models import OutgoingMail
from tests.smtp import SmtpServer
from tests.storm.counting import Result
from tests.storm.parts import Parts, parts
from tests.storm.scene import Scene, mail_server, wait_for
from tests.storm.work import mails_due, people

MAILS = 60  # that become due in each weather
PAGE_SECONDS = 2.0
ON_TIME_SECONDS = 120.0  # two ticks of the beat
FAULTS = ("calm", "emptied", "killed", "stopped")


class Pages:
    """Asks for pages without a break, and remembers the slowest of each weather."""

    def __init__(self, port: int, user: User) -> None:
        browser = Browser()
        browser.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        session = browser.cookies[settings.SESSION_COOKIE_NAME].value
        self.address = f"http://127.0.0.1:{port}"
        self.signed_in = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={session}"}
        self.slowest = 0.0
        self.asked = 0
        self.wrong: list[str] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._ask, daemon=True)

    def get(self, path: str, headers: dict[str, str] | None = None) -> None:
        started = time.monotonic()
        try:
            request = urllib.request.Request(self.address + path, headers=headers or {})  # noqa: S310
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
                answer.read()
        except OSError as error:
            self.wrong.append(f"{path}: {error}")
        self._took(time.monotonic() - started)

    def ask_for_a_password(self, email: str) -> None:
        """Two pages: the form, and its answer, which queues a mail."""
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
        path = f"{self.address}/accounts/password/reset/"
        page = opener.open(path, timeout=30).read().decode()
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert token
        data = urllib.parse.urlencode({"csrfmiddlewaretoken": token[1], "email": email}).encode()
        started = time.monotonic()
        with opener.open(path, data, timeout=30) as answer:
            answer.read()
        self._took(time.monotonic() - started)

    def _took(self, seconds: float) -> None:
        self.slowest = max(self.slowest, seconds)
        self.asked += 1

    def _ask(self) -> None:
        while not self._over.wait(0.1):
            self.get("/accounts/login/")
            self.get("/", self.signed_in)

    @contextmanager
    def asked_for(self) -> Iterator[Pages]:
        self._thread.start()
        try:
            yield self
        finally:
            self._over.set()
            self._thread.join(60)


def valkey(scene: Scene) -> Result:
    """The mail must be there while the fault still lasts, and no page may take two seconds."""
    result = Result("valkey")
    (reader,) = people(1, staff_role="manager")
    keys: set[str] = set()
    with mail_server() as server, parts(scene, server, "web", "worker", "beat", "beat") as running:
        _wait_for_the_web(running)
        with Pages(running.port, reader).asked_for() as pages:
            for fault in FAULTS:
                keys |= _weather(scene, server, pages, fault, reader, result)
        result.require(not pages.wrong, f"pages that failed: {pages.wrong[:3]}")
        asked = OutgoingMail.objects.filter(kind="account.password_reset")
        keys |= set(asked.values_list("dedupe_key", flat=True))
        result.faults = len(FAULTS) - 1
        result.count(keys, server)
    result.require(result.twice == result.uncertain == 0, "something was sent twice or is uncertain")
    return result.finish()


def _weather(
    scene: Scene, server: SmtpServer, pages: Pages, fault: str, reader: User, result: Result
) -> set[str]:
    """Mail becomes due while the fault lasts. Returns the keys of what had to be sent."""
    pages.slowest, pages.asked = 0.0, 0
    goal = len(server.accepted) + MAILS + 1
    with _fault(scene, server, fault):
        keys = mails_due(MAILS)
        pages.ask_for_a_password(reader.email)
        due = time.monotonic()
        there = wait_for(lambda: len(server.accepted) >= goal, ON_TIME_SECONDS)
        late = time.monotonic() - due
    result.require(there, f"{fault}: {goal - len(server.accepted)} mails were not there in time")
    result.require(pages.slowest < PAGE_SECONDS, f"{fault}: a page took {pages.slowest:.1f} s")
    words = f"Valkey {fault}: the last mail after {late:.0f} s"
    words += f", the slowest of {pages.asked} pages {pages.slowest:.2f} s"
    result.notes.append(words)
    scene.say(words)
    return keys


@contextmanager
def _fault(scene: Scene, server: SmtpServer, fault: str) -> Iterator[None]:
    house = scene.house
    if fault == "stopped":
        with house.valkey_frozen():
            yield
    elif fault == "killed":
        house.kill_valkey()
        yield
        assert house.valkey
        house.valkey.start()
    elif fault == "emptied":
        with _emptied_again_and_again(scene):
            yield
    else:
        yield


@contextmanager
def _emptied_again_and_again(scene: Scene) -> Iterator[None]:
    import redis

    assert scene.house.valkey
    client = redis.Redis.from_url(scene.house.valkey.url)
    over = threading.Event()

    def empty() -> None:
        while not over.wait(0.5):
            client.flushall()

    thread = threading.Thread(target=empty, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(10)


def _wait_for_the_web(running: Parts) -> None:
    def answers() -> bool:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{running.port}/healthz", timeout=5).close()
        except OSError:
            return False
        return True

    assert wait_for(answers, 120), "the web does not answer"

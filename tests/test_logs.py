"""The log tells what happened, and nobody's secrets, addresses or words."""

from __future__ import annotations

import io
import json
import logging
import logging.config
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.test import Client as Browser

from clients.models import User
from conftest import SignedIn
from cxportal import tracing
from cxportal.celery import app
from cxportal.lib.logs import (
    FORMATS,
    JsonFormatter,
    LineFormatter,
    describe,
    logging_settings,
    request_id,
    trace,
)
from cxportal.notifications.nudging import _nudger
from cxportal.notifications.sending import send_due
from cxportal.notifications.tests.conftest import Letters, letters
from cxportal.portal.weekly.links import stop_token
from tests.portal_process import ROOT, free_port, wait_for
from tests.smtp import SmtpServer
from tests.workers import OwnRedis, environment, own_redis
from tests.world import World

__all__ = ["letters", "own_redis"]

PASSWORD = "tiger-lily-mountain-42"
WRONG_PASSWORD = "wrong-guess-of-a-password"
WORDS = "my neighbour must not know"
SECRET = "sk_live_do_not_tell"


class Log:
    """All that the installation logs, as one of the formats writes it, at DEBUG."""

    def __init__(self, formatter: logging.Formatter) -> None:
        self.stream = io.StringIO()
        self.handler = logging.StreamHandler(self.stream)
        self.handler.setFormatter(formatter)

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]

    def of(self, logger: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["logger"] == logger]


def listening(log: Log) -> Iterator[Log]:
    root = logging.getLogger()
    level = root.level
    root.addHandler(log.handler)
    root.setLevel(logging.DEBUG)
    yield log
    root.removeHandler(log.handler)
    root.setLevel(level)


@pytest.fixture
def log() -> Iterator[Log]:
    yield from listening(Log(JsonFormatter()))


@pytest.fixture(params=sorted(FORMATS))
def any_log(request: pytest.FixtureRequest) -> Iterator[Log]:
    yield from listening(Log(FORMATS[request.param]()))


@pytest.mark.django_db(transaction=True)
def test_no_secret_and_nothing_personal_is_in_the_log(
    any_log: Log, world: World, smtp: SmtpServer, letters: Letters, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.clear()
    owner = world.people["owner"]
    owner.set_password(PASSWORD)
    owner.save()
    browser = Browser(raise_request_exception=False)
    # Signing in, wrongly and rightly.
    browser.post("/accounts/login/", {"login": owner.email, "password": WRONG_PASSWORD})
    browser.post("/accounts/login/", {"login": owner.email, "password": PASSWORD})
    assert browser.get("/preferences/").status_code == 200
    # A new password, with the link of the mail, and a link that is no good any more.
    Browser().post("/accounts/password/reset/", {"email": owner.email})
    send_due()
    link = re.search(r"/accounts/password/reset/key/\S+", smtp.texts()[-1])
    assert link
    Browser().get(link.group(), follow=True)
    Browser().get(link.group()[:-3] + "xx/", follow=True)
    # Words.
    assert browser.post(f"/questions/{world.thread.uid}/write/", {"body": WORDS}).status_code == 302
    # The token of the weekly board, also where it is wrong, and addresses that lead nowhere.
    token = stop_token(owner)
    browser.get(f"/weekly/stop/{token}/")
    browser.post(f"/weekly/stop/{token}/")
    browser.get(f"/weekly/stop/{token}wrong/")
    browser.get(f"/nowhere/{SECRET}/?q={SECRET}")
    browser.get("/", headers={"host": f"{SECRET}.example"})
    Browser(enforce_csrf_checks=True).post(f"/weekly/stop/{token}/", {"x": SECRET})
    # A page that breaks with somebody's words in the exception, and in the one it came from.
    breaks_with(monkeypatch, RuntimeError(f"{SECRET} of {owner.email}"))
    assert browser.get("/").status_code == 500
    # A mail server that names the recipient, and a mail that cannot be written.
    smtp.rcpt["anna@example.com"] = f"550 <anna@example.com> {WORDS}"
    letters.broken.add("boris@example.com")
    letters.queue("anna", "boris")
    send_due()
    text = any_log.text
    assert "RuntimeError" in text
    assert "weekly_stop" in text
    for what in (
        PASSWORD, WRONG_PASSWORD, WORDS, SECRET, token, link.group().split("key/")[1].strip("/"),
        owner.email, owner.name, "anna@example.com", "boris@example.com", "@example",
        str(browser.cookies["session"].value), str(world.thread.uid),
    ):  # fmt: skip
        assert what not in text, what


def breaks_with(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def broken(*args: Any, **kwargs: Any) -> None:
        secret_in_a_variable = SECRET
        try:
            raise LookupError(secret_in_a_variable)
        except LookupError as cause:
            raise error from cause

    monkeypatch.setattr("cxportal.portal.views.home.client_home", broken)


@pytest.mark.django_db
def test_a_request_is_one_line(log: Log, owner: User) -> None:
    answer = SignedIn(owner).get("/preferences/?q=x")
    (line,) = log.of("cxportal.request")
    assert {name: line[name] for name in ("message", "level", "method", "route", "status", "user")} == {
        "message": "GET preferences 200", "level": "INFO", "method": "GET", "route": "preferences",
        "status": 200, "user": owner.pk,
    }  # fmt: skip
    assert line["request_id"] == answer.headers["X-Request-ID"]
    assert isinstance(line["ms"], int)


@pytest.mark.django_db
def test_monitors_and_static_files_are_told_at_debug_only(log: Log) -> None:
    Browser().get("/healthz")
    Browser().get("/static/img/mark.svg")
    assert {line["level"] for line in log.of("cxportal.request")} == {"DEBUG"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("behind_proxy", "given", "is_taken"),
    [
        (True, "0af7651916cd43dd8448eb211c80319c", True),
        (True, "7f6d9c1e-0b7a-4d6e-9a56-0d8b8f2f4c11", True),
        (False, "0af7651916cd43dd8448eb211c80319c", False),
        (True, "short", False),
        (True, "x" * 65, False),
        (True, "olga@example.com-and-more", False),
        (True, "0af7651916cd43dd\n8448eb211c80319c", False),
        (True, "0af7651916cd43dd 8448eb211c80319c", False),
    ],
)
def test_somebody_elses_id_is_taken_from_a_trusted_proxy_only(
    settings: Any, behind_proxy: bool, given: str, is_taken: bool
) -> None:
    settings.BEHIND_PROXY = behind_proxy
    told = Browser().get("/healthz", headers={"x-request-id": given}).headers["X-Request-ID"]
    assert (told == given) == is_taken
    assert re.fullmatch(r"[0-9a-f-]{32,36}", told)


@pytest.mark.django_db
def test_the_page_of_an_error_names_the_number_in_the_log(
    log: Log, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    breaks_with(monkeypatch, RuntimeError(SECRET))
    browser = SignedIn(owner)
    browser.raise_request_exception = False
    answer = browser.get("/")
    (line,) = log.of("django.request")
    assert line["request_id"] in answer.content.decode()
    assert (line["level"], line["route"], line["status"]) == ("ERROR", "home", 500)
    assert "broken\n    raise error from cause\nRuntimeError\ncaused by Traceback:\n" in line["error"]
    assert line["error"].endswith("LookupError")


def test_words_of_exceptions_are_kept_where_they_are_about_machines() -> None:
    assert describe(redis.ConnectionError("Error 111 connecting to 10.0.0.5:6379")).endswith("10.0.0.5:6379")
    assert describe(ValueError(SECRET)) == "ValueError"
    told = IntegrityError(
        'violates "user_email_once"\nDETAIL:  Key (email)=(olga@example.com) already exists.'
    )
    assert describe(told) == 'IntegrityError: violates "user_email_once"'
    assert describe(ConnectionError("mail to olga@example.com")) == "ConnectionError: mail to [address]"

    class OperationalError(Exception):
        pass

    assert describe(OperationalError(SECRET)) == "OperationalError", "not the one we know"


def test_a_circle_of_causes_ends() -> None:
    one, other = RuntimeError(), ValueError()
    one.__cause__, other.__cause__ = other, one
    assert trace(one).count("Traceback") == 2


def test_a_line_for_the_eye_is_one_line() -> None:
    record = logging.LogRecord("x", logging.INFO, "f", 1, "two\nlines of %s", ("a\nb",), None)
    assert LineFormatter().format(record) == "INFO x: two lines of a b"


def test_a_record_that_is_made_wrongly_loses_nothing() -> None:
    record = logging.LogRecord("x", logging.INFO, "f", 1, "%d of %s", ("many",), None)
    assert json.loads(JsonFormatter().format(record))["message"] == "%d of %s"


def test_what_writes_values_at_debug_is_kept_quiet() -> None:
    loggers = logging_settings("json", "DEBUG")["loggers"]
    for name in ("django.db.backends", "botocore", "urllib3", "celery", "kombu"):
        assert loggers[name]["level"] == "WARNING"


# Tasks.


@pytest.mark.django_db(transaction=True)
def test_a_task_carries_the_number_of_the_request_that_started_it(
    log: Log, own_redis: OwnRedis, owner: User
) -> None:
    before = app.conf.broker_url
    app.conf.broker_url = f"redis+socket://{own_redis.socket}?virtual_host=0"  # type: ignore[misc]
    app._after_fork()  # type: ignore[attr-defined]
    try:
        answer = Browser().post("/accounts/password/reset/", {"email": owner.email})
        assert _nudger.finish(10)
    finally:
        app.conf.broker_url = before  # type: ignore[misc]
        app._after_fork()  # type: ignore[attr-defined]
    (message,) = own_redis.client.lrange("celery", 0, -1)
    assert json.loads(message)["headers"][tracing.HEADER] == answer.headers["X-Request-ID"]


@pytest.mark.django_db(transaction=True)
def test_a_worker_tells_of_its_tasks_in_lines_that_name_both(own_redis: OwnRedis, owner: User) -> None:
    """A real worker, with a task that fails with somebody's words in the exception."""
    worker = subprocess.Popen(
        [sys.executable, "-m", "cxportal.worker"],
        cwd=ROOT,
        env=environment(REDIS_URL=own_redis.url, WORKER_PROCESSES="1", LOG_FORMAT="json", LOG_LEVEL="DEBUG"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    works, fails = "cxportal.notifications.tasks.send_due_mail", "celery.backend_cleanup"
    sender = app.connection_for_write(f"redis+socket://{own_redis.socket}?virtual_host=0")
    token = request_id.set("0af7651916cd43dd8448eb211c80319c")
    try:
        with sender as connection:
            for name, args in ((works, []), (fails, [SECRET])):
                app.send_task(name, args=args, connection=connection, task_id=f"task-of-{name}")
        assert wait_for(
            lambda: own_redis.client.llen("celery") == 0 and own_redis.client.hlen("unacked") == 0
        )
    finally:
        request_id.reset(token)
        worker.send_signal(signal.SIGTERM)
        said, _ = worker.communicate(timeout=60)
    assert SECRET not in said
    # Celery's word to whoever pressed Ctrl-C goes past all loggers.
    lines = [json.loads(line) for line in said.splitlines() if line and not line.startswith("worker: Warm")]
    told = {line["task"]: line for line in lines if line["logger"] == "cxportal.task"}
    for name in (works, fails):
        assert told[name]["task_id"] == f"task-of-{name}"
        assert told[name]["request_id"] == "0af7651916cd43dd8448eb211c80319c"
    failed = [line for line in lines if line["logger"] == "celery.app.trace" and line["level"] == "ERROR"]
    assert [line["message"] for line in failed] == ["task celery.backend_cleanup failed: TypeError"]


@pytest.mark.django_db(transaction=True)
def test_gunicorn_writes_the_same_lines(owner: User) -> None:
    port = free_port()
    web = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "--config", "python:cxportal.gunicorn_settings", "cxportal.wsgi"],
        cwd=ROOT,
        env=environment(PORT=str(port), WEB_PROCESSES="1", LOG_FORMAT="json", LOG_LEVEL="INFO"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        import http.client

        def answers(method: str, path: str) -> int:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            try:
                connection.request(method, path, headers={"Host": "localhost"})
                return connection.getresponse().status
            except OSError:
                return 0
            finally:
                connection.close()

        assert wait_for(lambda: answers("GET", "/healthz") == 200)
        assert answers("GET", f"/weekly/stop/{SECRET}/") > 0  # there need not be static files for its page
        assert answers(f"G{SECRET}(T", "/x") == 400  # no request at all
    finally:
        web.send_signal(signal.SIGTERM)
        _, said = web.communicate(timeout=60)
    lines = [json.loads(line) for line in said.splitlines()]
    assert "weekly_stop" in {line.get("route") for line in lines if line["logger"] == "cxportal.request"}
    assert [line["message"] for line in lines if line["logger"] == "gunicorn.error"] == ["Invalid request"]
    assert SECRET not in said
    assert "127.0.0.1" not in said


@pytest.mark.django_db
def test_the_number_does_not_outlive_its_request() -> None:
    Browser().get("/healthz")
    assert request_id.get() == ""
    with transaction.atomic():
        assert request_id.get() == ""

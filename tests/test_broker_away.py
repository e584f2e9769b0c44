"""Redis frozen, emptied or killed: pages stay quick, and mail leaves all the same."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from celery import Celery
from django.core.cache import cache
from django.db import transaction
from django.test import Client as Browser
from pytest_django import Settings

from clients.actions import request_password_reset
from clients.models import User
from cxportal.beat import app as beat_app
from cxportal.celery import app
from cxportal.lib.env import celery_broker_url
from cxportal.notifications.models import OutgoingMail
from cxportal.notifications.nudging import _nudger, nudge
from cxportal.notifications.sending import send_due
from cxportal.ticking import OwnLegsScheduler
from tests.smtp import SmtpServer
from tests.workers import OwnRedis, environment, own_redis

__all__ = ["own_redis"]

PAGE_SECONDS = 2


def use_broker(app: Celery, url: str) -> None:
    app.conf.broker_url = url  # type: ignore[misc]
    app._after_fork()  # type: ignore[attr-defined]  # forgets its connections


@pytest.fixture
def redis_of_the_portal(own_redis: OwnRedis, settings: Settings) -> Iterator[OwnRedis]:
    """The cache and the broker of this process are `own_redis`."""
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": own_redis.url}}
    before = app.conf.broker_url
    use_broker(app, celery_broker_url(own_redis.url))
    nudge()
    assert _nudger.finish(10)
    yield own_redis
    use_broker(app, before)


def seconds_of(path: str, data: dict[str, str] | None = None) -> float:
    browser = Browser()
    started = time.monotonic()
    answer = browser.get(path) if data is None else browser.post(path, data)
    assert answer.status_code in {200, 302, 422}
    return time.monotonic() - started


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("fault", ["frozen", "killed"])
def test_pages_are_quick_and_mail_is_queued_without_redis(
    redis_of_the_portal: OwnRedis, owner: User, smtp: SmtpServer, fault: str
) -> None:
    cache.set("warm", 1)
    if fault == "killed":
        redis_of_the_portal.kill()
        assert seconds_of("/accounts/password/reset/", {"email": owner.email}) < PAGE_SECONDS
    else:
        with redis_of_the_portal.frozen():
            assert seconds_of("/accounts/login/") < PAGE_SECONDS
            assert seconds_of("/accounts/login/", {"login": owner.email, "password": "x" * 12}) < PAGE_SECONDS
            assert seconds_of("/accounts/password/reset/", {"email": owner.email}) < PAGE_SECONDS
            assert seconds_of("/accounts/password/reset/", {"email": owner.email}) < 0.5, "once is enough"
    assert send_due() == OutgoingMail.objects.count() > 0


@pytest.mark.django_db(transaction=True)
def test_the_hint_reaches_the_broker_and_losing_it_loses_nothing(
    redis_of_the_portal: OwnRedis, owner: User, smtp: SmtpServer
) -> None:
    redis_of_the_portal.client.flushall()
    request_password_reset(email=owner.email, language="en")
    assert _nudger.finish(10)
    assert redis_of_the_portal.client.llen("celery") == 1
    redis_of_the_portal.client.flushall()
    assert send_due() == 1


@pytest.mark.django_db(transaction=True)
def test_one_transaction_gives_one_hint(redis_of_the_portal: OwnRedis, owner: User) -> None:
    redis_of_the_portal.client.flushall()
    with transaction.atomic():
        for _ in range(5):
            request_password_reset(email=owner.email, language="en")
    assert _nudger.finish(10)
    assert redis_of_the_portal.client.llen("celery") == 1


@pytest.mark.django_db(transaction=True)
def test_the_beat_does_what_is_due_itself_while_the_broker_is_away(
    own_redis: OwnRedis, owner: User, smtp: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    request_password_reset(email=owner.email, language="en")
    own_redis.kill()
    for name, value in environment(EMAIL_URL=smtp.url, REDIS_URL=own_redis.url).items():
        monkeypatch.setenv(name, value)
    before = beat_app.conf.broker_url
    use_broker(beat_app, celery_broker_url(own_redis.url))
    beat = OwnLegsScheduler(beat_app)
    try:
        beat.apply_entry(beat.schedule["tick"])
        assert beat._stand_in is not None
        assert beat._stand_in.wait(60) == 0
    finally:
        beat.close()
        use_broker(beat_app, before)
    assert smtp.recipients() == [owner.email]


@pytest.mark.django_db(transaction=True)
def test_a_beat_told_to_end_waits_for_the_mail_in_the_hands_of_its_own_process(
    own_redis: OwnRedis, owner: User, smtp: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    request_password_reset(email=owner.email, language="en")
    own_redis.kill()
    for name, value in environment(EMAIL_URL=smtp.url, REDIS_URL=own_redis.url).items():
        monkeypatch.setenv(name, value)
    before = beat_app.conf.broker_url
    use_broker(beat_app, celery_broker_url(own_redis.url))
    in_hand, told = threading.Event(), threading.Event()

    def hold(phase: str) -> None:
        if phase == "data":
            in_hand.set()
            assert told.wait(30)

    smtp.before = hold
    beat = OwnLegsScheduler(beat_app)
    try:
        beat.apply_entry(beat.schedule["tick"])
        assert in_hand.wait(60)
        threading.Timer(0.3, told.set).start()  # the mail server answers while the beat is already ending
        beat.close()
    finally:
        told.set()
        use_broker(beat_app, before)
    assert beat._stand_in is not None
    assert beat._stand_in.returncode is not None
    assert OutgoingMail.objects.get().state == "sent"
    assert smtp.recipients() == [owner.email]

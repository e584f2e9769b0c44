"""Real workers and beats sign that they live, and stop when they cannot work."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
from django.db import connection

from cxportal.notifications.models import Heartbeat
from tests.portal_process import ROOT, wait_for
from tests.workers import OwnRedis, environment, own_redis

__all__ = ["own_redis"]

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def processes(own_redis: OwnRedis) -> Iterator[list[subprocess.Popen[bytes]]]:
    """A worker and a beat over this test's database, with a Redis of their own."""
    started = [
        subprocess.Popen(
            [sys.executable, "-m", f"cxportal.{name}"],
            cwd=ROOT,
            env=environment(REDIS_URL=own_redis.url, WORKER_PROCESSES="1"),
            stdin=subprocess.DEVNULL,
        )
        for name in ("worker", "beat")
    ]
    yield started
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait(30)


def names() -> set[str]:
    connection.close()  # a look at what others wrote, also after a fault
    return {":".join(name.split(":")[::2]) for name in Heartbeat.objects.values_list("name", flat=True)}


def test_worker_and_beat_sign_and_take_their_leave(processes: list[subprocess.Popen[bytes]]) -> None:
    worker, beat = processes
    signed = {f"worker:{worker.pid}", f"beat:{beat.pid}", "tick"}
    assert wait_for(lambda: signed <= names()), names()
    for process in processes:
        process.send_signal(signal.SIGTERM)
    for process in processes:
        process.wait(60)
    assert not {name for name in names() if ":" in name}

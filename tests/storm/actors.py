"""The processes that are harmed: they do what the portal's worker does, pass after pass, until they are ended."""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.context import ForkServerProcess
from pathlib import Path

_context = get_context("forkserver")
_context.set_forkserver_preload(["tests.storm.preloaded"])

PAUSE = 0.2  # seconds between two passes that found nothing


def start(role: str, mail_server: str, log: Path, **more: str) -> ForkServerProcess:
    """A process of its own, forked from one that has loaded the portal, as Celery's worker does it.

    `role` is "scheduler" (all that is due, as the beat's tick) or "sender" (mail alone, as a hint after commit).
    """
    environment = {
        "EMAIL_URL": mail_server,
        "DATABASE_URL": os.environ["DATABASE_URL"],
        "REDIS_URL": os.environ["REDIS_URL"],
        **more,
    }
    process = _context.Process(target=_live, args=(role, environment, str(log)), daemon=True)
    process.start()
    return process


def ended(process: ForkServerProcess, seconds: float) -> int:
    """Waits for the end of a process that was told to, and returns its exit code. Raises when it takes longer."""
    process.join(seconds)
    if process.exitcode is None:
        raise TimeoutError(f"process {process.pid} did not end within {seconds} seconds")
    return process.exitcode


def _live(role: str, environment: dict[str, str], log: str) -> None:
    output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(output, 1)
    os.dup2(output, 2)
    # What the fork inherited: nobody has told this process yet how to end.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    random.seed()
    os.environ.update(environment)
    from django.conf import settings

    from cxportal.lib.env import email_settings

    for name, value in email_settings(environment["EMAIL_URL"], Path(settings.MAIL_DIR)).items():
        setattr(settings, name, value)
    _passes(_sender if role == "sender" else _scheduler)


def _scheduler() -> int:
    from cxportal.portal.due import run_due

    return sum(part.done for part in run_due())


def _sender() -> int:
    from cxportal.notifications.sending import send_due

    return send_due()


def _passes(one: Callable[[], int]) -> None:
    from django.db import connection

    while True:
        try:
            done = one()
        except Exception as error:  # as a task that failed: the next one is another matter
            print(f"a pass failed: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
            connection.close()
            done = 0
        if not done:
            time.sleep(PAUSE)

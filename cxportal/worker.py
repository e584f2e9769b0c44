"""The worker: `python -m cxportal.worker`, as `celery worker` without its command line, which takes memory and time."""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
from typing import Any

import django
from celery.bootsteps import StartStopStep
from django.conf import settings

from cxportal.celery import app
from cxportal.checks import refuse_unsafe
from cxportal.lib import signs
from cxportal.lib.env import whole_number

logger = logging.getLogger(__name__)

SECONDS_BETWEEN_SIGNS = 30.0


class SignsOfLife(StartStopStep):
    """Says each half minute that this worker is at work.

    The worker's own loop asks for it, which stands still while the broker is away or something hangs; a thread
    writes, so that the loop never waits for the database.
    """

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self.wanted = threading.Event()
        self.signature = signs.name_of(signs.WORKER)
        self.entry: Any = None
        self.thread: threading.Thread | None = None

    def start(self, parent: Any) -> None:
        if self.thread is None:
            self.thread = threading.Thread(target=self._write, name="signs-of-life", daemon=True)
            self.thread.start()
        self.wanted.set()
        self.entry = parent.timer.call_repeatedly(SECONDS_BETWEEN_SIGNS, self.wanted.set)

    def stop(self, parent: Any) -> None:
        if self.entry is not None:
            self.entry.cancel()
            self.entry = None

    def _write(self) -> None:
        while True:
            self.wanted.wait()
            self.wanted.clear()
            try:
                signs.say_alive(settings.DATABASES["default"], self.signature)
            except Exception as error:
                logger.warning("the worker's sign of life could not be written: %s", error)


app.steps["consumer"].add(SignsOfLife)


def main() -> int:
    """Work until SIGTERM; the tasks in hand are finished first."""
    django.setup()
    refuse_unsafe()
    worker = app.Worker(
        concurrency=whole_number("WORKER_PROCESSES", default=2, least=1),
        loglevel="WARNING",
        quiet=True,
        # Nothing here asks other workers anything, and nobody watches their events.
        without_mingle=True,
        without_gossip=True,
        without_heartbeat=True,
    )
    worker.start()
    with contextlib.suppress(Exception):  # it is forgotten after a day
        signs.say_goodbye(settings.DATABASES["default"], signs.name_of(signs.WORKER))
    return int(worker.exitcode or 0)


if __name__ == "__main__":
    sys.exit(main())

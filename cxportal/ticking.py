"""What the beat does each minute: ask a worker to do what is due, or have it done without one."""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import subprocess
import sys
from typing import Any

from celery.beat import ScheduleEntry, Scheduler

from cxportal.lib import signs
from cxportal.settings import BASE_DIR, DATABASES

logger = logging.getLogger(__name__)


class OwnLegsScheduler(Scheduler):
    """Ticks also while the broker is away: then what is due is done by a process of the beat's own.

    Nothing is kept in a file: each tick looks at the database for what is due, so a tick that was missed is no
    loss. The first comes at once.
    """

    # Celery connects for this before each tick, and would wait there for a broker that is away.
    producer = None  # type: ignore[assignment]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._stand_in: subprocess.Popen[bytes] | None = None
        super().__init__(*args, **kwargs)

    def setup_schedule(self) -> None:
        super().setup_schedule()
        for entry in self.schedule.values():
            entry.last_run_at = entry.default_now() - dt.timedelta(days=1)

    def apply_entry(self, entry: ScheduleEntry, producer: Any = None) -> None:
        try:
            self.app.send_task(str(entry.task), retry=False, ignore_result=True, **(entry.options or {}))
        except Exception as error:
            logger.warning("the broker is away, doing what is due without it: %s", error)
            self._do_it_here()
        self._say_alive()

    def _say_alive(self) -> None:
        try:
            signs.say_alive(DATABASES["default"], signs.name_of(signs.BEAT))
        except Exception as error:
            logger.warning("the beat's sign of life could not be written: %s", error)

    def _do_it_here(self) -> None:
        if self._stand_in is None or self._stand_in.poll() is not None:
            self._stand_in = subprocess.Popen(
                [sys.executable, BASE_DIR / "manage.py", "run_due"], stdout=subprocess.DEVNULL
            )

    def close(self) -> None:
        """Ends its own process too, and waits: what a service manager finds when we are gone, it kills."""
        if self._stand_in is not None and self._stand_in.poll() is None:
            self._stand_in.terminate()
            self._stand_in.wait()  # it finishes the mail in hand; whoever told us to end has the last word
        with contextlib.suppress(Exception):  # the next start says so by itself
            signs.say_goodbye(DATABASES["default"], signs.name_of(signs.BEAT))
        super().close()

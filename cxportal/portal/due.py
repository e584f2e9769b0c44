"""One pass of everything that is due, each part for itself: what fails in one is no matter of the others."""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from django.db import connection

from cxportal.notifications.heartbeats import beat
from cxportal.notifications.sending import send_due
from cxportal.portal.weekly.schedules import queue_due_boards
from feedback.ladder import remind_due
from feedback.standing_in import pass_on_absences

logger = logging.getLogger(__name__)

# What there is to do besides sending mail, in this order. Each gets the instant that counts as now (None: the
# present), does what is due by then, and says how many there were.
PARTS: dict[str, Callable[[dt.datetime | None], int]] = {
    "absences": pass_on_absences,
    "reminders": remind_due,
    "weekly boards": queue_due_boards,
}


@dataclass(frozen=True)
class Part:
    """What came of one part: how many it dealt with, or the error that ended it."""

    name: str
    done: int = 0
    error: str = ""


def run_due(now: dt.datetime | None = None, *, mail_seconds: float | None = None) -> list[Part]:
    """Does what is due, and says what came of it. Two of it at once do everything once.

    `now` (aware) is the instant that counts as now for what is due; without it, it is now. Mail comes last, so
    that what the other parts queue leaves in the same pass; it ends after `mail_seconds`, without it when
    nothing is due any more.
    """
    results = [_run(name, partial(part, now)) for name, part in PARTS.items()]
    results.append(_run("mail", partial(send_due, now, seconds=mail_seconds)))
    _say_so("tick", {"done": [part.name for part in results if not part.error]})
    return results


def _run(name: str, part: Callable[[], int]) -> Part:
    started = time.monotonic()
    try:
        result = Part(name, done=part())
    except Exception as error:
        logger.exception("the part %r of what is due failed", name)
        result = Part(name, error=f"{type(error).__name__}: {error}")
        _fresh_connection()
    seconds = round(time.monotonic() - started, 2)
    _say_so(name, {"done": result.done, "error": result.error[:500], "seconds": seconds})
    return result


def _say_so(name: str, data: dict[str, object]) -> None:
    try:
        beat(name, **data)
    except Exception:
        logger.exception("the sign of life of %r could not be written", name)
        _fresh_connection()


def _fresh_connection() -> None:
    """After a failure that may have been the database's: the next part is not to inherit a dead connection."""
    if not connection.in_atomic_block:
        connection.close_if_unusable_or_obsolete()

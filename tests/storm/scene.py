"""What every scenario gets, and what several of them do."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from django.db.models.functions import Now
from django.utils import timezone

from cxportal.notifications.models import OutgoingMail
from cxportal.portal.models import BoardSchedule
from feedback.models import AnswerClock
from tests.smtp import SmtpServer
from tests.storm import actors
from tests.storm.counting import Result, time_passes, unsent
from tests.storm.house import House

SMTP_SECONDS = 0.02  # after which the mail server answers to a text
LOOK = 0.01  # seconds between two looks at something that is waited for


@dataclass
class Scene:
    """The servers, the size, and chance."""

    house: House
    mails: int
    kills: int
    chance: random.Random
    say: Callable[[str], None]

    @property
    def log(self) -> Path:
        return self.house.home / "actors.log"

    def actor(self, role: str, server: SmtpServer) -> ForkServerProcess:
        return actors.start(role, server.url, self.log)

    @contextmanager
    def crowd(
        self, server: SmtpServer, schedulers: int = 2, senders: int = 2
    ) -> Iterator[list[ForkServerProcess]]:
        """Within, so many actors are at work; whichever still lives afterwards is told to end, and does."""
        crowd = [self.actor("scheduler", server) for _ in range(schedulers)]
        crowd += [self.actor("sender", server) for _ in range(senders)]
        try:
            yield crowd
        finally:
            for one in crowd:
                one.terminate()
            for one in crowd:
                actors.ended(one, 60)

    def until_all_is_sent(self, server: SmtpServer, wanted: int, seconds: float = 600) -> None:
        """Quiet weather: two are at work until so many different mails were sent, or nothing is left that waits."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time_passes()
            with self.crowd(server, schedulers=1, senders=1):
                wait_for(lambda: nothing_due() or time.monotonic() > end, seconds)
            if unsent() == 0 and (len(set(server.message_ids())) >= wanted or nothing_due()):
                return
        self.say(f"not everything was sent within {seconds:.0f} seconds")


def nothing_due() -> bool:
    """Whatever is left waits for a later time. (A lease that ran out is due: it is to be taken back.)"""
    now = timezone.now()
    return not (
        BoardSchedule.objects.due(now).exists()
        or AnswerClock.objects.with_rung_due(now).exists()
        or OutgoingMail.objects.due(Now()).exists()
        or OutgoingMail.objects.filter(state__in=OutgoingMail.UNDER_WAY).exists()
    )


def wait_for(condition: Callable[[], bool], seconds: float) -> bool:
    """Looks until the condition holds; False when it does not in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(LOOK)
    return condition()


@contextmanager
def mail_server(delay: float = SMTP_SECONDS) -> Iterator[SmtpServer]:
    server = SmtpServer(delay=delay)
    server.start()
    try:
        yield server
    finally:
        server.stop()


Scenario = Callable[[Scene], Result]

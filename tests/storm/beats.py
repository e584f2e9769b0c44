"""The beat doubled, and the beat away over the slot of the weekly board."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils import timezone

from cxportal.lib.slots import Schedule
from cxportal.portal.due import run_due
from cxportal.portal.models import BoardSchedule, SentBoard
from tests.storm.counting import Result
from tests.storm.parts import parts
from tests.storm.scene import Scene, mail_server, nothing_due, wait_for
from tests.storm.work import DAY, HOUR, board_key, companies, mails_due, schedule_of

MAILS = 300
OF_EACH = 40


def beats(scene: Scene) -> Result:
    """Two beats tick two workers: each thing is still done once."""
    keys = mails_due(MAILS)
    result = Result("beats")
    with mail_server() as server:
        with parts(scene, server, "worker", "worker", "beat", "beat"):
            done = wait_for(lambda: len(server.accepted) >= len(keys) and nothing_due(), 300)
            result.require(done, "not everything was sent within five minutes")
        result.faults = 1
        result.count(keys, server)
    result.require(result.uncertain == 0, f"{result.uncertain} uncertain")
    result.notes.append("two beats and two workers, everything due when they start")
    return result.finish()


def friday(scene: Scene) -> Result:
    """The beat was away over the slot: it is sent when it runs again, unless the next slot is near. Never two."""
    result = Result("friday")
    now = timezone.now().replace(minute=0, second=0, microsecond=0)
    missed = {
        "yesterday": now - 26 * HOUR,
        "three weeks ago": now - 21 * DAY - 26 * HOUR,
        "nearly a week ago": now - 7 * DAY + 40 * HOUR,
    }
    late, joined = set(), set()
    for words, slot in missed.items():
        schedule = Schedule(slot.weekday(), slot.hour, "UTC")
        owners = [user for _project, some in companies(OF_EACH) for user in some]
        BoardSchedule.objects.bulk_create(schedule_of(user, schedule, slot) for user in owners)
        if words == "nearly a week ago":
            joined = {board_key(user, slot + 7 * DAY) for user in owners}
        else:
            late |= {board_key(user, missed["yesterday"]) for user in owners}
    with mail_server() as server:
        with parts(scene, server, "worker", "beat"):
            wait_for(lambda: len(server.accepted) >= len(late) and nothing_due(), 300)
        result.require(
            len(server.accepted) == len(late), f"{len(server.accepted)} sent, {len(late)} were late"
        )
        slot = missed["nearly a week ago"]
        joins = _windows(outcome="joined")
        result.require(joins == {(slot - 7 * DAY, slot + 7 * DAY)}, f"what joins is written down as {joins}")
        scene.say("the beat is back; now the slot that takes the missed one along")
        _in_this_process(server.port, slot + 7 * DAY)
        result.require(
            _windows(slot_at=slot + 7 * DAY) == {(slot - 7 * DAY, slot + 7 * DAY)}, "it tells of both weeks"
        )
        result.faults = len(missed)
        result.count(late | joined, server)
    result.require(result.twice == result.uncertain == 0, "something was sent twice or is uncertain")
    result.notes.append("missed by 26 hours, by three weeks, and with the next slot 40 hours away")
    return result.finish()


def _windows(**which: Any) -> set[tuple[dt.datetime, dt.datetime]]:
    return set(SentBoard.objects.filter(**which).values_list("window_start", "window_end"))


def _in_this_process(port: int, instant: dt.datetime) -> None:
    from django.test import override_settings

    backend = "django.core.mail.backends.smtp.EmailBackend"
    with override_settings(EMAIL_BACKEND=backend, EMAIL_HOST="127.0.0.1", EMAIL_PORT=port):
        run_due(instant)

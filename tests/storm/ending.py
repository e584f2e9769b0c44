"""SIGTERM while mail is being sent: the mail in hand is finished, the others are free again, nothing is uncertain."""

from __future__ import annotations

from cxportal.notifications.models import OutgoingMail
from tests.storm import actors
from tests.storm.counting import Result
from tests.storm.parts import SECONDS_TO_END, parts
from tests.storm.scene import Scene, mail_server, wait_for
from tests.storm.work import mails_due

MAILS = 500
SENDERS, WORKERS = 12, 3


def term(scene: Scene) -> Result:
    keys = mails_due(MAILS)
    result = Result("term")
    with mail_server() as server:
        for number in range(1, SENDERS + 1):
            one = scene.actor("scheduler", server)
            _wait_for_some(scene, server)
            one.terminate()
            actors.ended(one, SECONDS_TO_END)
            _require_nothing_in_hand(result, f"sender {number}")
        scene.say(f"{SENDERS} senders ended, {len(server.accepted)} mails so far")
        for number in range(1, WORKERS + 1):
            with parts(scene, server, "beat"), parts(scene, server, "worker") as worker:
                _wait_for_some(scene, server)
                worker.stop()
                _require_nothing_in_hand(result, f"worker {number}")
        scene.say(f"{WORKERS} workers of Celery ended, {len(server.accepted)} mails so far")
        scene.until_all_is_sent(server, len(keys))
        result.faults = SENDERS + WORKERS
        result.count(keys, server)
    result.require(result.twice == result.uncertain == 0, "something was sent twice or is uncertain")
    result.notes.append(f"{SENDERS} times a process that sends, {WORKERS} times a whole worker of Celery")
    return result.finish()


def _wait_for_some(scene: Scene, server: object) -> None:
    accepted = server.accepted  # type: ignore[attr-defined]
    goal = min(len(accepted) + scene.chance.randint(3, 25), MAILS)
    wait_for(lambda: len(accepted) >= goal, 90)


def _require_nothing_in_hand(result: Result, who: str) -> None:
    left = OutgoingMail.objects.filter(state__in=OutgoingMail.UNDER_WAY).count()
    result.require(left == 0, f"{who} left {left} mails in hand")

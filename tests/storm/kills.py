"""Two schedulers and two senders at a time, each killed at a moment chosen by chance, until all of it was enough."""

from __future__ import annotations

import signal
import time

from tests.smtp import SmtpServer
from tests.storm.counting import MOST_UNCERTAIN, Result, time_passes
from tests.storm.scene import LOOK, Scene, mail_server
from tests.storm.work import mails_due

SCHEDULERS, SENDERS = 2, 2
SHORTEST, LONGEST = 0.2, 60.0  # seconds an actor lives, on average


def kills(scene: Scene) -> Result:
    result = Result("kills")
    scene.say(f"making {scene.mails} mails due")
    keys = mails_due(scene.mails)
    result = Result("kills")  # the time begins here
    killed, rounds, lived = 0, 0, 0.0
    with mail_server() as server:
        while killed < scene.kills and len(set(server.message_ids())) < len(keys):
            rounds += 1
            average = _lifetime(len(keys), killed, scene.kills, lived, server)
            killed_now, lived_now = _round(scene, server, average)
            killed, lived = killed + killed_now, lived + lived_now
            time_passes()
            scene.say(
                f"round {rounds}: {killed} kills, {len(set(server.message_ids()))} of {len(keys)} mails sent,"
                f" actors live {average:.1f} s"
            )
        scene.until_all_is_sent(server, len(keys))
        result.faults = killed
        result.count(keys, server)
    result.require(killed >= scene.kills, f"only {killed} kills before all was sent")
    most = MOST_UNCERTAIN * result.mails * killed / 100
    result.require(
        result.uncertain < most, f"{result.uncertain} uncertain, fewer than {most:.0f} are allowed"
    )
    result.notes.append(f"{SCHEDULERS} schedulers and {SENDERS} senders at a time, {rounds} rounds")
    return result.finish()


def _lifetime(mails: int, killed: int, wanted: int, lived: float, server: SmtpServer) -> float:
    """So long that the mails and the kills end together, by how fast it went so far."""
    sent = len(set(server.message_ids()))
    if not lived or not sent:
        return 4.0
    mails_of_a_life = 0.95 * (mails - sent) / (wanted - killed)
    return min(max(mails_of_a_life * lived / sent, SHORTEST), LONGEST)


def _round(scene: Scene, server: SmtpServer, average: float) -> tuple[int, float]:
    """All of a crowd live and are killed. Returns how many were, and how long they lived together."""
    killed, lived = 0, 0.0
    with scene.crowd(server, SCHEDULERS, SENDERS) as crowd:
        began = time.monotonic()
        dies_at = {one: began + scene.chance.uniform(0, 2 * average) for one in crowd}
        while dies_at:
            for one, moment in list(dies_at.items()):
                if time.monotonic() >= moment:
                    one.kill()
                    one.join(30)
                    killed += one.exitcode == -signal.SIGKILL
                    lived += time.monotonic() - began
                    del dies_at[one]
            time.sleep(LOOK)
    return killed, lived

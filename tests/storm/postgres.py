"""PostgreSQL stopped immediately while mail is being sent, and started again."""

from __future__ import annotations

import time

from django.db import connection

from tests.storm.counting import Result
from tests.storm.scene import Scene, mail_server, wait_for
from tests.storm.work import mails_due

STOPS = 6
MAILS = 600


def postgres(scene: Scene) -> Result:
    keys = mails_due(MAILS)
    result = Result("postgres")
    with mail_server() as server:
        with scene.crowd(server):
            for number in range(1, STOPS + 1):
                goal = len(server.accepted) + scene.chance.randint(10, 60)
                wait_for(lambda goal=goal: len(server.accepted) >= goal, 60)  # type: ignore[misc]
                away = scene.chance.uniform(0.2, 6)
                connection.close()
                scene.house.stop_database_immediately()
                time.sleep(away)
                scene.house.start_database()
                scene.say(f"stop {number}: {len(server.accepted)} mails so far, away for {away:.1f} s")
        scene.until_all_is_sent(server, len(keys))
        result.faults = STOPS
        result.count(keys, server)
    result.notes.append(f"{STOPS} immediate stops of 0.2 to 6 s under two schedulers and two senders")
    return result.finish()

"""A mail server that is not there, turns us away, refuses some, falls silent, and loses connections."""

from __future__ import annotations

from cxportal.notifications.models import MailAttempt, OutgoingMail
from tests.smtp import SmtpServer
from tests.storm.counting import Result, time_passes
from tests.storm.scene import Scene, mail_server, nothing_due, wait_for
from tests.storm.work import mails_due

MAILS = 150
SLOW = 2.0  # seconds for each answer to a text
# What the server does to how many recipients, and whether the mail is uncertain afterwards.
AT_RCPT = {"550 no such person": 1, "450 come back later": 5, "452 mailbox full": 2, "drop": 3, "hang": 1}
AT_DATA = {"554 refused": 1, "451 busy": 3, "drop": 3, "take and drop": 3, "hang": 1}
FINAL = ("550 no such person", "554 refused")
UNCERTAIN_AFTER = ("drop", "take and drop", "hang")


def smtp(scene: Scene) -> Result:
    keys = mails_due(MAILS)
    result = Result("smtp")
    with mail_server() as server:
        _turned_away(scene, server)
        _misbehave(scene, server)
        scene.say("the server misbehaves: it hangs for as long as the portal's own time limits, up to 90 s")
        _passes(scene, server)
        uncertain = OutgoingMail.objects.filter(state="uncertain").count()
        wanted = sum(AT_DATA[what] for what in UNCERTAIN_AFTER)
        result.require(uncertain == wanted, f"{uncertain} uncertain, {wanted} were to be")
        server.rcpt.clear()
        server.data.clear()
        server.messages_per_connection = 7
        scene.say("the server behaves, but wants a new connection after 7 mails")
        time_passes(5)
        scene.until_all_is_sent(server, MAILS - len(FINAL))
        failed = set(OutgoingMail.objects.filter(state="failed").values_list("dedupe_key", flat=True))
        result.require(len(failed) == len(FINAL), f"{len(failed)} failed, {len(FINAL)} were refused for good")
        result.faults = 2 + sum(AT_RCPT.values()) + sum(AT_DATA.values())
        result.count(keys - failed, server)
    result.require(result.twice == AT_DATA["take and drop"], "twice is only what was taken before the drop")
    result.notes.append(
        "the uncertain ones are those whose connection was lost after the text: all are meant to be"
    )
    return result.finish()


def _turned_away(scene: Scene, server: SmtpServer) -> None:
    """Nobody listens; then a greeting that sends us away. Each costs one mail a try, and the others nothing."""
    server.stop()
    _until_tried(scene, server, 1)
    server.start()
    server.greeting = "421 no service here today"
    time_passes()
    _until_tried(scene, server, 2)
    server.greeting = ""
    time_passes()
    scene.say("turned away twice")


def _until_tried(scene: Scene, server: SmtpServer, times: int) -> None:
    with scene.crowd(server, schedulers=1, senders=0):
        wait_for(lambda: MailAttempt.objects.count() >= times and OutgoingMail.objects.count() == MAILS, 120)


def _misbehave(scene: Scene, server: SmtpServer) -> None:
    people = list(OutgoingMail.objects.order_by("?").values_list("to", flat=True).distinct())
    scene.chance.shuffle(people)
    alone = iter([to for to in people if OutgoingMail.objects.filter(to=to).count() == 1])
    for faults, where in ((AT_RCPT, server.rcpt), (AT_DATA, server.data)):
        for what, number in faults.items():
            for _ in range(number):
                where[next(alone)] = what


def _passes(scene: Scene, server: SmtpServer) -> None:
    with scene.crowd(server, schedulers=1, senders=2):
        wait_for(nothing_due, 300)

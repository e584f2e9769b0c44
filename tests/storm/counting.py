"""What a scenario came to, counted at the mail server by Message-ID and in the tables by key."""

from __future__ import annotations

import datetime as dt
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

from django.db.models import Count, F

from cxportal.notifications.mail import message_id_for
from cxportal.notifications.models import MailAttempt, OutgoingMail
from tests.smtp import SmtpServer

MOST_UNCERTAIN = 1 / 40  # of the mails, for each 100 kills


@dataclass
class Result:
    """A line of the table. `missed` says in words what was not as it must be."""

    scenario: str
    mails: int = 0
    faults: int = 0  # kills, stops, signals: what was done to it
    lost: int = 0
    twice: int = 0  # accepted more than once
    unexplained: int = 0  # twice, and never uncertain
    uncertain: int = 0
    seconds: float = 0
    notes: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic, repr=False)

    @property
    def share(self) -> float:
        """Uncertain mails in the mails, for each 100 faults."""
        return self.uncertain / self.mails / self.faults * 100 if self.mails and self.faults else 0.0

    def require(self, holds: bool, words: str) -> None:
        if not holds:
            self.missed.append(words)

    def count(self, keys: set[str], server: SmtpServer) -> None:
        """Compares what had to be sent with what the server took and what the tables say."""
        copies = Counter(server.message_ids())
        wanted = {message_id_for(key) for key in keys}
        uncertain = set(
            OutgoingMail.objects.filter(attempts__outcome=MailAttempt.Outcome.UNCERTAIN)
            .distinct()
            .values_list("message_id", flat=True)
        )
        twice = {message_id for message_id, number in copies.items() if number > 1}
        self.mails = len(keys)
        self.lost = len(wanted - copies.keys())
        self.twice = len(twice)
        self.unexplained = len(twice - uncertain)
        self.uncertain = len(uncertain)
        rows = Counter(OutgoingMail.objects.filter(dedupe_key__in=keys).values_list("state", flat=True))
        self.require(self.lost == 0, f"{self.lost} lost")
        self.require(self.unexplained == 0, f"{self.unexplained} twice without having been uncertain")
        self.require(not copies.keys() - wanted, "mails nobody expected")
        why = set(
            OutgoingMail.objects.filter(dedupe_key__in=keys, state="failed").values_list("reason", flat=True)
        )
        self.require(rows == {"sent": len(keys)}, f"states of the rows: {dict(rows)} {sorted(why) or ''}")
        people = Counter(server.recipients())
        self.require(
            sum(people.values()) == sum(copies.values()),
            "the server's own books do not agree with themselves",
        )

    def finish(self) -> Result:
        self.seconds = round(time.monotonic() - self.started, 1)
        return self

    def as_json(self) -> dict[str, Any]:
        values = asdict(self)
        del values["started"]
        return {**values, "share": round(self.share, 4), "met": not self.missed}


def time_passes(hours: float = 1) -> None:
    """Leases run out and pauses end: their times move back, instead of the storm waiting for them.

    Only while no worker lives; a worker that is at it would lose its claim.
    """
    span = dt.timedelta(hours=hours)
    OutgoingMail.objects.exclude(lease_until=None).update(lease_until=F("lease_until") - span)
    OutgoingMail.objects.unsent().update(due_at=F("due_at") - span)


def unsent() -> int:
    return OutgoingMail.objects.unsent().count()


def states() -> dict[str, int]:
    rows = OutgoingMail.objects.values_list("state").annotate(Count("pk")).order_by("state")
    return dict(rows)


HEAD = (
    "| scenario | mails | faults | lost | twice | uncertain | per 100 kills | seconds | bar |\n"
    "|---|---|---|---|---|---|---|---|---|"
)


def line(result: Result) -> str:
    """A line of the table, as Markdown."""
    share = f"1 in {1 / result.share:.0f}" if result.share and result.scenario == "kills" else "–"
    verdict = "met" if not result.missed else "MISSED"
    return (
        f"| {result.scenario} | {result.mails} | {result.faults} | {result.lost} | {result.twice}"
        f" | {result.uncertain} | {share} | {result.seconds:.0f} | {verdict} |"
    )

"""The page *System* of the administration: how the installation is, in lines that say what to do.

A constant number of queries, however much is stored: what is unsent and open is counted by partial indexes, of
the rest only the latest.
"""

from __future__ import annotations

import datetime as dt
import platform
import shutil
from dataclasses import dataclass
from typing import Any

import django
from django.conf import settings
from django.db import connection
from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cxportal import __version__
from cxportal.lib.signs import BEAT, WORKER
from cxportal.notifications.heartbeats import BACKUP
from cxportal.notifications.models import OutgoingMail
from cxportal.portal.health import checks
from cxportal.portal.health.checks import Check, span
from cxportal.portal.health.facts import Facts, Sign, facts_here
from cxportal.portal.health.redis import RedisFacts, redis_facts
from feedback.models import AnswerClock

LATEST_MAILS = 10_000
QUEUE_LIMIT = 100  # a tick each minute, and a hint for mail: more than this means nobody takes them
BACKUP_AGE = dt.timedelta(hours=26)  # one a day, which takes some time
DISK_SHARE, DISK_BYTES = 0.10, 2 * 1024**3


@dataclass(frozen=True)
class Line:
    """One thing: `state` is "good", "bad", or "" for what only tells."""

    title: str
    value: str
    state: str = ""
    advice: str = ""
    url: str = ""  # the name of a page of the admin that shows more, and a query

    @property
    def address(self) -> str:
        name, mark, query = self.url.partition("?")
        return f"{reverse(name)}{mark}{query}"


@dataclass(frozen=True)
class Section:
    title: str
    lines: list[Line]


@dataclass(frozen=True)
class System:
    sections: list[Section]

    @property
    def bad(self) -> int:
        return sum(line.state == "bad" for section in self.sections for line in section.lines)


def system() -> System:
    """All of it, for a reader who is an administrator."""
    facts, redis = facts_here(), redis_facts()
    work = {check.name: check for check in checks.checks_of_the_work(facts)}
    return System(
        [
            Section(_("Mail"), [_of(_("Outgoing mail"), work["mail"], MAILS), *_mail_lines()]),
            Section(_("Answers"), _answer_lines(facts)),
            Section(
                _("Background work"),
                [
                    _of(_("Workers"), work["workers"], SIGNS),
                    *_processes(facts, WORKER),
                    _of(_("Beat"), work["beat"], SIGNS),
                    *_processes(facts, BEAT),
                    _of(_("Reminders"), work["reminders"]),
                    _of(_("Weekly boards"), work["weekly_boards"]),
                    *_redis_lines(redis),
                ],
            ),
            Section(_("Data"), [_backup_line(facts), _disk_line(), _of(_("Migrations"), _migrations(facts))]),
            Section(_("Versions"), _versions(redis)),
        ]
    )


MAILS = "admin:notifications_outgoingmail_changelist"
SIGNS = "admin:notifications_heartbeat_changelist"
CLOCKS = "admin:feedback_answerclock_changelist"


def _of(title: str, check: Check, url: str = "") -> Line:
    return Line(title, check.reason, "good" if check.is_ok else "bad", check.advice, url)


def _mail_lines() -> list[Line]:
    State = OutgoingMail.State
    unsent = OutgoingMail.objects.unsent().order_by().values_list("state").annotate(Count("pk"))
    latest = OutgoingMail.objects.order_by("-pk").values("pk")[:LATEST_MAILS]
    recent = OutgoingMail.objects.filter(pk__in=latest).order_by().values_list("state").annotate(Count("pk"))
    failed = OutgoingMail.objects.filter(
        pk__in=latest, state=State.FAILED, created_at__gte=timezone.now() - dt.timedelta(days=1)
    ).count()
    return [
        Line(_("Not sent yet"), _by_state(dict(unsent)), url=MAILS),
        Line(_("The latest %d") % LATEST_MAILS, _by_state(dict(recent)), url=MAILS),
        Line(
            _("Failed since yesterday"),
            str(failed),
            "bad" if failed else "good",
            _("Each says why; send it again when that is mended.") if failed else "",
            f"{MAILS}?state__exact=failed",
        ),
    ]


def _by_state(counts: dict[str, int]) -> str:
    named = [f"{state.label}: {counts[state]}" for state in OutgoingMail.State if counts.get(state)]
    return ", ".join(named) or _("none")


def _answer_lines(facts: Facts) -> list[Line]:
    counts = AnswerClock.objects.running().aggregate(
        open=Count("pk"), late=Count("pk", filter=Q(due_at__lt=facts.now))
    )
    late = counts["late"]
    return [
        Line(_("Questions that wait for an answer"), str(counts["open"]), url=CLOCKS),
        Line(
            _("Answers that are late"),
            str(late),
            "bad" if late else "good",
            _("Their managers were reminded. Are they at work?") if late else "",
            CLOCKS,
        ),
    ]


def _processes(facts: Facts, kind: str) -> list[Line]:
    return [
        Line(sign.name.partition(":")[2], _("last sign of life %s ago") % span(facts.now - sign.at))
        for sign in facts.signs_of(kind)[:20]
    ]


def _redis_lines(redis: RedisFacts) -> list[Line]:
    line = _of(_("Redis"), checks.redis_check(redis.is_there))
    if not redis.is_there:
        return [line, Line(_("Tasks in the queue"), _("unknown while Redis is away"))]
    full = redis.queued > QUEUE_LIMIT
    return [
        line,
        Line(
            _("Tasks in the queue"),
            ngettext("%d waits", "%d wait", redis.queued) % redis.queued
            + ", "
            + ngettext("%d in hand", "%d in hand", redis.taken) % redis.taken,
            "bad" if full else "good",
            _("The workers do not keep up: look at their log, or raise WORKER_PROCESSES.") if full else "",
        ),
    ]


def _backup_line(facts: Facts) -> Line:
    title = _("Last backup")
    advice = _("Make one: script/manage backup. See docs/operators/backup.md.")
    sign = facts.sign(BACKUP)
    if sign is None:
        return Line(title, _("none yet"), "bad", advice)
    age = facts.now - sign.at
    missing = int(sign.data.get("missing") or 0)
    if missing:
        advice = _("Files that the database names are gone from the storage: the backup's list names them.")
    verified = bool(sign.data.get("verified"))
    good = age <= BACKUP_AGE and verified and not missing
    return Line(title, _told(sign, age, verified), "good" if good else "bad", "" if good else advice)


def _told(sign: Sign, age: dt.timedelta, verified: bool) -> str:
    return ", ".join(
        [
            _("%s ago") % span(age),
            date_format(timezone.localtime(sign.at), "DATETIME_FORMAT"),
            size(int(sign.data.get("bytes") or 0)),
            _("read back and right") if verified else _("not verified"),
        ]
    )


def _disk_line() -> Line:
    try:
        disk = shutil.disk_usage(settings.PORTAL_HOME)
    except OSError:
        return Line(_("Disk"), _("PORTAL_HOME cannot be read"), "bad", _("Is the disk mounted?"))
    little = disk.free < DISK_BYTES or disk.free < disk.total * DISK_SHARE
    return Line(
        _("Disk"),
        _("%(free)s of %(total)s free") % {"free": size(disk.free), "total": size(disk.total)},
        "bad" if little else "good",
        _("Make room: old backups, the logs, or a larger disk.") if little else "",
    )


def _migrations(facts: Facts) -> Check:
    return checks.migrations_check(facts)


def _versions(redis: RedisFacts) -> list[Line]:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        postgresql = cursor.fetchone()[0].split(" ")[0]
    told: list[tuple[str, Any]] = [
        ("CX Portal", __version__),
        ("Python", platform.python_version()),
        ("Django", django.get_version()),
        ("PostgreSQL", postgresql),
        ("Redis", redis.version or "–"),
    ]
    return [Line(name, str(version)) for name, version in told]


def size(number: int) -> str:
    """A number of bytes in its unit: "12 MB"."""
    value = float(number)
    for unit in (_("B"), _("kB"), _("MB"), _("GB")):
        if value < 1024:
            return f"{value:.0f} {unit}"
        value /= 1024
    terabytes = _("TB")
    return f"{value:.1f} {terabytes}"

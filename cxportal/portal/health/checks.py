"""Judges the facts: what is well, what is not, what to do. The limits are told in docs/operators/health.md."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg2
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cxportal.lib.asking import NoAnswer
from cxportal.lib.signs import BEAT, WORKER
from cxportal.notifications.models import MailAttempt
from cxportal.portal.health.facts import Facts, Sign, facts_quickly
from cxportal.portal.health.redis import is_redis_there

WORKER_SILENT = dt.timedelta(minutes=2)  # a sign each half minute
BEAT_SILENT = dt.timedelta(minutes=3)  # a sign each minute
PASS_SILENT = dt.timedelta(minutes=10)  # a pass each minute, which may take some
MAIL_NOT_TAKEN = dt.timedelta(minutes=5)
MAIL_NOT_ACCEPTED = dt.timedelta(minutes=30)
MAIL_UNSENT = dt.timedelta(hours=24)  # one mailbox that is full is no fault of ours
SWEEP_LAG = dt.timedelta(minutes=10)


@dataclass(frozen=True)
class Check:
    """`reason` says what was seen, `advice` what to do where it is not well; both in the reader's language."""

    name: str
    is_ok: bool
    reason: str
    advice: str = ""


def look() -> list[Check]:
    """All checks, within two seconds whatever is away."""
    try:
        facts = facts_quickly()
    except (NoAnswer, psycopg2.Error):
        unknown = _("unknown while the database is away")
        return [
            Check("database", False, _("no answer"), _("Start PostgreSQL; look into its log.")),
            redis_check(is_redis_there()),
            *[Check(name, False, unknown) for name in ("migrations", *OF_THE_WORK)],
        ]
    return [
        Check("database", True, _("answers")),
        redis_check(is_redis_there()),
        migrations_check(facts),
        *checks_of_the_work(facts),
    ]


OF_THE_WORK = ("workers", "beat", "mail", "reminders", "weekly_boards")


def redis_check(is_there: bool) -> Check:
    advice = _("Start Redis. Until then nothing is lost: the beat does what is due by itself, once a minute.")
    return Check("redis", is_there, _("answers") if is_there else _("no answer"), "" if is_there else advice)


def migrations_check(facts: Facts) -> Check:
    number = len(facts.pending_migrations)
    if not number:
        return Check("migrations", True, _("all applied"))
    reason = ngettext("%d is not applied", "%d are not applied", number) % number
    return Check("migrations", False, reason, _("Run script/manage migrate."))


def checks_of_the_work(facts: Facts) -> list[Check]:
    if facts.pending_migrations and not facts.signs:
        return [Check(name, False, _("unknown before the migrations")) for name in OF_THE_WORK]
    return [
        _process("workers", facts, WORKER, WORKER_SILENT),
        _process("beat", facts, BEAT, BEAT_SILENT),
        mail_check(facts),
        _sweep("reminders", facts, "reminders", facts.reminder_due_at),
        _sweep("weekly_boards", facts, "weekly boards", facts.board_due_at),
    ]


def _process(name: str, facts: Facts, kind: str, limit: dt.timedelta) -> Check:
    advice = _("Start it: see “In production” in docs/operators/running.md.")
    signs = facts.signs_of(kind)
    if not signs:
        return Check(name, False, _("no sign of life yet"), advice)
    fresh = [sign for sign in signs if facts.now - sign.at <= limit]
    reason = _("last sign of life %s ago") % span(facts.now - signs[0].at)
    if len(fresh) > 1:
        reason = ngettext("%d at work", "%d at work", len(fresh)) % len(fresh)
    return Check(name, bool(fresh), reason, "" if fresh else advice)


def mail_check(facts: Facts) -> Check:
    """Nobody takes mail, the mail server accepts none, or one has been waiting for a day."""
    now = facts.now
    if trouble := next(_trouble_of_pass(facts, facts.sign("mail")), None):
        return Check("mail", False, *trouble)
    if facts.due_mail_at and now - facts.due_mail_at > MAIL_NOT_TAKEN:
        reason = _("the oldest has been due for %s") % span(now - facts.due_mail_at)
        return Check("mail", False, reason, _("Look whether the workers keep up."))
    age = now - facts.unsent_mail_at if facts.unsent_mail_at else dt.timedelta()
    reason = _("the oldest has been waiting for %s") % span(age) if facts.unsent_mail_at else _("none waits")
    accepted = MailAttempt.Outcome.SENT in facts.last_tries
    if age > MAIL_NOT_ACCEPTED and not accepted:
        return Check(
            "mail",
            False,
            _("the mail server has accepted none of the last tries; %s") % reason,
            _("Look at the attempts of the waiting mails: they hold the mail server's answer."),
        )
    if age > MAIL_UNSENT:
        return Check("mail", False, reason, _("Look at the waiting mails: is an address wrong?"))
    return Check("mail", True, reason)


def _sweep(name: str, facts: Facts, part: str, due_at: dt.datetime | None) -> Check:
    if trouble := next(_trouble_of_pass(facts, facts.sign(part)), None):
        return Check(name, False, *trouble)
    if due_at and facts.now - due_at > SWEEP_LAG:
        reason = _("the oldest has been due for %s") % span(facts.now - due_at)
        return Check(name, False, reason, _("Look into the log of the workers."))
    return Check(name, True, _("nothing is late"))


def _trouble_of_pass(facts: Facts, sign: Sign | None) -> Iterator[tuple[str, str]]:
    """(reason, advice), where the last pass is too long ago or failed."""
    if sign is None:
        yield _("no pass yet"), _("Is a worker running, and the beat? A pass comes each minute.")
    elif facts.now - sign.at > PASS_SILENT:
        reason = _("the last pass was %s ago") % span(facts.now - sign.at)
        yield reason, _("Is a worker running, and the beat? A pass comes each minute.")
    elif sign.data.get("error"):
        yield _("the last pass failed"), _("The log of the workers says why.")


def span(time: dt.timedelta) -> str:
    """A span of time in its largest unit: "3 min", "2 h", "4 d"."""
    seconds = max(0, round(time.total_seconds()))
    for size, words in ((86_400, _("%d d")), (3_600, _("%d h")), (60, _("%d min"))):
        if seconds >= size:
            return words % (seconds // size)
    return _("%d s") % seconds

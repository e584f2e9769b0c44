"""What comes after a try that came to nothing, whether its worker said so or died of it."""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from typing import Any

from django.db import transaction
from django.db.models import Min
from django.db.models.functions import Now
from django.utils.translation import gettext_noop

from cxportal.notifications import events
from cxportal.notifications.claims import database_time
from cxportal.notifications.models import MailAttempt, OutgoingMail
from cxportal.notifications.retry import GIVE_UP_AFTER, Severity, pause

logger = logging.getLogger(__name__)

State = OutgoingMail.State
Outcome = MailAttempt.Outcome

_MOST = 1000  # a pass


def sweep_leases() -> int:
    """Takes back the mails of workers that died, and returns how many.

    Not yet handed over: waiting again. While being handed over: uncertain, to be sent again after a pause with
    the same Message-ID.
    """
    with transaction.atomic():
        lost = list(
            OutgoingMail.objects.select_for_update(skip_locked=True)
            .filter(state__in=OutgoingMail.UNDER_WAY, lease_until__lt=Now())
            .order_by("due_at", "pk")[:_MOST]
        )
        if not lost:
            return 0
        seen: set[uuid.UUID | None] = set()
        for mail in lost:
            if mail.state == State.HANDING_OVER:
                detail = gettext_noop("the worker was lost while handing it over")
                _take_back(mail, Severity.UNCERTAIN, Outcome.UNCERTAIN, detail)
            elif mail.token not in seen:
                # A worker takes its mails in this order, so it was this one's turn. Should it be what kills
                # workers, the others are not to wait behind it.
                detail = gettext_noop("the worker was lost before handing it over")
                _take_back(mail, Severity.QUICK, Outcome.TEMPORARY, detail)
            else:
                OutgoingMail.objects.filter(pk=mail.pk).update(state=State.QUEUED, lease_until=None)
            seen.add(mail.token)
    logger.warning("took back %d mails of workers that were lost", len(lost))
    return len(lost)


def next_try(mail: OutgoingMail, severity: Severity, detail: str) -> tuple[State, dict[str, Any]]:
    """The state after a try that came to nothing, and what changes with it: tried again later, or given up."""
    now = database_time()
    due_at = now + pause(severity, mail.attempt_count + 1)
    if due_at > _deadline(mail, now):
        return State.FAILED, {"reason": detail[:300]}
    state = State.UNCERTAIN if severity is Severity.UNCERTAIN else State.QUEUED
    return state, {"reason": detail[:300], "due_at": due_at}


def tell_of_failure(mail: OutgoingMail) -> None:
    """Records that a mail will not arrive, in the transaction that says so."""
    events.record("mail.failed", is_internal=True, mail=mail.pk, mail_kind=mail.kind)


def _deadline(mail: OutgoingMail, now: dt.datetime) -> dt.datetime:
    if mail.give_up_at is not None:
        return mail.give_up_at
    first: dt.datetime = mail.attempts.aggregate(at=Min("at"))["at"] or now
    return first + GIVE_UP_AFTER


def _take_back(mail: OutgoingMail, severity: Severity, outcome: Outcome, detail: str) -> None:
    state, changes = next_try(mail, severity, detail)
    OutgoingMail.objects.filter(pk=mail.pk).update(
        state=state, lease_until=None, attempt_count=mail.attempt_count + 1, **changes
    )
    MailAttempt.objects.create(mail=mail, at=Now(), outcome=outcome, detail=detail)
    if state == State.FAILED:
        tell_of_failure(mail)

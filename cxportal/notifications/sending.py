"""Sends what is due: claim, check, render, hand over, record. docs/reliability.md has the whole way of a mail.

Each state is changed by one UPDATE that names the token of the claim. A worker that lost its claim changes
nothing any more; a worker that dies leaves a lease that `sweep_leases` finds expired.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import os
import signal
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Iterator
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import Count, F, Min
from django.db.models.functions import Now
from django.utils import timezone, translation
from django.utils.translation import gettext_noop

from cxportal.notifications import events
from cxportal.notifications.mail import MailKind, Rendered, kind_of, one_line
from cxportal.notifications.message import build, headers_of
from cxportal.notifications.models import MailAttempt, OutgoingMail
from cxportal.notifications.outlet import NotOurs, NotSent, Outlet, Unclear, open_outlet
from cxportal.notifications.retry import GIVE_UP_AFTER, Severity, pause

logger = logging.getLogger(__name__)

BATCH = 50
State = OutgoingMail.State
Outcome = MailAttempt.Outcome


def send_due(
    now: dt.datetime | None = None, *, limit: int | None = None, seconds: float | None = None
) -> int:
    """Sends the mails whose time has come, the longest due first, and returns how many were accepted.

    `now` (aware) is what counts as now for what is due; without it the database's clock. Stops after `limit`
    mails, after `seconds`, when the server cannot be reached, or when the process is asked to end (the mail in
    hand is finished first). Safe to run any number of times at once. Raises when the database is gone.
    """
    sweep_leases()
    ends_at = time.monotonic() + seconds if seconds is not None else float("inf")
    run = _Pass(now)
    with _told_to_stop() as stopping:
        try:
            left = limit
            while not stopping() and not run.is_blocked and time.monotonic() < ends_at:
                size = BATCH if left is None else min(BATCH, left)
                batch = run.claim(size) if size > 0 else []
                if not batch:
                    break
                if left is not None:
                    left -= len(batch)
                run.send(batch, lambda: stopping() or time.monotonic() >= ends_at)
        finally:
            run.outlet.close()
    return run.sent


def sweep_leases() -> int:
    """Takes back the mails of workers that died, and returns how many.

    Not yet handed over: waiting again. While being handed over: uncertain, to be sent again after a pause with
    the same Message-ID.
    """
    with transaction.atomic():
        lost = list(
            OutgoingMail.objects.select_for_update(skip_locked=True)
            .filter(state__in=OutgoingMail.UNDER_WAY, lease_until__lt=Now())
            .order_by("lease_until")[:1000]
        )
        if not lost:
            return 0
        recorded: dict[int, int] = dict(
            MailAttempt.objects.filter(mail__in=lost).values_list("mail").annotate(Count("pk"))
        )
        for mail in lost:
            if mail.state == State.HANDING_OVER:
                detail = gettext_noop("the worker was lost while handing it over")
                _take_back(mail, Severity.UNCERTAIN, Outcome.UNCERTAIN, detail)
            elif mail.attempt_count > recorded.get(mail.pk, 0):
                # It was this mail's turn: should it be what kills workers, the others are not to wait behind it.
                detail = gettext_noop("the worker was lost before handing it over")
                _take_back(mail, Severity.QUICK, Outcome.TEMPORARY, detail)
            else:
                OutgoingMail.objects.filter(pk=mail.pk).update(state=State.QUEUED, lease_until=None)
    logger.warning("took back %d mails of workers that were lost", len(lost))
    return len(lost)


def database_time() -> dt.datetime:
    """The database's clock, aware."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        (now,) = cursor.fetchone()
    return now


class _Pass:
    """One run of `send_due`: its connection to the mail server, and its claims."""

    def __init__(self, now: dt.datetime | None) -> None:
        self.now = now
        self.outlet: Outlet = open_outlet()
        self.token = uuid.uuid4()
        self.sent = 0
        self.is_blocked = False  # the mail server cannot be reached
        # With `now` in the future a mail that is to be tried again in a minute is due already: not twice a pass.
        self.tried: list[int] = []
        self.begun = 0  # the mail whose try is counted already

    def claim(self, size: int) -> list[int]:
        """Takes up to `size` due mails for this pass alone, and commits that."""
        with transaction.atomic():
            # Two statements on purpose: as one UPDATE with a subquery the planner may run the subquery again
            # for each row, and lock more than LIMIT says.
            due = OutgoingMail.objects.due(self.now or Now())
            if self.now is not None:
                due = due.exclude(pk__in=self.tried)
            ids = list(
                due.select_for_update(skip_locked=True)
                .order_by("due_at", "pk")
                .values_list("pk", flat=True)[:size]
            )
            OutgoingMail.objects.filter(pk__in=ids).update(
                state=State.CLAIMED, token=self.token, lease_until=_lease()
            )
        return ids

    def send(self, batch: list[int], stopping: Callable[[], bool]) -> None:
        """Sends the claimed mails one by one; gives back those it does not come to."""
        for position, pk in enumerate(batch):
            if stopping() or self.is_blocked:
                self._ours(batch[position:], State.CLAIMED).update(state=State.QUEUED, lease_until=None)
                return
            if self.now is not None:
                self.tried.append(pk)
            self._send_one(pk)

    def _ours(self, pks: list[int], *states: State) -> Any:
        return OutgoingMail.objects.filter(pk__in=pks, token=self.token, state__in=states)

    def _send_one(self, pk: int) -> None:
        mail = self._begin(pk)
        if mail is None:
            return
        try:
            headers, text, html = self._content(mail)
            message = build(headers, text=text, html=html)
        except Exception as error:
            self._broken(mail, error)
            return
        stored: dict[str, Any] = {}
        if not mail.is_secret:
            stored = {"subject": headers["Subject"][:300], "text": text, "html": html, "headers": headers}

        def mark() -> bool:
            changes = {"state": State.HANDING_OVER, "lease_until": _lease(), **stored}
            return bool(self._ours([pk], State.CLAIMED).update(**changes))

        try:
            answer = self.outlet.hand_over(message, mark)
        except NotOurs:
            logger.warning("mail %d was taken by another worker", pk)
        except NotSent as refusal:
            self.is_blocked = refusal.stops
            if refusal.severity is Severity.PERMANENT:
                self._fail(mail, Outcome.PERMANENT, refusal.detail, **stored)
            else:
                self._try_again(mail, refusal.severity, refusal.detail)
        except Unclear as unclear:
            self._try_again(mail, Severity.UNCERTAIN, unclear.detail)
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:
            self._broken(mail, error)
        else:
            self._accepted(mail, answer)

    def _begin(self, pk: int) -> OutgoingMail | None:
        """Asks once more whether the recipient may still get it. None when it ends here."""
        mail = OutgoingMail.objects.select_related("recipient").filter(pk=pk).first()
        if mail is None:
            return None
        try:
            kind = kind_of(mail)
        except KeyError:
            # Queued by a newer version of the portal than this worker's, or by one that is no more.
            detail = gettext_noop("nothing here knows how to write a mail of this kind")
            self._try_again(mail, Severity.SLOW, detail)
            return None
        if mail.give_up_at and mail.give_up_at <= (self.now or database_time()):
            self._fail(mail, Outcome.PERMANENT, gettext_noop("too late: its time to be sent is over"))
            return None
        try:
            with transaction.atomic():
                # The kind's own rows are locked first and the mail last, as where an action queues a mail.
                why_not = str(kind.why_not(mail))
                if why_not:
                    self._record(mail, State.SUPPRESSED, Outcome.SUPPRESSED, why_not, reason=why_not[:300])
                    return None
                begun = self._ours([pk], State.CLAIMED).update(
                    attempt_count=F("attempt_count") + 1, lease_until=_lease()
                )
        except Exception as error:
            self._broken(mail, error)
            return None
        mail.attempt_count += 1
        self.begun = pk
        return mail if begun else None

    def _content(self, mail: OutgoingMail) -> tuple[dict[str, str], str, str]:
        """Headers, text and HTML. A mail that may have arrived is sent again as it was, not as it would be now."""
        if mail.text and mail.headers and mail.attempts.filter(outcome=Outcome.UNCERTAIN).exists():
            return mail.headers, mail.text, mail.html
        rendered = render(mail)
        return headers_of(mail, rendered), rendered.text, rendered.html

    # What came of it. Each is one short transaction, and changes the mail only where it is still ours.

    def _accepted(self, mail: OutgoingMail, answer: str) -> None:
        self.sent += 1
        # The server has it, and only we know: a database that is away for a moment must not make it uncertain.
        _insist(lambda: self._record(mail, State.SENT, Outcome.SENT, answer, reason="", sent_at=Now()))

    def _try_again(self, mail: OutgoingMail, severity: Severity, detail: str) -> None:
        uncertain = severity is Severity.UNCERTAIN
        outcome = Outcome.UNCERTAIN if uncertain else Outcome.TEMPORARY

        def record() -> None:
            state, changes = _next_try(mail, severity, detail)
            self._record(mail, state, outcome, detail, **changes)

        _insist(record)

    def _fail(self, mail: OutgoingMail, outcome: Outcome, detail: str, **stored: Any) -> None:
        _insist(lambda: self._record(mail, State.FAILED, outcome, detail, reason=detail[:300], **stored))

    def _broken(self, mail: OutgoingMail, error: Exception) -> None:
        """Fails this mail alone, unless it is the database that is gone."""
        if isinstance(error, SoftTimeLimitExceeded):
            raise error
        if isinstance(error, OperationalError | InterfaceError):
            if not _database_is_there():
                raise error
            self._try_again(mail, Severity.QUICK, one_line(f"{type(error).__name__}: {error}"))  # a deadlock
            return
        detail = type(error).__name__
        if mail.is_secret:
            # What an exception says may hold the secret ("no reverse for reset with arguments …").
            logger.error("mail %d could not be written: %s\n%s", mail.pk, detail, _where(error))
        else:
            logger.error("mail %d could not be written", mail.pk, exc_info=error)
            detail = one_line(f"{detail}: {error}")
        self._fail(mail, Outcome.BROKEN, detail)

    def _record(
        self, mail: OutgoingMail, state: State, outcome: Outcome, detail: str, **changes: Any
    ) -> None:
        changes["lease_until"] = None
        if self.begun != mail.pk:
            changes["attempt_count"] = F("attempt_count") + 1
        with transaction.atomic():
            # After the sweep took it back as uncertain it is still ours until another worker claims it.
            states = (State.CLAIMED, State.HANDING_OVER, State.UNCERTAIN)
            changed = self._ours([mail.pk], *states).update(state=state, **changes)
            if not changed:
                detail = f"{detail} (by a worker that had lost its claim)"
                logger.warning("mail %d: %s %s", mail.pk, outcome, detail)
            MailAttempt.objects.create(mail=mail, at=Now(), outcome=outcome, detail=detail[:500])
            if changed and state == State.FAILED:
                _tell_of_failure(mail)


def render(mail: OutgoingMail) -> Rendered:
    """What `mail` says, in its recipient's language and time zone. Raises what its kind's `render` raises."""
    kind: MailKind = kind_of(mail)
    zone: dt.tzinfo = mail.recipient.zone() if mail.recipient else dt.UTC
    with translation.override(mail.language), timezone.override(zone):
        return kind.render(mail)


def _lease() -> Any:
    return Now() + dt.timedelta(seconds=settings.MAIL_LEASE_SECONDS)


def _next_try(mail: OutgoingMail, severity: Severity, detail: str) -> tuple[State, dict[str, Any]]:
    """The state after a try that came to nothing, and what changes with it."""
    now = database_time()
    next_try = now + pause(severity, mail.attempt_count)
    give_up_at = mail.give_up_at
    if give_up_at is None:
        first = mail.attempts.aggregate(at=Min("at"))["at"] or now
        give_up_at = first + GIVE_UP_AFTER
    if next_try > give_up_at:
        return State.FAILED, {"reason": detail[:300]}
    state = State.UNCERTAIN if severity is Severity.UNCERTAIN else State.QUEUED
    return state, {"reason": detail[:300], "due_at": next_try}


def _take_back(mail: OutgoingMail, severity: Severity, outcome: Outcome, detail: str) -> None:
    state, changes = _next_try(mail, severity, detail)
    OutgoingMail.objects.filter(pk=mail.pk).update(state=state, lease_until=None, **changes)
    MailAttempt.objects.create(mail=mail, at=Now(), outcome=outcome, detail=detail)
    if state == State.FAILED:
        _tell_of_failure(mail)


def _tell_of_failure(mail: OutgoingMail) -> None:
    events.record("mail.failed", is_internal=True, mail=mail.pk, mail_kind=mail.kind)


def _database_is_there() -> bool:
    try:
        return connection.is_usable()
    except Exception:
        return False


def _insist(record: Callable[[], None]) -> None:
    """Records what the mail server said, through some 20 seconds in which the database is away."""
    for wait in (0.1, 0.4, 1.5, 5, 15):
        try:
            record()
            return
        except (OperationalError, InterfaceError):
            if connection.in_atomic_block:
                raise
            connection.close()
            time.sleep(wait)
    record()


def _where(error: Exception) -> str:
    return "".join(traceback.format_tb(error.__traceback__))


@contextlib.contextmanager
def _told_to_stop() -> Iterator[Callable[[], bool]]:
    """Within, SIGTERM and SIGINT only make the function it gives true; they take effect at the end.

    So a worker that is told to end finishes the mail in hand, and none is left uncertain. A second signal acts
    at once. Outside the main thread signals are none of ours, and it is never true.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    received: list[int] = []
    before: dict[int, Any] = {}

    def note(number: int, frame: Any) -> None:
        if received:
            signal.signal(number, before[number])
            os.kill(os.getpid(), number)
        received.append(number)

    for number in (int(signal.SIGTERM), int(signal.SIGINT)):
        if signal.getsignal(number) not in {signal.SIG_IGN, None}:
            before[number] = signal.signal(number, note)
    try:
        yield lambda: bool(received)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if received:
            os.kill(os.getpid(), received[0])

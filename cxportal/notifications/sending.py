"""Sends what is due: claim, check, render, hand over, record. docs/reliability.md has the whole way of a mail."""

from __future__ import annotations

import datetime as dt
import logging
import time
import traceback
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction
from django.db.models.functions import Now
from django.utils import timezone, translation
from django.utils.translation import gettext_noop

from cxportal.lib.sharing import sharing
from cxportal.lib.stopping import told_to_stop
from cxportal.notifications.claims import TOO_LATE, Claims, database_time
from cxportal.notifications.mail import Rendered, kind_of, one_line
from cxportal.notifications.message import Letter, headers_of
from cxportal.notifications.models import MailAttempt, OutgoingMail
from cxportal.notifications.outlet import NotOurs, NotSent, Outlet, Unclear, open_outlet
from cxportal.notifications.retry import Severity
from cxportal.notifications.sweeping import next_try, sweep_leases, tell_of_failure

__all__ = ["render", "send_due", "sweep_leases"]

logger = logging.getLogger(__name__)

BATCH = 50
CHECK_HOLDS_SECONDS = 1  # whether the recipient may get it is asked again when the mail before took longer
T = TypeVar("T")
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
    with told_to_stop() as stopping, sharing():

        def enough() -> bool:
            return stopping() or run.is_blocked or time.monotonic() >= ends_at

        try:
            left = limit
            while not enough():
                size = BATCH if left is None else min(BATCH, left)
                batch = run.claims.take(now, size, but=run.tried) if size > 0 else []
                if not batch:
                    break
                if left is not None:
                    left -= len(batch)
                run.send(batch, enough)
        finally:
            run.outlet.close()
    return run.sent


def render(mail: OutgoingMail) -> Rendered:
    """What `mail` says, in its recipient's language and time zone. Raises what its kind's `render` raises."""
    zone: dt.tzinfo = mail.recipient.zone() if mail.recipient else dt.UTC
    with translation.override(mail.language), timezone.override(zone):
        return kind_of(mail).render(mail)


@dataclass(frozen=True)
class _Ready:
    """A mail that was checked and written."""

    mail: OutgoingMail
    letter: Letter
    checked_at: float  # time.monotonic()


class _Pass:
    """One run of `send_due`: its claims, and its connection to the mail server."""

    def __init__(self, now: dt.datetime | None) -> None:
        self.now = now
        self.claims = Claims()
        self.outlet: Outlet = open_outlet()
        self.sent = 0
        self.is_blocked = False  # the mail server cannot be reached
        # With `now` in the future a mail that is to be tried again in a minute is due already: not twice a pass.
        self.tried: list[int] = []
        self.ready: _Ready | None = None  # the next to go

    def send(self, batch: list[OutgoingMail], enough: Callable[[], bool]) -> None:
        """Sends the claimed mails one by one; gives back those it does not come to while its lease is fresh."""
        left = deque(batch)
        half_of_the_lease = time.monotonic() + settings.MAIL_LEASE_SECONDS / 2

        def out_of_time() -> bool:
            return enough() or time.monotonic() > half_of_the_lease

        def prepare_next() -> None:
            while self.ready is None and left and not out_of_time():
                self._prepare(left.popleft())

        while True:
            if self.ready and time.monotonic() - self.ready.checked_at > CHECK_HOLDS_SECONDS:
                self.ready.mail.refresh_from_db(fields=["recipient"])
                self._prepare(self.ready.mail)
            prepare_next()
            if out_of_time():
                self.claims.give_back([*([self.ready.mail] if self.ready else []), *left])
                self.ready = None
                return
            if self.ready is None:
                return
            ready, self.ready = self.ready, None
            self._send(ready, prepare_next)

    def _prepare(self, mail: OutgoingMail) -> None:
        """Checks and writes `mail`, which is then `self.ready`, unless it ends here."""
        self.ready = None
        if self.now is not None:
            self.tried.append(mail.pk)
        checked_at = time.monotonic()
        if not self._may_go(mail):
            return
        try:
            self.ready = _Ready(mail, self._letter(mail), checked_at)
        except Exception as error:
            self._broken(mail, error)

    def _may_go(self, mail: OutgoingMail) -> bool:
        """Asks once more whether the recipient may still get it. False when it ends here."""
        try:
            kind = kind_of(mail)
        except KeyError:
            # Queued by a newer version of the portal than this worker's, or by one that is no more.
            detail = gettext_noop("nothing here knows how to write a mail of this kind")
            self._try_again(mail, Severity.SLOW, detail)
            return False
        if mail.give_up_at and mail.give_up_at <= (self.now or database_time()):
            self._fail(mail, Outcome.PERMANENT, gettext_noop("too late: its time to be sent is over"))
            return False
        try:
            # In English whoever was served last: the administration says it in its reader's language.
            with transaction.atomic(), translation.override("en"):
                # The kind's own rows are locked first and the mail last, as where an action queues a mail.
                why_not = str(kind.why_not(mail))
                if why_not:
                    self._record(mail, State.SUPPRESSED, Outcome.SUPPRESSED, why_not, reason=why_not[:300])
        except Exception as error:
            self._broken(mail, error)
            return False
        return not why_not

    def _send(self, ready: _Ready, prepare_next: Callable[[], None]) -> None:
        mail = ready.mail
        kept = None if mail.is_secret else ready.letter
        trouble: list[Exception] = []

        def meanwhile() -> None:
            # The server is busy with this mail: time to write the next. What goes wrong there has to wait.
            try:
                prepare_next()
            except Exception as error:
                trouble.append(error)

        try:
            answer = self.outlet.hand_over(ready.letter, lambda: self.claims.mark(mail, kept), meanwhile)
        except NotOurs:
            logger.warning("mail %d was taken by another worker", mail.pk)
        except NotSent as refusal:
            self.is_blocked = refusal.stops
            if refusal.severity is Severity.PERMANENT:
                self._fail(mail, Outcome.PERMANENT, refusal.detail, kept)
            else:
                self._try_again(mail, refusal.severity, refusal.detail)
        except Unclear as unclear:
            self._try_again(mail, Severity.UNCERTAIN, unclear.detail)
        except Exception as error:
            if _is_about_the_database(error):
                raise
            self._broken(mail, error)
        else:
            self.sent += 1
            # The server has it, and only we know: a database away for a moment must not make it uncertain.
            if not _insist(lambda: self.claims.accept(mail, answer)):
                logger.warning("mail %d was sent %s", mail.pk, TOO_LATE)
        if trouble:
            raise trouble[0]

    def _letter(self, mail: OutgoingMail) -> Letter:
        """What goes out. A mail that may have arrived is sent again as it was, not as it would be now."""
        if mail.text and mail.headers and mail.attempts.filter(outcome=Outcome.UNCERTAIN).exists():
            return Letter(mail.headers, mail.text, mail.html)
        rendered = render(mail)
        return Letter(headers_of(mail, rendered), rendered.text, rendered.html)

    # What came of it, where it was not sent: one short transaction that changes the mail only if it is still ours.

    def _try_again(self, mail: OutgoingMail, severity: Severity, detail: str) -> None:
        outcome = Outcome.UNCERTAIN if severity is Severity.UNCERTAIN else Outcome.TEMPORARY

        def record() -> None:
            state, changes = next_try(mail, severity, detail)
            self._record(mail, state, outcome, detail, **changes)

        _insist(record)

    def _fail(self, mail: OutgoingMail, outcome: Outcome, detail: str, kept: Letter | None = None) -> None:
        changes: dict[str, Any] = {"reason": detail[:300]}
        if kept is not None:
            subject = kept.headers["Subject"][:300]
            changes |= {
                "subject": subject,
                "text": kept.text,
                "html": kept.html,
                "headers": dict(kept.headers),
            }
        _insist(lambda: self._record(mail, State.FAILED, outcome, detail, **changes))

    def _broken(self, mail: OutgoingMail, error: Exception) -> None:
        """Fails this mail alone, unless it is the database that is gone."""
        if isinstance(error, SoftTimeLimitExceeded):
            raise error
        if _is_about_the_database(error):
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
        with transaction.atomic():
            is_ours = self.claims.change(mail, state=state, **changes)
            if not is_ours:
                logger.warning("mail %d: %s: %s %s", mail.pk, outcome, detail, TOO_LATE)
            detail = detail[:500] if is_ours else f"{detail[:400]} {TOO_LATE}"
            MailAttempt.objects.create(mail=mail, at=Now(), outcome=outcome, detail=detail)
            if is_ours and state == State.FAILED:
                tell_of_failure(mail)


def _insist(record: Callable[[], T]) -> T:
    """Records what the mail server said, through some 20 seconds in which the database is away."""
    for wait in (0.1, 0.4, 1.5, 5, 15):
        try:
            return record()
        except (DatabaseError, InterfaceError) as error:
            if connection.in_atomic_block or not _is_about_the_database(error):
                raise
            connection.close()
            time.sleep(wait)
    return record()


def _is_about_the_database(error: Exception) -> bool:
    """It is no fault of this mail. A connection that ends without a word comes as the bare DatabaseError too."""
    return isinstance(error, OperationalError | InterfaceError) or type(error) is DatabaseError


def _database_is_there() -> bool:
    try:
        return connection.is_usable()
    except Exception:
        return False


def _where(error: Exception) -> str:
    return "".join(traceback.format_tb(error.__traceback__))

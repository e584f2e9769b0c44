"""What an administrator may do to mails."""

from __future__ import annotations

import logging
import uuid
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models.functions import Now
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from cxportal.lib.errors import ActionRefused
from cxportal.notifications.audit import write_down
from cxportal.notifications.events import record
from cxportal.notifications.mail import kind_of, queue
from cxportal.notifications.models import OutgoingMail
from cxportal.notifications.nudging import nudge_after_commit
from cxportal.notifications.retry import GIVE_UP_AFTER

if TYPE_CHECKING:
    from clients.models import User

logger = logging.getLogger(__name__)

State = OutgoingMail.State
STOPPED = gettext_noop("stopped by an administrator")
LOCKED_OUT = gettext_noop("may not sign in any more")
STOPPABLE = (State.QUEUED, State.UNCERTAIN, State.CLAIMED)


@transaction.atomic
def send_again(*, mail: OutgoingMail, by: User, reason: str = "") -> bool:
    """Has a mail that failed or was not sent tried once more, under the Message-ID it has.

    Whether its recipient may get it is checked as ever. False, and nothing changes, for a mail in any other state.
    """
    changed = OutgoingMail.objects.filter(pk=mail.pk, state__in=[State.FAILED, State.SUPPRESSED]).update(
        state=State.QUEUED, reason="", due_at=Now(), first_due_at=Now(), give_up_at=Now() + GIVE_UP_AFTER
    )
    if changed:
        _write_down("mail.sent_again", mail, by, reason)
        nudge_after_commit()
    return bool(changed)


@transaction.atomic
def send_copy(*, mail: OutgoingMail, by: User, key: uuid.UUID, reason: str = "") -> OutgoingMail | None:
    """Queues a mail that was sent once more, as a mail of its own: another Message-ID, to the address the person
    has now, written anew and only if they may still get it.

    The same `key` queues nothing a second time and gives None. Raises ActionRefused for a mail that was not sent,
    and for one that carries a secret: there a new one has to be made.
    """
    if mail.is_secret:
        raise ActionRefused(
            _("This mail carries a secret and is never sent twice. Have a new one made instead.")
        )
    if mail.state != State.SENT:
        raise ActionRefused(_("Only a mail that was sent can be copied."))
    copy = queue(
        kind_of(mail),
        key=f"copy:{mail.pk}:{key}",
        to=mail.recipient.email if mail.recipient else mail.to,
        recipient=mail.recipient,
        language=mail.language,
        **mail.data,
    )
    if copy is not None:
        _write_down("mail.copied", mail, by, reason, copy=copy.pk)
    return copy


@transaction.atomic
def stop(*, mail: OutgoingMail, by: User, reason: str = "") -> bool:
    """Keeps a mail from being sent. False, and nothing changes, when it is with the mail server already."""
    changed = OutgoingMail.objects.filter(pk=mail.pk, state__in=STOPPABLE).update(
        state=State.SUPPRESSED, reason=STOPPED, lease_until=None
    )
    if changed:
        _write_down("mail.stopped", mail, by, reason)
    return bool(changed)


def stop_mail_of(person: User) -> int:
    """Ends what still waits for a person who may not sign in any more, in the transaction that says so.

    Each kind is asked as it is before a mail is handed over, so that whoever stands in hears of it now. Returns how
    many mails were stopped. A mail that is with the mail server already is not among them.
    """
    stopped = 0
    mails = OutgoingMail.objects.filter(recipient=person, state__in=STOPPABLE).select_related("recipient")
    for mail in mails.order_by("pk"):
        reason = _reason_now(mail) or LOCKED_OUT
        stopped += OutgoingMail.objects.filter(pk=mail.pk, state__in=STOPPABLE).update(
            state=State.SUPPRESSED, reason=reason[:300], lease_until=None
        )
    return stopped


def _reason_now(mail: OutgoingMail) -> str:
    try:
        with transaction.atomic(), translation.override("en"):
            return str(kind_of(mail).why_not(mail))
    except Exception:
        # One mail that cannot be judged must not keep the door open.
        logger.exception("mail %d could not be asked why it is not sent", mail.pk)
        return ""


def _write_down(what: str, mail: OutgoingMail, by: User, reason: str, **data: Any) -> None:
    record(what, actor=by, is_internal=True, mail=mail.pk, mail_kind=mail.kind, **data)
    write_down(
        what,
        by=by,
        person=mail.recipient,
        thing=f"{mail.kind} → {mail.to}",
        reason=reason,
        mail=mail.pk,
        **data,
    )

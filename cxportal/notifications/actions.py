"""What an administrator may do to a mail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext_noop

from cxportal.notifications.events import record
from cxportal.notifications.models import OutgoingMail
from cxportal.notifications.nudging import nudge_after_commit
from cxportal.notifications.retry import GIVE_UP_AFTER

if TYPE_CHECKING:
    from clients.models import User

State = OutgoingMail.State
STOPPED = gettext_noop("stopped by an administrator")


@transaction.atomic
def send_again(*, mail: OutgoingMail, by: User) -> bool:
    """Has a mail that failed or was not sent tried once more, under the Message-ID it has.

    Whether its recipient may get it is checked as ever. False, and nothing changes, for a mail in any other state.
    """
    changed = OutgoingMail.objects.filter(pk=mail.pk, state__in=[State.FAILED, State.SUPPRESSED]).update(
        state=State.QUEUED, reason="", due_at=Now(), first_due_at=Now(), give_up_at=Now() + GIVE_UP_AFTER
    )
    if changed:
        record("mail.sent_again", actor=by, is_internal=True, mail=mail.pk, mail_kind=mail.kind)
        nudge_after_commit()
    return bool(changed)


@transaction.atomic
def stop(*, mail: OutgoingMail, by: User) -> bool:
    """Keeps a mail from being sent. False, and nothing changes, when it is with the mail server already."""
    changed = OutgoingMail.objects.filter(
        pk=mail.pk, state__in=[State.QUEUED, State.UNCERTAIN, State.CLAIMED]
    ).update(state=State.SUPPRESSED, reason=STOPPED, lease_until=None)
    if changed:
        record("mail.stopped", actor=by, is_internal=True, mail=mail.pk, mail_kind=mail.kind)
    return bool(changed)

"""Which worker has which mail, and for how long. Each change names the token of the claim.

A worker that lost its claim changes nothing any more; a worker that dies leaves a lease that runs out. What every
mail goes through is written as SQL here: with the ORM, writing the SQL took most of a worker's time.
"""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Collection
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from cxportal.notifications.message import Letter
from cxportal.notifications.models import OutgoingMail

State = OutgoingMail.State

_MARK = """
    UPDATE notifications_outgoingmail
       SET state = 'handing_over', lease_until = statement_timestamp() + %s * interval '1 second'
     WHERE id = %s AND token = %s AND state = 'claimed'
"""
_MARK_AND_KEEP = """
    UPDATE notifications_outgoingmail
       SET state = 'handing_over', lease_until = statement_timestamp() + %s * interval '1 second',
           subject = %s, text = %s, html = %s, headers = %s::jsonb
     WHERE id = %s AND token = %s AND state = 'claimed'
"""
# After the sweep took it back as uncertain a mail is still ours until another worker claims it.
_ACCEPT = """
    WITH ours AS (
        UPDATE notifications_outgoingmail
           SET state = 'sent', reason = '', sent_at = statement_timestamp(), lease_until = NULL,
               attempt_count = attempt_count + 1
         WHERE id = %(id)s AND token = %(token)s AND state IN ('claimed', 'handing_over', 'uncertain')
        RETURNING id
    )
    INSERT INTO notifications_mailattempt (mail_id, at, outcome, detail)
    SELECT %(id)s, statement_timestamp(), 'sent',
           CASE WHEN EXISTS (SELECT FROM ours) THEN %(answer)s ELSE %(answer_too_late)s END
    RETURNING EXISTS (SELECT FROM ours)
"""
TOO_LATE = "(by a worker that had lost its claim)"


def database_time() -> dt.datetime:
    """The database's clock, aware: the one that leases go by."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        now: dt.datetime = cursor.fetchone()[0]
    return now


class Claims:
    """The claims of one pass, under a token of its own."""

    def __init__(self) -> None:
        self.token = uuid.uuid4()

    def take(self, now: dt.datetime | None, size: int, *, but: Collection[int] = ()) -> list[OutgoingMail]:
        """Claims up to `size` mails that are due at `now` (None: by the database's clock), the longest due first."""
        with transaction.atomic():
            # Two statements on purpose: as one UPDATE with a subquery the planner may run the subquery again
            # for each row, and lock more than LIMIT says.
            due = OutgoingMail.objects.due(now or Now())
            if but:
                due = due.exclude(pk__in=but)
            mails = list(due.select_for_update(skip_locked=True).order_by("due_at", "pk")[:size])
            lease = Now() + dt.timedelta(seconds=settings.MAIL_LEASE_SECONDS)
            OutgoingMail.objects.filter(pk__in=[mail.pk for mail in mails]).update(
                state=State.CLAIMED, token=self.token, lease_until=lease
            )
        return mails

    def give_back(self, mails: Collection[OutgoingMail]) -> None:
        """Lets others have the mails this pass did not come to."""
        ours = OutgoingMail.objects.filter(
            pk__in=[mail.pk for mail in mails], token=self.token, state=State.CLAIMED
        )
        ours.update(state=State.QUEUED, lease_until=None)

    def mark(self, mail: OutgoingMail, letter: Letter | None) -> bool:
        """Says that `mail` is being handed over from now on, and keeps `letter`. False: not ours any more."""
        if letter is None:
            return self._execute(_MARK, [settings.MAIL_LEASE_SECONDS, mail.pk, self.token]) == 1
        kept = [letter.headers["Subject"][:300], letter.text, letter.html, json.dumps(dict(letter.headers))]
        return self._execute(_MARK_AND_KEEP, [settings.MAIL_LEASE_SECONDS, *kept, mail.pk, self.token]) == 1

    def accept(self, mail: OutgoingMail, answer: str) -> bool:
        """Records that the mail server took it. False: the mail is another worker's by now, but the try is noted."""
        values: dict[str, Any] = {
            "id": mail.pk,
            "token": self.token,
            "answer": answer[:500],
            "answer_too_late": f"{answer[:400]} {TOO_LATE}",
        }
        with connection.cursor() as cursor:
            cursor.execute(_ACCEPT, values)
            return bool(cursor.fetchone()[0])

    def change(self, mail: OutgoingMail, **changes: Any) -> bool:
        """Counts the try and ends the claim with what came of it. False: the mail is not ours any more."""
        ours = OutgoingMail.objects.filter(
            pk=mail.pk,
            token=self.token,
            state__in=[State.CLAIMED, State.HANDING_OVER, State.UNCERTAIN],
        )
        return ours.update(lease_until=None, attempt_count=F("attempt_count") + 1, **changes) == 1

    def _execute(self, sql: str, values: list[Any]) -> int:
        with connection.cursor() as cursor:
            cursor.execute(sql, values)
            return int(cursor.rowcount)

"""The one way out by mail: register a kind, queue a mail of it in the transaction of the change.

Nothing here talks SMTP; `cxportal.notifications.sending` does, in a worker, after commit.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import unicodedata
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Least, Now
from django.utils import timezone

from cxportal.notifications.models import OutgoingMail
from cxportal.notifications.nudging import nudge_after_commit


@dataclass(frozen=True)
class Rendered:
    """A mail ready to be handed over. `headers` come on top of those every mail of ours carries."""

    subject: str
    text: str
    html: str = ""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class MailKind:
    """What a kind of mail brings along.

    `render` is called in the recipient's language and time zone, outside any transaction.
    `why_not` is called inside a short transaction just before the mail is handed over; it may lock what it looks
    at, and returns the reason why the recipient must not get it any more, or "" when they still may. The reason
    is kept in English; the admin shows it in its reader's language where there is a translation.
    A kind that `is_secret` is rendered anew at each try; its text is never stored or shown.
    """

    name: str
    render: Callable[[OutgoingMail], Rendered]
    why_not: Callable[[OutgoingMail], str]
    is_secret: bool = False


@dataclass(frozen=True, kw_only=True)
class Draft:
    """One mail to one recipient, to be queued.

    `key` is what makes it this mail and no other; `recipient` the user, if `to` belongs to one; `data` what
    `render` needs, as ids and JSON values. `due_at` (aware) holds it back, without it the mail leaves at once.
    After `give_up_at` (aware) it is not tried any more; without one it is tried at least once, however late,
    and given up some days after the first try that failed.
    """

    key: str
    to: str
    recipient: Any = None
    language: str = ""
    due_at: dt.datetime | None = None
    give_up_at: dt.datetime | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


_kinds: dict[str, MailKind] = {}


def register(kind: MailKind) -> MailKind:
    """Makes a kind known; each app does this once, when it is ready."""
    _kinds[kind.name] = kind
    return kind


def kind_of(mail: OutgoingMail) -> MailKind:
    """Raises KeyError for a kind no app registered."""
    return _kinds[mail.kind]


def registered_kinds() -> list[str]:
    """The names of all kinds, in order."""
    return sorted(_kinds)


def one_line(text: str) -> str:
    """`text` on one line without control characters, as the value of a header: nothing in it starts another."""
    return " ".join("".join(" " if unicodedata.category(c)[0] == "C" else c for c in text).split())


def message_id_for(key: str) -> str:
    """The same Message-ID for the same key, always: the receiving side can tell a second copy."""
    digest = hashlib.sha256(key.encode()).hexdigest()[:40]
    return f"<{digest}@{urlsplit(settings.BASE_URL).hostname or 'localhost'}>"


def queue(
    kind: MailKind,
    *,
    key: str,
    to: str,
    recipient: Any = None,
    language: str = "",
    due_at: dt.datetime | None = None,
    give_up_at: dt.datetime | None = None,
    **data: Any,
) -> OutgoingMail | None:
    """Queues one mail to one recipient, once: a key that was queued before gives None and changes nothing.

    The arguments are those of `Draft`. Must run inside a transaction: raises TransactionManagementError otherwise.
    """
    draft = Draft(
        key=key,
        to=to,
        recipient=recipient,
        language=language,
        due_at=due_at,
        give_up_at=give_up_at,
        data=data,
    )
    return next(iter(queue_all(kind, [draft])), None)


def queue_all(kind: MailKind, drafts: Iterable[Draft]) -> list[OutgoingMail]:
    """Queues several mails in two queries and returns those that are new, in the order of `drafts`.

    Must run inside a transaction: raises TransactionManagementError otherwise.
    """
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError(f"{kind.name} was queued outside a transaction")
    now = timezone.now()
    # ON CONFLICT DO NOTHING does not tell which rows are new: those that carry this call's mark.
    mark = uuid.uuid4()
    rows = [
        OutgoingMail(
            kind=kind.name,
            dedupe_key=draft.key,
            message_id=message_id_for(draft.key),
            to=draft.to,
            recipient=draft.recipient,
            language=draft.language or getattr(draft.recipient, "language", "") or settings.LANGUAGE_CODE,
            data=dict(draft.data),
            is_secret=kind.is_secret,
            # The sweep compares with the database's clock: a clock of ours that is ahead must not hold mail back.
            due_at=draft.due_at or Least(now, Now()),
            first_due_at=draft.due_at or Least(now, Now()),
            give_up_at=draft.give_up_at,
            created_at=now,
            token=mark,
        )
        for draft in drafts
    ]
    if not rows:
        return []
    OutgoingMail.objects.bulk_create(rows, ignore_conflicts=True)
    new = list(
        OutgoingMail.objects.filter(dedupe_key__in=[row.dedupe_key for row in rows], token=mark).order_by(
            "pk"
        )
    )
    if any(mail.due_at <= now for mail in new):
        nudge_after_commit()
    return new

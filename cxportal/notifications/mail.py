"""The one way out by mail: register a kind, queue a mail of it in the transaction of the change.

Nothing here talks SMTP; `cxportal.notifications.sending` does, in a worker, after commit.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from cxportal.notifications.models import OutgoingMail

GIVE_UP_AFTER = dt.timedelta(days=2)


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
    at, and returns the reason why the recipient must not get it any more, or "" when they still may.
    """

    name: str
    render: Callable[[OutgoingMail], Rendered]
    why_not: Callable[[OutgoingMail], str]
    is_secret: bool = False


_kinds: dict[str, MailKind] = {}


def register(kind: MailKind) -> MailKind:
    """Makes a kind known; each app does this once, when it is ready."""
    _kinds[kind.name] = kind
    return kind


def kind_of(mail: OutgoingMail) -> MailKind:
    """Raises KeyError for a kind no app registered."""
    return _kinds[mail.kind]


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

    `recipient` is the user, if `to` belongs to one; `data` what `render` needs, as ids and JSON values.
    `due_at` (aware) holds it back; after `give_up_at` it is no longer tried. Must run inside a transaction:
    raises TransactionManagementError otherwise.
    """
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError(f"{kind.name} was queued outside a transaction")
    now = timezone.now()
    due = due_at or now
    created = OutgoingMail.objects.bulk_create(
        [
            OutgoingMail(
                kind=kind.name,
                dedupe_key=key,
                message_id=message_id_for(key),
                to=to,
                recipient=recipient,
                language=language or getattr(recipient, "language", "") or settings.LANGUAGE_CODE,
                data=data,
                is_secret=kind.is_secret,
                due_at=due,
                give_up_at=give_up_at or due + GIVE_UP_AFTER,
            )
        ],
        ignore_conflicts=True,
    )
    del created  # with ignore_conflicts Django cannot tell which rows were new: ask the database
    mail = OutgoingMail.objects.filter(dedupe_key=key, created_at__gte=now).first()
    return mail

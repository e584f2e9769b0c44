"""The record of what administrators did: who, what, when, on whom, why, and from which address.

Rows are written in the transaction of the change. The database refuses to change or delete them, whoever asks.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cxportal.notifications.models import AuditEntry

if TYPE_CHECKING:
    from clients.models import User

# What can stand in a row, in the words of its reader.
WHAT: dict[str, str | Promise] = {
    "person.locked_out": _("locked out"),
    "person.let_in": _("let in again"),
    "person.signed_out": _("signed out everywhere"),
    "person.password_set": _("password set"),
    "person.address_changed": _("address changed"),
    "person.handed_over": _("work handed over"),
    "client.switched_off": _("company switched off"),
    "client.switched_on": _("company switched on"),
    "mail.sent_again": _("mail sent again"),
    "mail.copied": _("copy of a mail sent"),
    "mail.stopped": _("mail stopped"),
    "clock.moved": _("due time moved"),
    "admin.added": _("added in the administration"),
    "admin.changed": _("changed in the administration"),
    "admin.deleted": _("deleted in the administration"),
}

_address: ContextVar[str | None] = ContextVar("address", default=None)


@contextmanager
def coming_from(address: str | None) -> Iterator[None]:
    """Rows written inside say that whoever acts came from this IP address, also those that a trigger writes."""
    token = _address.set(address)
    _tell_the_database(address)
    try:
        yield
    finally:
        _address.reset(token)
        _tell_the_database(None)


def _tell_the_database(address: str | None) -> None:
    # The setting lasts as long as the connection, which others use after us.
    with suppress(DatabaseError), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('cxportal.address', %s, false)", [address or ""])


def write_down(
    what: str,
    *,
    by: User | None,
    person: User | None = None,
    thing: object = "",
    reason: str = "",
    now: dt.datetime | None = None,
    **data: Any,
) -> AuditEntry:
    """One row: `by` did `what` (of WHAT) to `person`, or to `thing`, because of `reason`.

    Names are kept as they are now, `data` as JSON values. Must run inside the transaction of the change: raises
    TransactionManagementError otherwise.
    """
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError(f"{what} was written down outside a transaction")
    return AuditEntry.objects.create(
        what=what,
        at=now or timezone.now(),
        actor=by,
        actor_name=_name(by),
        person=person,
        person_name=_name(person),
        thing=str(thing)[:300],
        reason=reason[:500],
        address=_address.get(),
        data=data,
    )


def _name(user: User | None) -> str:
    return f"{user.name} <{user.email}>"[:300] if user is not None else ""

"""What is done to people's accounts."""

from __future__ import annotations

import datetime as dt
import uuid

from allauth.account.models import EmailAddress
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clients.errors import LockOutRefused
from clients.mails import ADDRESS_CHANGED, PASSWORD_CHANGED, PASSWORD_RESET
from clients.models import Client, User
from clients.tokens import revoke_all_tokens
from clients.ways_in import end_ways_in
from cxportal.notifications.actions import stop_mail_of
from cxportal.notifications.audit import write_down
from cxportal.notifications.events import record
from cxportal.notifications.mail import queue
from cxportal.notifications.models import OutgoingMail

# A link that comes later than this surprises more than it helps.
RESET_IS_WANTED_FOR = dt.timedelta(hours=12)


@transaction.atomic
def lock_out(*, user: User, by: User, reason: str = "") -> None:
    """`user` may not sign in any more, is signed out everywhere and gets no more mail; what they wrote stays.

    Locked out already: nothing changes. Raises LockOutRefused for oneself and for the last administrator, and
    PermissionDenied when `by` was locked out a moment ago.
    """
    _keep_an_admin(user, by=by)
    user.refresh_from_db(from_queryset=User.objects.select_for_update(no_key=True))
    if not user.is_active:
        return
    user.is_active = False
    user.save(update_fields=["is_active"])
    end_ways_in(user)
    record("person.locked_out", actor=by, is_internal=True, person=user.pk, reason=reason)
    stopped = stop_mail_of(user)
    write_down("person.locked_out", by=by, person=user, reason=reason, mails_stopped=stopped)


@transaction.atomic
def let_in(*, user: User, by: User, reason: str = "") -> None:
    """`user` may sign in again. They may already: nothing changes."""
    user.refresh_from_db(from_queryset=User.objects.select_for_update(no_key=True))
    if user.is_active:
        return
    user.is_active = True
    user.save(update_fields=["is_active"])
    record("person.let_in", actor=by, is_internal=True, person=user.pk)
    write_down("person.let_in", by=by, person=user, reason=reason)


@transaction.atomic
def sign_out(*, user: User, by: User, reason: str = "", except_session: str | None = None) -> int:
    """Ends every way in of `user`, who may sign in again at once. Returns how many there were."""
    ended = end_ways_in(user, except_session=except_session)
    write_down("person.signed_out", by=by, person=user, reason=reason, ended=ended)
    return ended


def require_another_admin(user: User) -> None:
    """Raises LockOutRefused when `user` is the only administrator who may sign in.

    Until the end of the transaction nobody else can stop being one: two who go at once do not both go.
    """
    admins = User.objects.active().admins().select_for_update(no_key=True).order_by("pk")
    if list(admins) == [user]:
        raise LockOutRefused(_("Somebody has to administer the portal: this is the last administrator."))


def _keep_an_admin(user: User, *, by: User) -> None:
    if user.pk == by.pk:
        raise LockOutRefused(_("You cannot lock yourself out. Ask another administrator."))
    require_another_admin(user)
    if not User.objects.active().filter(pk=by.pk).exists():
        raise PermissionDenied


@transaction.atomic
def switch_company(*, client: Client, on: bool, by: User) -> bool:
    """Off: the people of `client` see nothing of it. False, and nothing changes, where it is so already."""
    changed = Client.objects.filter(pk=client.pk, is_active=not on).update(is_active=on)
    if changed:
        what = "client.switched_on" if on else "client.switched_off"
        record(what, actor=by, client=client, is_internal=True)
        write_down(what, by=by, thing=client.name, client=client.pk)
    return bool(changed)


@transaction.atomic
def choose_language(*, user: User, language: str) -> None:
    """Pages and mails speak `language` to `user` from now on. Nobody else is told."""
    user.language = language
    user.save(update_fields=["language"])


@transaction.atomic
def change_preferences(*, user: User, name: str, language: str, time_zone: str) -> None:
    """How `user` is called, and in what language and zone the portal talks to them."""
    user.name = name
    user.language = language
    user.time_zone = time_zone
    user.save(update_fields=["name", "language", "time_zone"])


@transaction.atomic
def set_password(*, user: User, password: str) -> None:
    """Gives `user` a new password, which ends their tokens of the API; a mail tells them so."""
    user.set_password(password)
    user.save(update_fields=["password"])
    revoke_all_tokens(user=user)
    _tell_of_password(user, by=user)


@transaction.atomic
def password_was_set(*, user: User, by: User, except_session: str | None = None) -> None:
    """After `by`, an administrator, set or took away the password of `user`: a mail tells them, and whoever is
    signed in as them has to sign in again (but for the session with that key)."""
    ended = end_ways_in(user, except_session=except_session)
    _tell_of_password(user, by=by)
    write_down("person.password_set", by=by, person=user, ended=ended)


@transaction.atomic
def address_was_changed(*, user: User, old: str, by: User) -> None:
    """After `by`, an administrator, gave `user` another address: a mail to the `old` one says so.

    What waits for them goes to the new address, and with the old one nobody signs in any more.
    """
    # django-allauth keeps a list of its own, which would let the old address in.
    EmailAddress.objects.filter(user=user).delete()
    waiting = OutgoingMail.objects.filter(
        recipient=user, to__iexact=old, state__in=OutgoingMail.WAITING, is_secret=False
    )
    waiting.update(to=user.email)
    record("person.address_changed", actor=by, is_internal=True, person=user.pk)
    queue(
        ADDRESS_CHANGED,
        key=f"address-changed:{user.pk}:{uuid.uuid4()}",
        to=old,
        recipient=user,
        at=timezone.now().isoformat(),
        old=old,
    )
    write_down("person.address_changed", by=by, person=user, old=old, new=user.email)


def _tell_of_password(user: User, *, by: User) -> None:
    now = timezone.now()
    record("person.password_set", actor=by, is_internal=True, now=now, person=user.pk)
    queue(
        PASSWORD_CHANGED,
        key=f"password-changed:{user.pk}:{uuid.uuid4()}",
        to=user.email,
        recipient=user,
        at=now.isoformat(),
    )


@transaction.atomic
def request_password_reset(*, email: str, language: str, now: dt.datetime | None = None) -> None:
    """Somebody asks for a new password for `email`: a mail with a link goes there, if it is of one of us.

    Whether it is nobody here looks, so that nobody can tell it from what the request does or how long it takes.
    """
    now = now or timezone.now()
    queue(
        PASSWORD_RESET,
        key=f"password-reset:{uuid.uuid4()}",
        to=email,
        language=language,
        give_up_at=now + RESET_IS_WANTED_FOR,
    )

"""What is done to people's accounts."""

from __future__ import annotations

import datetime as dt
import uuid

from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone

from clients.mails import PASSWORD_CHANGED, PASSWORD_RESET
from clients.models import User
from clients.tokens import revoke_all_tokens
from cxportal.notifications.events import record
from cxportal.notifications.mail import queue

# A link that comes later than this surprises more than it helps.
RESET_IS_WANTED_FOR = dt.timedelta(hours=12)


def end_sessions(*, user: User, except_key: str | None = None) -> int:
    """Signs `user` out everywhere, but in the session `except_key`, and ends their tokens of the API.

    Returns how many sessions ended. Sessions do not know their person, so all running ones are looked at: seldom
    done, and never in a page.
    """
    revoke_all_tokens(user=user)
    ended = 0
    for session in Session.objects.filter(expire_date__gt=timezone.now()).iterator():
        if session.session_key != except_key and session.get_decoded().get("_auth_user_id") == str(user.pk):
            session.delete()
            ended += 1
    return ended


@transaction.atomic
def lock_out(*, user: User, by: User) -> None:
    """`user` may not sign in any more and is signed out everywhere; what they wrote stays."""
    user.is_active = False
    user.save(update_fields=["is_active"])
    end_sessions(user=user)
    record("person.locked_out", actor=by, is_internal=True, person=user.pk)


@transaction.atomic
def let_in(*, user: User, by: User) -> None:
    """`user` may sign in again."""
    user.is_active = True
    user.save(update_fields=["is_active"])
    record("person.let_in", actor=by, is_internal=True, person=user.pk)


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
    now = timezone.now()
    user.set_password(password)
    user.save(update_fields=["password"])
    revoke_all_tokens(user=user)
    record("person.password_set", actor=user, is_internal=True, now=now)
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

"""What is done to people's accounts."""

from __future__ import annotations

from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone

from clients.models import User
from cxportal.notifications.events import record


def end_sessions(*, user: User, except_key: str | None = None) -> int:
    """Signs `user` out everywhere, but in the session `except_key`. Returns how many sessions ended.

    Sessions do not know their person, so all running ones are looked at: seldom done, and never in a page.
    """
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

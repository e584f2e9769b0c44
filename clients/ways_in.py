"""All ways into the portal that stay open once a person has signed in: sessions here, and what others bring.

Whoever lets people in by something else (a token) registers the function that ends it.
"""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.sessions.models import Session
from django.utils import timezone

from clients.models import User

EndWaysIn = Callable[[User, str | None], int]
_ends: list[EndWaysIn] = []


def ends_ways_in(function: EndWaysIn) -> EndWaysIn:
    """Decorator for a function that ends all of a person's ways in of one sort, and returns how many there were.

    It is called inside the transaction of the change with the person and the key of the one session that is to go
    on, if any.
    """
    if function not in _ends:
        _ends.append(function)
    return function


def end_ways_in(user: User, *, except_session: str | None = None) -> int:
    """Signs `user` out everywhere, but in the session with that key. Returns how many ways in ended."""
    return sum(end(user, except_session) for end in _ends)


def session_keys_of(user: User) -> list[str]:
    """The running sessions of `user`.

    Sessions do not know their person, so all running ones are looked at: seldom done, and never in a page that
    people open every day.
    """
    wanted = str(user.pk)
    return [
        session.session_key
        for session in Session.objects.filter(expire_date__gt=timezone.now()).iterator()
        if session.get_decoded().get("_auth_user_id") == wanted
    ]


@ends_ways_in
def end_sessions(user: User, except_session: str | None) -> int:
    keys = [key for key in session_keys_of(user) if key != except_session]
    ended, _of_each = Session.objects.filter(pk__in=keys).delete()
    return ended

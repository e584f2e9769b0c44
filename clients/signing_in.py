"""Signing in by email and password without a page: with the limits of the page, and telling as little."""

from __future__ import annotations

from allauth.account.adapter import get_adapter
from allauth.core.internal import ratelimit
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from clients.models import User


class TooManyAttempts(Exception):
    """From this address, or for this account, whether there is one or not."""


def person_by_password(request: HttpRequest, *, email: str, password: str) -> User | None:
    """Who signs in with these; None for a wrong password, nobody's address and someone locked out, alike.

    Counts in the same buckets as the sign-in page, and costs one password hash in every case. When a second
    factor comes, people who have one must be refused here: see docs/adr/0009-api-tokens.md.
    Raises TooManyAttempts.
    """
    if not ratelimit.consume(request, app="allauth.account", action="login"):
        raise TooManyAttempts
    try:
        user = get_adapter(request).authenticate(request, email=email, password=password)
    except ValidationError as error:
        raise TooManyAttempts from error
    return user if user is not None and user.is_active else None

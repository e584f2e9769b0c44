"""The request our views get: signed in, and aware of htmx."""

from __future__ import annotations

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from clients.models import User


class PersonRequest(HttpRequest):
    """For type checkers only: a request of someone who is signed in."""

    user: User
    htmx: HtmxDetails

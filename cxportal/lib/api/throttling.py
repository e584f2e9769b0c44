"""How much one person, or one address that did not sign in, may ask. Counted in the cache, as sign-ins are.

Rates come from settings.API_RATES. While Redis is away each process counts for itself (cxportal.lib.cache).
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle


class _ByRate(SimpleRateThrottle):
    def get_rate(self) -> str:
        return str(settings.API_RATES[self.scope])


class PersonThrottle(_ByRate):
    """All tokens and sessions of a person together: more tokens give nobody more."""

    scope = "person"

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        return f"api-throttle:{request.user.pk}" if request.user.is_authenticated else None


class AddressThrottle(_ByRate):
    scope = "address"

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        return None if request.user.is_authenticated else f"api-throttle:{self.get_ident(request)}"

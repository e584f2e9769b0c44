"""Sets the reader's language and time zone for the request."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation


class PersonMiddleware:
    """Signed in: the person's own language and zone. Otherwise the browser's language, and UTC.

    Pages for signed-in people carry personal data and are never kept by a cache on the way.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.user.is_authenticated:
            timezone.deactivate()
            return self.get_response(request)
        translation.activate(request.user.language)
        request.LANGUAGE_CODE = request.user.language
        with timezone.override(request.user.zone()):
            response = self.get_response(request)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response

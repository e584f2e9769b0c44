"""What every answer of the portal gets: its remaining safety headers, and what htmx needs to follow along."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib.messages import get_messages
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.template.loader import render_to_string
from django_htmx.http import HttpResponseClientRedirect

from cxportal.lib.storing import StorageAway
from cxportal.portal.views.errors import storage_away

Answer = Callable[[HttpRequest], HttpResponse]

PERMISSIONS_POLICY = "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()"


class SafetyHeadersMiddleware:
    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        return response


class StorageAwayMiddleware:
    """A file that cannot be had just now is no error of ours: a page says so."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return storage_away(request) if isinstance(exception, StorageAway) else None


class MonitorMiddleware:
    """Answers monitors without looking who asks: a session would need the database, which may be what is away."""

    PATHS = ("/healthz", "/readyz")

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path in self.PATHS:
            request.COOKIES = {}
        return self.get_response(request)


class CharsetMiddleware:
    """What is not UTF-8 is refused with 400 before anything reads it.

    Python knows codecs that fail, that are none for text, and that give halves of surrogate pairs; the charset of a
    request is whatever its sender writes.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Django sets it from the request's Content-Type, where it knows a codec of that name.
        if request.encoding and codecs.lookup(request.encoding).name not in {"utf-8", "ascii"}:
            raise BadRequest("not in UTF-8")
        return self.get_response(request)


class FragmentMiddleware:
    """For requests by htmx: a lapsed session leads the whole page to the login, and toasts come with the fragment."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not request.htmx:  # type: ignore[attr-defined]
            return response
        login_url = resolve_url(settings.LOGIN_URL)
        if response.status_code == 302 and urlsplit(response["Location"]).path == login_url:
            return _to_login(request, login_url)
        if _takes_toasts(response) and get_messages(request):
            toasts = render_to_string(
                "_toasts.html", {"messages": get_messages(request), "toasts_oob": True}, request
            )
            response.content += toasts.encode()
        return response


def _to_login(request: HttpRequest, login_url: str) -> HttpResponse:
    """To the login, and from there back to the page one was on, not to the fragment that was asked for."""
    page = request.htmx.current_url_abs_path or "/"  # type: ignore[attr-defined]
    return HttpResponseClientRedirect(f"{login_url}?{urlencode({'next': page})}")


def _takes_toasts(response: HttpResponse) -> bool:
    html = response.headers.get("Content-Type", "").startswith("text/html")
    leaves = any(header in response.headers for header in ("HX-Redirect", "HX-Refresh", "HX-Location"))
    swapped = response.status_code in {200, 201, 409, 422}
    return html and swapped and not leaves and not response.streaming

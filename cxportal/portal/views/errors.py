"""What people see when something is not there, not allowed or broken: what happened, and what they can do."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from cxportal.lib.api.problems import API_PREFIX, problem_response
from cxportal.lib.logs import request_id

TOO_MUCH = (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent)


def _page(request: HttpRequest, status: int) -> HttpResponse:
    if request.path.startswith(API_PREFIX):
        return problem_response(request, status)
    return render(request, f"errors/{status}.html", {"status": status}, status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, TOO_MUCH):
        return _page(request, 413)
    return _page(request, 400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(request, 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The same page, whatever the reason: unknown, foreign and hidden things cannot be told apart."""
    return _page(request, 404)


def too_many_requests(request: HttpRequest) -> HttpResponse:
    response = _page(request, 429)
    response.headers["Retry-After"] = "60"
    return response


def storage_away(request: HttpRequest) -> HttpResponse:
    response = _page(request, 503)
    response.headers["Retry-After"] = "30"
    return response


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    if request.path.startswith(API_PREFIX):
        return problem_response(request, 403)
    return render(request, "errors/csrf.html", {"status": 403}, status=403)


def server_error(request: HttpRequest) -> HttpResponse:
    """Asks nothing of database, cache or session: one of them may be what is broken."""
    if request.path.startswith(API_PREFIX):
        return problem_response(request, 500)
    context: dict[str, Any] = {
        "csp_nonce": getattr(request, "csp_nonce", ""),
        "request_id": request_id.get(),
    }
    try:
        return HttpResponse(render_to_string("errors/500.html", context), status=500)
    except Exception:  # the page itself is broken: better these words than none
        text = _("Something broke on our side. We were told. Please try again in a few minutes.")
        return HttpResponse(text, status=500, content_type="text/plain; charset=utf-8")

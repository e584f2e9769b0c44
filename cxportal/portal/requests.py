"""Every request has an id, and one line in the log. Both tell what was done, not by whom in words, nor to what."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from cxportal.lib.logs import acceptable_id, request_id, route_of

logger = logging.getLogger("cxportal.request")

HEADER = "X-Request-ID"
QUIET = ("healthz", "readyz")  # asked every few seconds


class RequestMiddleware:
    """The outermost: what the others answer by themselves is told as well."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.monotonic()
        token = request_id.set(id_of(request))
        try:
            response = self.get_response(request)
            response.headers[HEADER] = request_id.get()
            self._tell(request, response, round((time.monotonic() - started) * 1000))
            return response
        finally:
            request_id.reset(token)

    def _tell(self, request: HttpRequest, response: HttpResponse, ms: int) -> None:
        route = route_of(request)
        static = route == "-" and request.path.startswith(settings.STATIC_URL)
        # Only where somebody asked already who it is: a line in the log is worth no query.
        user = getattr(getattr(request, "_cached_user", None), "pk", None)
        logger.log(
            logging.DEBUG if static or route in QUIET else logging.INFO,
            "%s %s %d",
            request.method,
            "static" if static else route,
            response.status_code,
            extra={"method": request.method, "route": route, "status": response.status_code, "ms": ms}
            | ({"user": user} if user else {}),
        )


def id_of(request: HttpRequest) -> str:
    """The proxy's id, where a proxy is trusted and what it sends looks like one; else a new one."""
    given = request.headers.get(HEADER, "")
    return given if settings.BEHIND_PROXY and acceptable_id(given) else uuid.uuid4().hex

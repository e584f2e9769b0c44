"""Whether the portal runs, for monitors and for script/server."""

from __future__ import annotations

import logging

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import translation
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from cxportal.portal.health.checks import look

logger = logging.getLogger(__name__)


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The web process is up. Looks at nothing else, and so answers while the database does not."""
    return HttpResponse("ok\n", content_type="text/plain")


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Whether everything that is needed works: 200, or 503. Reasons for whoever has MONITOR_TOKEN, and in the log."""
    with translation.override("en"):
        checks = look()
    failing = [check for check in checks if not check.is_ok]
    if failing:
        logger.warning("not ready: %s", "; ".join(f"{check.name}: {check.reason}" for check in failing))
    words: dict[str, object] = {check.name: "ok" if check.is_ok else "failing" for check in checks}
    if _may_know_why(request):
        words = {
            check.name: {"state": "ok" if check.is_ok else "failing", "reason": check.reason}
            for check in checks
        }
    answer = JsonResponse(
        {"status": "failing" if failing else "ok", "checks": words}, status=503 if failing else 200
    )
    answer._has_been_logged = True  # type: ignore[attr-defined]  # Django need not say so once more
    return answer


def _may_know_why(request: HttpRequest) -> bool:
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    return bool(settings.MONITOR_TOKEN) and constant_time_compare(given, settings.MONITOR_TOKEN)

"""Whether the portal runs, for monitors and for script/server."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The web process is up. Looks at nothing else, and so answers while the database does not."""
    return HttpResponse("ok\n", content_type="text/plain")

"""The API described for people, from the same description that programs get."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from cxportal.portal.api.description import operations, things


@require_safe
def api_reference(request: HttpRequest) -> HttpResponse:
    """Public: it tells nothing of anyone."""
    context = {"tags": operations(), "things": things(), "base_url": settings.BASE_URL}
    return render(request, "portal/api_reference.html", context)

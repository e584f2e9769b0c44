"""What every page's frame needs."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from clients.views.appearance import theme_of

_SECTIONS = (("/projects/", "projects"), ("/questions/", "questions"))


def page(request: HttpRequest) -> dict[str, Any]:
    """The installation's name, the reader's theme ("" follows the device), where in the navigation we are,
    and the nonce that this answer's policy will name if a template asks for it."""
    section = "home" if request.path == "/" else ""
    for prefix, name in _SECTIONS:
        if request.path.startswith(prefix):
            section = name
    return {
        "company_name": settings.COMPANY_NAME,
        "csp_nonce": getattr(request, "csp_nonce", ""),
        "page_section": section,
        "page_theme": theme_of(request),
    }

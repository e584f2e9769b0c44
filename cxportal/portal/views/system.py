"""The page *System* of the administration."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from cxportal.portal.health.system import system


@never_cache
@require_safe
def system_page(request: HttpRequest) -> HttpResponse:
    """How the installation is. Reached through the admin site, which lets administrators in and nobody else."""
    context = {**admin.site.each_context(request), "title": _("System"), "system": system()}
    return TemplateResponse(request, "admin/system.html", context)

"""The page *System* of the administration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from cxportal.portal.health.system import system

if TYPE_CHECKING:
    from django.contrib.admin import AdminSite


@never_cache
@require_safe
def system_page(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """How the installation is. Reached through the admin site, which lets administrators in and nobody else."""
    context = {**site.each_context(request), "title": _("System"), "system": system()}
    return TemplateResponse(request, "admin/system.html", context)

"""Django's admin, in our installation: the portal's own login with its throttling, and a policy for its scripts.

The admin brings scripts without nonces. They are allowed from the folder of static files only, so a file that
somebody uploaded can never run, although it comes from the same host.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from allauth.account.decorators import secure_admin_login
from csp.constants import SELF
from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponseBase
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils.translation import gettext_lazy as _


class PortalAdminSite(admin.AdminSite):
    site_header = _("Administration")
    site_title = _("Administration")
    index_title = _("What this installation holds")
    login = secure_admin_login(admin.AdminSite.login)

    def get_urls(self) -> list[URLResolver | URLPattern]:
        from cxportal.portal.views.system import (
            system_page,  # needs the models, which are not there yet above
        )

        return [
            path("system/", self.admin_view(system_page), {"site": self}, name="system"),
            *super().get_urls(),
        ]

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Any:
        inner = super().admin_view(view, cacheable)

        def with_policy(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            response: HttpResponseBase = inner(request, *args, **kwargs)
            if not hasattr(response, "_csp_replace"):
                static = request.build_absolute_uri(settings.STATIC_URL)
                response._csp_replace = {  # type: ignore[attr-defined]
                    "script-src": [static, request.build_absolute_uri(reverse("admin:jsi18n"))],
                    "style-src": [static, "'unsafe-inline'"],
                    "img-src": [SELF, "data:"],
                }
            return response

        return with_policy

"""Django's admin, in our installation: the portal's own login with its throttling, and a policy for its scripts.

The admin brings scripts without nonces. They are allowed from the folder of static files only, so a file that
somebody uploaded can never run, although it comes from the same host.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from allauth.account.decorators import secure_admin_login
from csp.constants import SELF
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteMixin
from django.core.exceptions import BadRequest, ValidationError
from django.http import HttpRequest, HttpResponseBase, QueryDict
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from cxportal.lib.text import storable

_TOO_LARGE = re.compile(r"[0-9]{19,}")  # no year, and no id that a row could have


def require_readable(query: QueryDict) -> None:
    """400 for an address with what Django's lists hand on to the database unseen: NUL, and numbers beyond it."""
    for name, values in query.lists():
        if any(storable(text) != text or _TOO_LARGE.search(text) for text in (name, *values)):
            raise BadRequest("no text, or no number")


def _known_choices(widget: AutocompleteMixin, name: str, value: list[str], attrs: Any = None) -> Any:
    """The choices of a field that completes what is typed, without values that can be nobody's id.

    Django asks the database for them as they are when it shows a refused form again, and fails.
    """
    to_python = widget.choices.queryset.model._meta.pk.to_python
    return _choices(widget, name, [one for one in value if _becomes(to_python, one)], attrs)


def _becomes(to_python: Callable[[Any], Any], value: str) -> bool:
    try:
        to_python(value)
    except ValidationError:
        return False
    return True


_choices = AutocompleteMixin.optgroups
AutocompleteMixin.optgroups = _known_choices  # type: ignore[method-assign, assignment]


class PortalAdminSite(admin.AdminSite):
    site_header = _("Administration")
    site_title = _("Administration")
    index_title = _("What this installation holds")
    login = secure_admin_login(admin.AdminSite.login)

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Any:
        inner = super().admin_view(view, cacheable)

        def with_policy(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            require_readable(request.GET)
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

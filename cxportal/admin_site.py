"""Django's admin, in our installation: the portal's own login with its throttling, and a policy for its scripts.

The admin brings scripts without nonces. They are allowed from the folder of static files only, so a file that
somebody uploaded can never run, although it comes from the same host.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.decorators import secure_admin_login
from csp.constants import SELF
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteMixin
from django.core.exceptions import BadRequest, ImproperlyConfigured, PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponseBase, QueryDict
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _

from cxportal.lib.text import storable
from cxportal.notifications import audit

# They come with Django and django-allauth and mean nothing here: rights follow from roles, a person has one address.
NOT_SHOWN = {"auth.Group", "account.EmailAddress"}
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

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        self._pages: list[tuple[str, Callable[..., HttpResponseBase], str]] = []

    def add_page(self, route: str, view: Callable[..., HttpResponseBase], name: str) -> None:
        """A page of the administration beside those of its models, at /admin/<route>: administrators only."""
        self._pages.append((route, view, name))

    def get_urls(self) -> list[Any]:
        pages: list[URLPattern] = [
            path(route, self.admin_view(view), name=name) for route, view, name in self._pages
        ]
        return [*pages, *super().get_urls()]

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        models = model_or_iterable if isinstance(model_or_iterable, list | tuple) else [model_or_iterable]
        shown = [model for model in models if model._meta.label not in NOT_SHOWN]
        super().register(shown, admin_class, **options)

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Any:
        inner = super().admin_view(view, cacheable)

        def with_policy(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            require_readable(request.GET)
            if request.method in {"GET", "HEAD"}:  # writes nothing
                response: HttpResponseBase = inner(request, *args, **kwargs)
            else:
                with audit.coming_from(_address_of(request)):
                    response = inner(request, *args, **kwargs)
            if not hasattr(response, "_csp_replace"):
                static = request.build_absolute_uri(settings.STATIC_URL)
                response._csp_replace = {  # type: ignore[attr-defined]
                    "script-src": [static, request.build_absolute_uri(reverse("admin:jsi18n"))],
                    "style-src": [static, "'unsafe-inline'"],
                    "img-src": [SELF, "data:"],
                }
            return response

        return with_policy


def _address_of(request: HttpRequest) -> str | None:
    """Where the request comes from, as the throttling of sign-ins sees it."""
    try:
        return str(get_adapter().get_client_ip(request))
    except (PermissionDenied, ImproperlyConfigured):
        return None

"""Who asks: a program with a personal token, or a page of ours with its session."""

from __future__ import annotations

import re
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from clients.models import ApiToken, User
from clients.tokens import use_token

_BEARER = re.compile(r"bearer +([A-Za-z0-9_-]+) *", re.IGNORECASE)


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer cxp_…`. `request.auth` is the token."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        header = request.META.get("HTTP_AUTHORIZATION", "")
        if not header:
            return None
        found = _BEARER.fullmatch(header)
        token = use_token(found.group(1)) if found else None
        if token is None:
            raise AuthenticationFailed
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


class PortalSessionAuthentication(SessionAuthentication):
    """The session of someone signed in to the pages; what changes something needs the CSRF token as well."""


class TokenScope(BasePermission):
    """A token that may only read changes nothing."""

    def has_permission(self, request: Request, view: Any) -> bool:
        token = request.auth
        if request.method in SAFE_METHODS or not isinstance(token, ApiToken) or token.may_write:
            return True
        raise PermissionDenied(_("This token may only read."))


class TokenScheme(OpenApiAuthenticationExtension):
    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer", "description": "A personal token: `cxp_…`."}


class SessionScheme(OpenApiAuthenticationExtension):
    target_class = PortalSessionAuthentication
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        from django.conf import settings

        return {
            "type": "apiKey",
            "in": "cookie",
            "name": settings.SESSION_COOKIE_NAME,
            "description": "Of pages on the same host; a POST needs `X-CSRFToken` too.",
        }

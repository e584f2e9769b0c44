"""Every error of the API is a problem after RFC 9457, `application/problem+json`.

`type` tells a program what happened, `title` and `detail` tell a person, in their language. `errors` has, by
field, what is wrong with what was sent. Unknown, foreign and hidden things answer with the same bytes, but for
`instance`, which repeats the path that was asked for.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.encoding import escape_uri_path
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions, status
from rest_framework.response import Response

from cxportal.lib.errors import ActionRefused

API_PREFIX = "/api/"
CONTENT_TYPE = "application/problem+json"
URN = "urn:cxportal:problem:"
RETRY_AFTER = 60  # seconds, where nothing better is known

# By status: the last word of the type, the title, and what to say where nobody said anything better.
KINDS: dict[int, tuple[str, Any, Any]] = {
    400: ("malformed", _("Cannot be read"), _("The body is not the JSON it should be.")),
    401: ("not-signed-in", _("Not signed in"), _("Sign in, or send a token that is valid.")),
    403: ("not-allowed", _("Not allowed"), _("You may see this, but not do that.")),
    404: ("not-found", _("Not found"), _("There is nothing here, or it is not for you to see.")),
    405: ("method-not-allowed", _("Method not allowed"), _("This address does not take that method.")),
    406: ("not-acceptable", _("Format not available"), _("Answers are application/json only.")),
    409: ("refused", _("Not possible now"), _("A rule does not allow this now. Nothing was changed.")),
    413: ("too-large", _("Too large"), _("The body is larger than the API takes.")),
    415: ("unsupported-media-type", _("Format not understood"), _("Send application/json.")),
    422: ("invalid", _("Please check what was sent"), _("Nothing was changed. See the errors by field.")),
    429: ("too-many-requests", _("Too many requests"), _("Wait a little, then try again.")),
    500: (
        "broken",
        _("Something broke"),
        _("Something broke on our side. Please try again in a few minutes."),
    ),
}
# Whose words come with what was asked: ours stay the same.
_SAID_BY_FRAMEWORK = (exceptions.MethodNotAllowed, exceptions.UnsupportedMediaType, exceptions.NotAcceptable)
WHOLE = "request"  # the name under which errors stand that are about no single field


class ContentTooLarge(exceptions.APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = KINDS[413][2]


class Invalid(exceptions.APIException):
    """422 with what is wrong, by field: `errors` maps names to lists of words."""

    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY

    def __init__(self, errors: Mapping[str, Any]) -> None:
        super().__init__(KINDS[422][2])
        self.errors = {name: [str(word) for word in words] for name, words in errors.items()}


def problem(
    code: int, path: str, *, detail: str = "", errors: Mapping[str, list[str]] | None = None
) -> dict[str, Any]:
    """The members of a problem, in the active language; a status nobody listed is told like 400 or 500."""
    kind, title, words = KINDS.get(code) or KINDS[500 if code >= 500 else 400]
    members = {
        "type": URN + kind,
        "title": str(title),
        "status": code,
        "detail": detail or str(words),
        "instance": escape_uri_path(path),
    }
    return members | {"errors": dict(errors)} if errors else members


def problem_response(request: HttpRequest, code: int) -> HttpResponse:
    """For errors that never reach a view of the API: an unknown address, a request that Django refuses."""
    body = json.dumps(problem(code, request.path), ensure_ascii=False, separators=(",", ":"))
    response = HttpResponse(body, status=code, content_type=CONTENT_TYPE)
    if code == 429:
        response.headers["Retry-After"] = str(RETRY_AFTER)
    response.headers["Cache-Control"] = "private, no-store"
    return response


def exception_handler(exc: Exception, context: Mapping[str, Any]) -> Response | None:
    """For Django REST framework: the answer to whatever a view raised; None for what nobody foresaw."""
    path = context["request"].path
    headers: dict[str, str] = {}
    if isinstance(exc, ActionRefused):
        field = getattr(exc, "field", "")
        if field:
            members = problem(422, path, errors={field: [str(exc.message)]})
        else:
            members = problem(409, path, detail=str(exc.message))
    elif isinstance(exc, Http404 | exceptions.NotFound):
        members = problem(404, path)
    elif isinstance(exc, PermissionDenied):
        members = problem(403, path)
    elif isinstance(exc, exceptions.ValidationError):
        members = problem(422, path, errors=_by_field(exc.detail))
    elif isinstance(exc, Invalid):
        members = problem(422, path, errors=exc.errors)
    elif isinstance(exc, exceptions.APIException):
        members, headers = _told(exc, path)
    else:
        return None
    return Response(members, status=members["status"], headers=headers, content_type=CONTENT_TYPE)


def _told(exc: exceptions.APIException, path: str) -> tuple[dict[str, Any], dict[str, str]]:
    headers = {}
    if challenge := getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    detail = ""
    if isinstance(exc, exceptions.Throttled):
        wait = max(1, math.ceil(exc.wait)) if exc.wait is not None else RETRY_AFTER
        headers["Retry-After"] = str(wait)
    elif exc.detail != exc.default_detail and not isinstance(exc, _SAID_BY_FRAMEWORK):
        detail = str(exc.detail)
    return problem(exc.status_code, path, detail=detail), headers


def _by_field(detail: Any, name: str = "") -> dict[str, list[str]]:
    """Errors of a serializer as names with words; those inside lists and dicts under "outer.inner"."""
    if isinstance(detail, Mapping):
        found: dict[str, list[str]] = {}
        for key, inner in detail.items():
            key = WHOLE if key == "non_field_errors" else str(key)
            found |= _by_field(inner, f"{name}.{key}" if name else key)
        return found
    if isinstance(detail, list | tuple):
        if all(isinstance(inner, str) for inner in detail):
            return {name or WHOLE: [str(inner) for inner in detail]}
        return _by_field(dict(enumerate(detail)), name)
    return {name or WHOLE: [str(detail)]}

"""Where the API begins, and its description for programs. Both tell nothing of anyone: they are public."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from cxportal.lib.api.views import ApiView
from cxportal.portal.api.description import description, description_as_json

AN_HOUR = "public, max-age=3600"


class _PublicView(ApiView):
    authentication_classes = ()
    permission_classes = (AllowAny,)


class IndexView(_PublicView):
    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        names = {"me": "api_me", "projects": "api_projects", "threads": "api_threads", "login": "api_login"}
        pages = {"schema": "api_schema", "reference": "api_reference"}
        links = {name: settings.BASE_URL + reverse(route) for name, route in (names | pages).items()}
        return Response({"version": description()["info"]["version"], **links})


class SchemaView(_PublicView):
    """OpenAPI 3.1, as JSON."""

    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponse:
        headers = {"Cache-Control": AN_HOUR}
        return HttpResponse(description_as_json(), content_type="application/json", headers=headers)

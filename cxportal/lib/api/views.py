"""The view all parts of the API extend."""

from __future__ import annotations

from typing import Any, TypeVar

from django.http import HttpRequest
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers
from rest_framework import serializers
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

S = TypeVar("S", bound=serializers.Serializer)


class ApiView(APIView):
    """Speaks the language of the person, counts also those who fail to sign in, and is never kept by a cache.

    A subclass has one method per HTTP method. HEAD comes with GET; OPTIONS is not answered.
    """

    http_method_names = ["get", "head", "post"]
    # An address without its last slash is unknown: a redirect would turn a POST into a GET.
    should_append_slash = False

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        view = super().as_view(**initkwargs)
        view.should_append_slash = False
        return view

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        with translation.override(translation.get_language()), timezone.override(None):
            response = super().dispatch(request, *args, **kwargs)
            response.headers["Content-Language"] = translation.get_language() or ""
            response.headers.setdefault("Cache-Control", "private, no-store")
            patch_vary_headers(response, ("Authorization", "Accept-Language"))
            return response.render() if isinstance(response, Response) else response

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Like the framework's, but the throttle comes before the rights: guessing tokens is counted as well."""
        self.format_kwarg = None
        try:
            self.perform_authentication(request)
        except APIException:
            self.check_throttles(request)
            raise
        if request.user.is_authenticated:
            translation.activate(request.user.language)
            timezone.activate(request.user.zone())
        request.accepted_renderer, request.accepted_media_type = self.perform_content_negotiation(request)
        self.check_throttles(request)
        self.check_permissions(request)


def valid(serializer: type[S], data: Any) -> dict[str, Any]:
    """What `serializer` makes of `data`; raises ValidationError, which answers 422."""
    bound = serializer(data=data)
    bound.is_valid(raise_exception=True)
    return dict(bound.validated_data)


def valid_query(serializer: type[S], request: Request) -> dict[str, Any]:
    """The same for the parameters of the address; of one that comes twice the last counts."""
    return valid(serializer, dict(request.query_params.items()))


def answer(serializer: type[S], value: Any, status: int = 200) -> Response:
    return Response(serializer(value).data, status=status)

"""Signing in and out, and who one is."""

from __future__ import annotations

from django.contrib.auth import logout as end_session
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import AuthenticationFailed, Throttled
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from clients.api.serializers import LoginIn, MeOut, NewTokenOut, TokenOut
from clients.models import ApiToken, Membership
from clients.signing_in import TooManyAttempts, person_by_password
from clients.tokens import make_token, revoke_token
from cxportal.lib.api.views import ApiView, answer, valid

TAG = ["Account"]


class LoginView(ApiView):
    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="login",
        tags=TAG,
        summary="Get a token for email and password",
        description=(
            "A wrong password, an unknown address and someone locked out get the same 401. Attempts are limited "
            "by address and by account, together with the sign-in page: 429 then, with `Retry-After`."
        ),
        request=LoginIn,
        responses={201: NewTokenOut},
    )
    def post(self, request: Request) -> Response:
        sent = valid(LoginIn, request.data)
        email, password = sent.pop("email"), sent.pop("password")
        try:
            user = person_by_password(request._request, email=email, password=password)
        except TooManyAttempts as error:
            raise Throttled from error
        if user is None:
            raise AuthenticationFailed(_("Email or password is wrong."))
        token, secret = make_token(user=user, **sent)
        return Response({**TokenOut(token).data, "token": secret}, status=201)

    def get_authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


class LogoutView(ApiView):
    # Also a token that may only read can be given back.
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="logout",
        tags=TAG,
        summary="Revoke the token one asks with",
        description="Takes no body. In a session it ends the session.",
        request=None,
        responses={204: None},
    )
    def post(self, request: Request) -> Response:
        if isinstance(request.auth, ApiToken):
            revoke_token(token=request.auth, by=request.user)
        else:
            end_session(request._request)
        return Response(status=204)


class MeView(ApiView):
    @extend_schema(operation_id="me", tags=TAG, summary="Who I am", responses=MeOut)
    def get(self, request: Request) -> Response:
        user = request.user
        memberships = Membership.objects.visible_to(user).in_force().filter(user=user)
        me = {
            "name": user.name,
            "email": user.email,
            "language": user.language,
            "time_zone": user.time_zone,
            "staff_role": user.staff_role or None,
            "memberships": memberships.select_related("client"),
            "token": request.auth if isinstance(request.auth, ApiToken) else None,
        }
        return answer(MeOut, me)

"""How people, companies and tokens read in the API."""

from __future__ import annotations

from rest_framework import serializers

from clients.models import ApiToken, Membership
from clients.tokens import LIFETIMES
from cxportal.lib.api.fields import Choice, Instant, Text, Whole


class LoginIn(serializers.Serializer):
    email = Text(max_length=254)
    password = Text(max_length=1000, trim_whitespace=False, style={"input_type": "password"})
    name = Text(max_length=80, required=False, default="API", help_text="By which you recognise the token.")
    scope = Choice(choices=ApiToken.Scope.choices, required=False, default=ApiToken.Scope.READ)
    days = Whole(
        min_value=1, max_value=max(LIFETIMES), required=False, default=30, help_text="After which it ends."
    )


class TokenOut(serializers.Serializer):
    """A token, without its secret."""

    name = serializers.CharField()
    prefix = serializers.CharField()
    scope = serializers.ChoiceField(choices=ApiToken.Scope.choices)
    created_at = Instant()
    expires_at = Instant()


class NewTokenOut(TokenOut):
    token = serializers.CharField(help_text="Shown this once. Send it as `Authorization: Bearer …`.")


class ClientOut(serializers.Serializer):
    id = serializers.IntegerField(source="pk")
    name = serializers.CharField()


class MembershipOut(serializers.Serializer):
    client = ClientOut()
    role = serializers.ChoiceField(choices=Membership.Role.choices)


class PersonOut(serializers.Serializer):
    """A person by name; `is_ours` tells our staff from the client's people."""

    name = serializers.CharField()
    is_ours = serializers.BooleanField(source="is_our_staff")


class MeOut(serializers.Serializer):
    name = serializers.CharField()
    email = serializers.EmailField()
    language = serializers.CharField()
    time_zone = serializers.CharField()
    staff_role = serializers.CharField(
        allow_null=True, help_text="specialist, manager or admin; null for people of a client."
    )
    memberships = MembershipOut(many=True, help_text="Companies of a client person; empty for our staff.")
    token = TokenOut(allow_null=True, help_text="With which you ask; null in a session.")

"""Doors to single rows of this app, and the rights that go with a role.

A getter answers 404 for what does not exist and for what `user` may not know of, alike. A `require_` function
answers 403: the person knows of the thing but has not the right.
"""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import Http404

from clients.models import ApiToken, Client, Membership, User


def get_client(user: User, pk: int) -> Client:
    client = Client.objects.visible_to(user).filter(pk=pk).first()
    if client is None:
        raise Http404
    return client


def get_api_token(user: User, pk: int) -> ApiToken:
    """A token of `user` themself."""
    token = ApiToken.objects.visible_to(user).filter(pk=pk).first()
    if token is None:
        raise Http404
    return token


def require_staff(user: User) -> None:
    """403 unless `user` is one of us."""
    if not user.is_our_staff:
        raise PermissionDenied


def require_manager(user: User) -> None:
    """403 unless `user` runs projects."""
    if not user.runs_projects:
        raise PermissionDenied


def role_in(user: User, client: Client) -> str:
    """The role of a contact in a company: "owner", "member", "viewer", or "" without membership."""
    membership = Membership.objects.in_force().filter(user=user, client=client).first()
    return membership.role if membership else ""


def may_write_to(user: User, client: Client) -> bool:
    """Whether `user` may write in conversations with `client`: staff, owners and members may, viewers only read."""
    return user.is_our_staff or role_in(user, client) in {Membership.Role.OWNER, Membership.Role.MEMBER}
